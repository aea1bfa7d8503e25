from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.cosmos.parameters import STRENGTHS, TRANSFER1_PARAMETERS
from cosmos_houdini.engines.cosmos.transfer_request import TRANSFER1, check_transfer_request
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue, resolve
from cosmos_houdini.model.request import InferenceRequest
from support.media.transfer_clips import request_of

ENGINES = ("preview", "transfer1")
Check = Callable[[InferenceRequest], tuple[str, ...]]

GOOD = {"frames": 121, "size": (1280, 704)}


@pytest.fixture(params=ENGINES)
def check(request: pytest.FixtureRequest) -> Check:
    return find_engine(request.param).check


def test_a_request_that_fits_has_no_warnings(check: Check):
    assert check(request_of(**GOOD)) == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frames": 1}, "has 1 frames; allowed: 2 to 5000 frames"),
        ({"frames": 5001}, "has 5001 frames; allowed: 2 to 5000 frames; cut it into several shots"),
        ({"num_gpu": 3}, "num_gpu = 3; allowed: 1, 2, 4, 8, 16"),
        ({"weights": {}}, "no control takes part"),
        ({"weights": {"depth": 1.4}}, r"weight 1.4 for depth; allowed: above 0, up to 1"),
        ({"weights": {"depth": 0.0}}, "weight 0 for depth"),
        ({"prompt": " "}, "the prompt is empty"),
        ({"use_distilled": True}, "use_distilled with depth, seg; allowed: edge alone"),
        ({"use_distilled": True, "weights": {"edge": 0.5, "seg": 0.5}}, "use_distilled with edge, seg"),
        ({"fps": 23.976}, "fps = 23.976 cannot be used; allowed: a whole number from 1 to 60"),
        ({"num_steps": "35"}, "num_steps = '35' cannot be used; allowed: a whole number"),
        ({"canny_threshold": "banana"}, "canny_threshold = 'banana' cannot be used; allowed: very_low, low"),
        ({"sigma_max": 81.0}, "sigma_max = 81.0 cannot be used; allowed: a number from 0.01 to 80"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": True}, "seed = True"),
        ({"guidance": float("nan")}, "guidance = nan"),
        ({"upsample_prompt": 1}, "upsample_prompt = 1 cannot be used; allowed: true or false"),
        ({"control_weight": 1}, "no parameter 'control_weight'"),
    ],
)
def test_what_would_fail_or_mislead_on_the_gpu_is_refused(check: Check, changes: dict[str, Any], sentence: str):
    with pytest.raises(BadInput) as caught:
        check(request_of(**(GOOD | changes)))
    assert sentence in str(caught.value)


def test_a_control_without_a_model_is_refused_by_name():
    model = replace(TRANSFER1, controls=(Control.EDGE,))
    with pytest.raises(BadInput, match=r"transfer1 takes no control 'depth'; allowed: edge"):
        check_transfer_request(request_of(engine="transfer1", **GOOD), TRANSFER1_PARAMETERS, model)


def without_video(kind: str) -> InferenceRequest:
    request = request_of(**{**GOOD, "weights": {kind: 0.5}})
    return replace(request, controls=(replace(request.controls[0], clip=None),))


def test_a_control_that_the_engine_would_make_by_chance_is_refused(check: Check):
    with pytest.raises(BadInput, match=r"no edge video|no control takes part"):
        check(without_video("edge"))


def test_a_control_that_the_engine_estimates_is_said_with_what_a_rendered_pass_does_better():
    (sentence,) = [said for said in find_engine("transfer1").check(without_video("depth")) if "estimates" in said]
    assert "transfer1 estimates depth from the colour video (depth by Depth Anything 2), the same for" in sentence
    assert "rendered passes would be exact" in sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frames": 49}, "49 frames are fewer than the 121"),
        ({"frames": 122}, "122 frames cost 2 chunks of 121; 121 frames would cost 1"),
        ({"size": (2048, 858)}, "2048x858 is brought to 1280x704: everything becomes 0.76 times as wide"),
        ({"weights": {"vis": 1.0}}, "vis alone at full weight"),
        ({"weights": {"depth": 1.0, "seg": 1.0}}, "add up to 2; the model divides them by it: depth 0.50, seg 0.50"),
        ({"canny_threshold": "low"}, "canny_threshold = low changes nothing: edge is sent as a video"),
        ({"use_distilled": True, "weights": {"edge": 1.0}}, "the distilled model is made for num_steps = 1"),
    ],
)
def test_what_costs_or_disappoints_is_warned_about(check: Check, changes: dict[str, Any], sentence: str):
    warnings = check(request_of(**(GOOD | changes)))
    assert len(warnings) == 1
    assert sentence in warnings[0]


def test_ordinary_video_sizes_are_no_reason_to_warn(check: Check):
    for size in ((1920, 1080), (1280, 720), (3840, 2160), (1440, 1080), (1080, 1080)):
        assert check(request_of(frames=121, size=size)) == ()


def values(name: str) -> st.SearchStrategy[Any]:
    known = TRANSFER1_PARAMETERS[name]
    if isinstance(known.default, bool):
        return st.booleans()
    if isinstance(known.default, str):
        return st.sampled_from(STRENGTHS) if known.default in STRENGTHS else st.just(known.default)
    if isinstance(known.default, int):
        return st.integers(int(known.low), int(known.high))
    return st.floats(known.low, known.high)


sound_parameters = st.fixed_dictionaries(
    {}, optional={name: values(name) for name in TRANSFER1_PARAMETERS if name != "use_distilled"}
)
weights = st.dictionaries(
    st.sampled_from(["vis", "edge", "depth", "seg"]), st.floats(0, 1, exclude_min=True), min_size=1
)


@given(sound_parameters, weights, st.integers(2, 5000))
def test_whatever_lies_in_the_ranges_is_accepted(parameters: dict[str, Any], weights: dict[str, float], frames: int):
    for name in ENGINES:
        find_engine(name).check(request_of(frames=frames, size=(1280, 704), weights=weights, **parameters))


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from([*TRANSFER1_PARAMETERS, "sed"]), anything))
def test_whatever_else_is_given_is_taken_in_its_own_type_or_refused_as_bad_input(given_values: dict[str, Any]):
    try:
        resolved = resolve(TRANSFER1_PARAMETERS, given_values, engine="transfer1")
    except BadInput:
        return
    assert {name: type(value) for name, value in resolved.items()} == {
        name: type(parameter.default) for name, parameter in TRANSFER1_PARAMETERS.items()
    }


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        ("seed", "7", 7),
        ("guidance", "7", 7.0),
        ("guidance", "1e1", 10.0),
        ("upsample_prompt", "true", True),
        ("upsample_prompt", "No", False),
        ("canny_threshold", "very_low", "very_low"),
    ],
)
def test_text_of_a_command_line_becomes_the_parameters_own_type(parameter: str, text: str, value: ParameterValue):
    parsed = TRANSFER1_PARAMETERS[parameter].parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [("seed", "7.5"), ("seed", ""), ("guidance", "nan"), ("guidance", "x"), ("upsample_prompt", "1"), ("fps", "inf")],
)
def test_text_that_is_no_value_is_refused(parameter: str, text: str):
    with pytest.raises(BadInput, match=f"parameter {parameter} = .* cannot be used"):
        TRANSFER1_PARAMETERS[parameter].parse_value(text)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("asked", "frames", "wanted"), [(35, 361, (10, 121)), (1, 49, (1, 49)), (10, 121, (10, 121))])
def test_a_scout_is_the_first_chunk_in_few_steps_and_never_dearer(
    name: str, asked: int, frames: int, wanted: tuple[int, int]
):
    scout = find_engine(name).scout(request_of(frames=frames, num_steps=asked))
    assert (scout.parameters, scout.frames) == ({"num_steps": wanted[0]}, wanted[1])
