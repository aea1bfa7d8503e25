from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.engines.transfer1.engine import OFFLOAD
from cosmos_houdini.jobs.retry_policy import REMEDIES, Remedy, next_options
from cosmos_houdini.model.job import AttemptOptions, FailureClass, JobFailure

ASKED = {name: parameter.default for name, parameter in TRANSFER1_PARAMETERS.items()}


def after(
    failure: FailureClass, options: AttemptOptions, *, shared: bool = False, retryable: bool = True
) -> AttemptOptions | None:
    return next_options(
        JobFailure(failure=failure, message="", retryable=retryable),
        {**ASKED, **options.parameters},
        options,
        attempts=3,
        offload=OFFLOAD,
        shared=shared,
    )


def test_every_class_has_a_remedy():
    assert set(REMEDIES) == set(FailureClass)


def test_out_of_memory_is_answered_with_offload_and_then_with_a_gpu_of_its_own():
    second = after(FailureClass.OOM, AttemptOptions(), shared=True)
    assert second is not None
    assert second.parameters == {
        "offload_diffusion_transformer": True,
        "offload_text_encoder_model": True,
        "offload_prompt_upsampler": True,
    }
    assert (second.attempt_number, second.exclusive) == (2, False)
    third = after(FailureClass.OOM, second, shared=True)
    assert third is not None
    assert (third.attempt_number, third.exclusive, third.parameters) == (3, True, second.parameters)
    assert after(FailureClass.OOM, third, shared=True) is None


def test_out_of_memory_ends_where_nothing_is_left_to_save():
    assert after(FailureClass.OOM, AttemptOptions(parameters=OFFLOAD)) is None
    assert after(FailureClass.OOM, AttemptOptions(), retryable=False) is None


@pytest.mark.parametrize("failure", [name for name, remedy in REMEDIES.items() if remedy is Remedy.AGAIN])
def test_what_may_have_been_chance_is_tried_until_the_attempts_are_used_up(failure: FailureClass):
    options = AttemptOptions(parameters={"offload_text_encoder_model": True}, exclusive=True)
    for attempt_number in (2, 3):
        following = after(failure, options)
        assert following is not None
        assert (following.attempt_number, following.parameters, following.exclusive) == (
            attempt_number,
            options.parameters,
            True,
        )
        assert following.reason == f"{failure} before, again"
        options = following
    assert after(failure, options) is None


@given(
    failure=st.sampled_from(FailureClass),
    attempt_number=st.integers(1, 4),
    exclusive=st.booleans(),
    shared=st.booleans(),
)
def test_no_attempt_changes_what_the_result_looks_like(
    failure: FailureClass, attempt_number: int, *, exclusive: bool, shared: bool
):
    following = after(failure, AttemptOptions(attempt_number=attempt_number, exclusive=exclusive), shared=shared)
    if following is not None:
        assert REMEDIES[failure] in {Remedy.AGAIN, Remedy.MORE_MEMORY}
        assert following.parameters.items() <= OFFLOAD.items()
        assert following.attempt_number == attempt_number + 1 <= 3
