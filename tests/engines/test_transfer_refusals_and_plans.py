"""The engines of Cosmos Transfer refuse, plan and record as the programs of upstream really do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS, TRANSFER25_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import Range
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter
from cosmos_houdini.model.request import Clip, InferenceRequest, Site
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.request import build_request
from cosmos_houdini.sweeps.domain import build_domain
from support.media.transfer_clips import request_of

GOOD: dict[str, Any] = {"frames": 121, "size": (1280, 704), "weights": {"edge": 1.0}}


def of_video(engine: str, *, fps: float = 24.0, prompt: str = "rain", **parameters: Any) -> InferenceRequest:  # noqa: ANN401
    clip = request_of(**GOOD).video
    spec = PromptSpec(name="street", prompt=prompt, input_video=clip.path, controls={Control.EDGE: clip.path})
    run = RunSpec(name="street", engine=engine, spec=spec, parameters=parameters)

    def probe(videos: Any) -> dict[str, Clip]:  # noqa: ANN401
        return {role: replace(clip, fps=fps) for role in videos}

    return build_request(run, find_engine(engine).parameters, probe=probe)[0]


@pytest.mark.parametrize("changes", [{"num_steps": 4}, {"guidance": 7.0}, {"sigma_max": 10.0}])
def test_what_the_distilled_model_of_transfer1_does_not_read_is_refused(changes: dict[str, float]):
    request = request_of(**{**GOOD, "use_distilled": True, **changes})
    (name,) = changes
    with pytest.raises(BadInput, match=f"{name} = .* with use_distilled; allowed: .* does not read it"):
        find_engine("transfer1").check(request)


def test_a_negative_prompt_is_not_read_either_and_one_step_is_planned():
    engine, request = find_engine("transfer1"), request_of(**GOOD, use_distilled=True)
    with pytest.raises(BadInput, match="a negative prompt with use_distilled"):
        engine.check(replace(request, negative_prompt="fog"))
    assert engine.plan(request).estimate_s == pytest.approx(19 * 60 / 2 / 35)
    assert engine.scout(request).parameters == {"num_steps": 1}


@pytest.mark.parametrize("value", [0, 0.001, 0.002])
def test_a_sigma_at_which_the_sampler_fails_is_refused(value: float):
    with pytest.raises(BadInput, match=r"sigma_max = .* allowed: a number from 0\.01 to 80"):
        TRANSFER1_PARAMETERS["sigma_max"].check_value(value)
    assert TRANSFER1_PARAMETERS["sigma_max"].check_value(0.01) == 0.01


@pytest.mark.parametrize("engine", ["transfer1", "transfer2.5"])
def test_the_prompt_that_was_really_used_is_recorded(engine: str):
    stdout = "[06-07 10:21:25|INFO|a.py:1:b] final args: {}\n[06-07 10:21:25|INFO|a.py:1:b] control_inputs: {}\n"
    log = EngineLog(stdout=stdout, stderr="", record='{"seed": 1}', prompt="a street at night, in the rain")
    found = find_engine(engine).record(log)
    assert found is not None
    assert found.document()["prompt"] == "a street at night, in the rain"
    without = find_engine(engine).record(replace(log, prompt=""))
    assert without is not None
    assert "prompt" not in without.document()


def test_several_gpus_with_several_controls_are_warned_about():
    engine, many = find_engine("transfer1"), {**GOOD, "weights": {"edge": 0.5, "depth": 0.5}}
    assert any("shows several GPUs with one control" in said for said in engine.check(request_of(**many, num_gpu=2)))
    for request in (request_of(**GOOD, num_gpu=2), request_of(**many)):
        assert not any("several GPUs" in said for said in engine.check(request))


@pytest.mark.parametrize(("engine", "steps"), [("transfer1", 1), ("transfer2.5", 4), ("preview", 1)])
def test_the_distilled_model_gets_its_own_steps_where_none_are_asked_for(engine: str, steps: int):
    assert of_video(engine, use_distilled=True).parameters["num_steps"] == steps
    assert of_video(engine).parameters["num_steps"] == 35


def test_each_control_of_transfer25_costs_time():
    engine = find_engine("transfer2.5")
    kinds = ("vis", "edge", "depth", "seg")
    times = []
    for count in (1, 2, 4):
        weights = dict.fromkeys(kinds[:count], 0.25)
        times.append(engine.plan(request_of(engine="transfer2.5", frames=93, weights=weights)).estimate_s)
    one, two, four = times
    assert one == pytest.approx(264.13)
    assert two == pytest.approx(one * 36 / 32)
    assert four == pytest.approx(one * 44 / 32)


@pytest.mark.parametrize(
    ("prompt", "is_long"),
    [
        ("夜の街" * 500, True),
        ("a" * 200_000, True),
        ("夜の街", False),
        ("a street at night " * 50, False),
        ("x " * 301, True),
    ],
)
def test_a_long_prompt_is_noticed_in_every_language(prompt: str, is_long: bool):  # noqa: FBT001 - parametrized
    clip = request_of(**GOOD).video
    spec = PromptSpec(name="street", prompt=prompt, input_video=clip.path, controls={Control.EDGE: clip.path})
    run = RunSpec(name="street", engine="transfer1", spec=spec)
    _, warnings = build_request(run, TRANSFER1_PARAMETERS, probe=lambda videos: dict.fromkeys(videos, clip))
    assert any("ignores the rest" in said for said in warnings) is is_long


def test_whole_numbers_may_be_written_with_a_point():
    assert TRANSFER25_PARAMETERS["guidance"].parse_value("3.0") == 3
    assert TRANSFER25_PARAMETERS["seed"].parse_value("4294967295") == 2**32 - 1
    with pytest.raises(BadInput):
        TRANSFER25_PARAMETERS["guidance"].parse_value("3.5")
    whole = Parameter(name="big", default=1, help="")
    assert whole.parse_value("9007199254740993") == 2**53 + 1


def test_a_range_with_fractions_varies_the_whole_numbers_in_it():
    domain, _ = build_domain(Range(min=1.5, max=6.5), TRANSFER25_PARAMETERS["guidance"], clamp=False)
    assert list(domain.at(np.arange(domain.size))) == [2, 3, 4, 5, 6]  # type: ignore[union-attr]


def test_another_rate_names_the_video_and_both_ways_out():
    for fps in (23.976, 120.0):
        with pytest.raises(BadInput, match=r"color\.mp4 has .* fps.*standardize --fps.*--set fps="):
            of_video("transfer1", fps=fps)


def test_seeds_of_other_tools_are_taken():
    assert of_video("transfer1", seed=3_000_000_000).parameters["seed"] == 3_000_000_000
    assert of_video("transfer2.5", seed=2**32 - 1).parameters["seed"] == 2**32 - 1


def test_a_prompt_that_begins_with_a_dash_is_explained(capsys: pytest.CaptureFixture[str]):
    assert main(["create-spec", "n", "--foo bar", "--input-video", "v.mp4"]) == 2
    assert "A prompt that begins with a dash follows --" in capsys.readouterr().err


@pytest.mark.parametrize(("engine", "key"), [("transfer1", "input_control_prompt"), ("transfer2.5", "control_prompt")])
def test_the_objects_of_an_estimated_segmentation_can_be_named(engine: str, key: str):
    request = request_of(**{**GOOD, "weights": {"seg": 1.0}}, engine=engine, seg_prompt="car . tree")
    chosen = find_engine(engine)
    with pytest.raises(BadInput, match="seg_prompt without a seg that the engine estimates"):
        chosen.check(request)
    bare = replace(request, controls=(replace(request.controls[0], clip=None),))
    chosen.check(bare)
    site = Site(folder=PurePosixPath("/j"), engine_path=PurePosixPath("/e"))
    assert json.loads(chosen.invocation(bare, site).files["in/spec.json"])["seg"][key] == "car . tree"


def test_weights_of_your_own_belong_to_the_only_control_of_transfer1():
    engine, site = find_engine("transfer1"), Site(folder=PurePosixPath("/j"), engine_path=PurePosixPath("/e"))
    sent = json.loads(engine.invocation(request_of(**GOOD, ckpt_path="/own.pt"), site).files["in/spec.json"])
    assert sent["edge"]["ckpt_path"] == "/own.pt"
    assert "ckpt_path" not in sent
    with pytest.raises(BadInput, match="ckpt_path with 2 controls; allowed: one control"):
        engine.check(request_of(ckpt_path="/own.pt"))
