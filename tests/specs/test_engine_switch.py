"""A run of one engine on another one: each change is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.spec import PromptSpec, RunSpec, SpecValue
from cosmos_houdini.specs.engine_switch import switch_engine


def run_of(engine: str, **parameters: SpecValue) -> RunSpec:
    spec = PromptSpec(name="sea", prompt="a boat", input_video=Path("/color.mp4"))
    return RunSpec(name="sea", engine=engine, spec=spec, parameters=parameters, num_gpu=2)


def test_the_same_engine_changes_nothing() -> None:
    run = run_of("transfer1", seed=7)
    assert switch_engine(run, "transfer1") == (run, ())


def test_every_change_is_told() -> None:
    run = run_of("transfer1", seed=7, guidance=9.0, sigma_max=40.0, num_steps=20)
    switched, told = switch_engine(run, "cosmos3")
    assert (switched.engine, switched.num_gpu, switched.spec) == ("cosmos3", 2, run.spec)
    assert switched.parameters == {"seed": 7, "guidance": 7.0, "num_steps": 20}
    said = "; ".join(told)
    assert "guidance = 9.0 becomes 7.0: cosmos3 takes a number from 0 to 7" in said
    assert "sigma_max = 40.0 is left out: cosmos3 has no such parameter" in said
    assert "seed" not in said
    assert "num_steps" not in said


def test_defaults_that_differ_and_words_that_do_not_fit_are_told() -> None:
    switched, told = switch_engine(run_of("transfer2.5", resolution="1080", guidance=3), "cosmos3")
    assert switched.parameters == {"guidance": 3.0}
    assert any("resolution = '1080' is left out" in line for line in told)
    assert any("seed is 1, the default of cosmos3; transfer2.5 has 2025" in line for line in told)
    whole, _ = switch_engine(run_of("cosmos3", guidance=3.6), "transfer2.5")
    assert whole.parameters == {"guidance": 4}


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="cosmos3"):
        switch_engine(run_of("transfer1"), "cosmos4")


@pytest.mark.parametrize("before", engine_names())
@pytest.mark.parametrize("after", engine_names())
def test_a_switched_run_is_one_that_the_engine_takes(before: str, after: str) -> None:
    known = find_engine(before).parameters.values()
    highest = {one.name: one.high if one.high is not None else one.default for one in known}
    switched, _ = switch_engine(run_of(before, **highest), after)
    resolve(find_engine(after).parameters, switched.parameters, engine=after)
