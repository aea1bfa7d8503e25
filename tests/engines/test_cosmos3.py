"""The engine cosmos3: its sample files, its command, and the verdicts of upstream's own parser on such files."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.cosmos3.hints import CONTROLS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.media.transfer_clips import request_of

ENGINE = find_engine("cosmos3")
SITE = Site(folder=PurePosixPath("/data/jobs/sea-1f"), engine_path=PurePosixPath("/opt/cf"))
VERDICTS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "cosmos3-verdicts.json"
NOT_OURS = {"wsm single", "edge from vision", "blur none + vision", "depth no control, vision given", "num_frames 10"}
"""Cases that no request can express: controls that upstream computes, a control of cars, another length."""


def asked(**changes: object) -> InferenceRequest:
    return request_of(**{"engine": "cosmos3", "frames": 121, "size": (1280, 720), **changes})


def invocation(request: InferenceRequest) -> Invocation:
    return ENGINE.invocation(request, SITE)


def sample(request: InferenceRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invocation(request).files["in/spec.json"])
    return found


def test_every_value_that_decides_the_result_is_written_out() -> None:
    written = sample(asked(weights={"vis": 0.5, "depth": 1.0}, seed=7, prompt='größe "\n'))
    parameters = {name: written[name] for name in ENGINE.parameters if name in written}
    of_process = {"model", "diffusion_cache", "guardrails", "offload_guardrail_models"}
    assert set(ENGINE.parameters) - set(parameters) == of_process
    assert (parameters["guidance"], parameters["control_guidance"], parameters["seed"]) == (3.0, 1.5, 7)
    assert written["prompt"] == 'größe "\n'
    assert (written["model_mode"], written["resolution"], written["aspect_ratio"]) == ("video2video", "720", "16,9")
    assert list(written)[-2:] == ["blur", "depth"]
    assert written["blur"] == {"control_path": "/data/jobs/sea-1f/in/vis.mp4", "weight": 0.5}
    assert {"negative_prompt", "negative_prompt_file", "vision_path"}.isdisjoint(written)
    assert invocation(asked()).files["in/spec.json"].isascii()


def test_the_negative_prompt_is_sent_inline() -> None:
    request = asked()
    object.__setattr__(request, "negative_prompt", "blurry")
    assert sample(request)["negative_prompt"] == "blurry"


def test_the_colour_video_is_sent_where_the_result_begins_with_its_frames() -> None:
    assert "in/color.mp4" not in invocation(asked()).inputs
    begun = asked(num_first_chunk_conditional_frames=1)
    assert sample(begun)["vision_path"] == "/data/jobs/sea-1f/in/color.mp4"
    assert "in/color.mp4" in invocation(begun).inputs
    with pytest.raises(BadInput, match=r"fps = 30 with num_first_chunk_conditional_frames"):
        ENGINE.check(asked(num_first_chunk_conditional_frames=1, fps=30))


def test_the_command_leaves_no_switch_to_a_version() -> None:
    argv = invocation(asked()).argv
    assert argv[:3] == ("python", "-m", "cosmos_framework.scripts.inference")
    assert {"--no-diffusion-cache", "--guardrails", "--no-keep-going", "--sampler=unipc"} <= set(argv)
    cached = invocation(asked(diffusion_cache=True, guardrails=False)).argv
    assert {"--diffusion-cache", "--diffusion-cache-thresh=0.35", "--no-guardrails"} <= set(cached)


@pytest.mark.parametrize(
    ("model", "count", "shards"), [("Nano", 2, 1), ("Nano", 8, 1), ("Super", 4, 4), ("Super", 8, 8)]
)
def test_all_gpus_make_one_sample_together(model: str, count: int, shards: int) -> None:
    argv = invocation(asked(num_gpu=count, model=model)).argv
    assert argv[0] == "torchrun"
    assert argv[5:7] == ("-m", "cosmos_framework.scripts.inference")
    sizes = {word.partition("=")[0]: int(word.partition("=")[2]) for word in argv if "-size=" in word}
    assert sizes["--dp-shard-size"] == shards
    assert sizes["--dp-shard-size"] * sizes["--dp-replicate-size"] == count
    assert sizes["--cp-size"] * sizes["--cfgp-size"] == count
    assert f"Cosmos3-{model}" in argv


@pytest.mark.parametrize(("model", "count"), [("Nano", 3), ("Nano", 16), ("Super", 1), ("Super", 2)])
def test_numbers_of_gpus_that_cannot_share_a_sample_are_refused(model: str, count: int) -> None:
    with pytest.raises(BadInput, match=f"num_gpu = {count} with the model {model}"):
        ENGINE.check(asked(num_gpu=count, model=model))


def test_guardrails_that_are_never_asked_are_told() -> None:
    assert any("asks them nothing" in warning for warning in ENGINE.check(asked()))
    assert not any("guardrails" in warning for warning in ENGINE.check(asked(guardrails=False)))


def test_requests_of_any_controls_share_one_load() -> None:
    assert ENGINE.load_key(asked(weights={"edge": 1.0})) == ENGINE.load_key(asked(weights={"depth": 1.0}, seed=3))
    assert ENGINE.load_key(asked()) != ENGINE.load_key(asked(diffusion_cache=True))


def test_the_estimate_grows_with_work_and_shrinks_with_gpus() -> None:
    def seconds(**changes: object) -> float:
        return ENGINE.plan(asked(**changes)).estimate_s or 0.0

    assert seconds(num_steps=70) == pytest.approx(2 * seconds())
    assert seconds(weights={"edge": 1.0}) < seconds() < seconds(weights={"edge": 0.5, "depth": 0.5, "seg": 0.5})
    assert max(seconds(resolution="480"), seconds(num_gpu=4)) < seconds()
    assert seconds(control_guidance=1.0) == pytest.approx(seconds() * 2 / 3)


def recorded() -> list[dict[str, Any]]:
    return json.loads(VERDICTS.read_text("utf-8")) if VERDICTS.is_file() else []


def request_of_case(case: dict[str, Any]) -> InferenceRequest:
    """Return our request for the same work as a recorded specification."""
    spec = case["spec"]
    weights = {str(CONTROLS[hint]): float(spec[hint].get("weight", 1.0)) for hint in CONTROLS if hint in spec}
    given = {key: value for key, value in spec.items() if key in ENGINE.parameters}
    ratios = {"16,9": (1280, 720), None: (1280, 720)}
    return asked(weights=weights, size=ratios[spec.get("aspect_ratio")], **given)


@pytest.mark.parametrize("case", recorded(), ids=lambda case: case["case"])
def test_a_recorded_verdict_agrees_with_ours(case: dict[str, Any]) -> None:
    spec, name = case["spec"], case["case"]
    if name in NOT_OURS or not case["accepted"]:
        return
    request = request_of_case(case)
    if name in {"weight 0 alone", "seed negative"} or not spec.get("prompt", spec.get("prompt_path")):
        # Upstream takes these, and fails on them later or makes something else.
        if name != "no prompt":
            with pytest.raises(BadInput):
                ENGINE.check(request)
        return
    ENGINE.check(request)
    written, effective = sample(request), case["effective"]
    explicit = {"guidance", "control_guidance"} & set(spec)
    for key in {"num_steps", "shift", "fps", "num_video_frames_per_chunk", *explicit}:
        assert written[key] == effective[key], key
    assert [[hint, written[hint]["weight"]] for hint in CONTROLS if hint in written] == effective["hints"]


@pytest.mark.parametrize("case", [case for case in recorded() if not case["accepted"]], ids=lambda case: case["case"])
def test_what_upstream_refuses_is_refused_or_never_written(case: dict[str, Any]) -> None:
    ours = sample(asked(weights={"edge": 1.0}))
    spoilt = {
        key: value for key, value in case["spec"].items() if key not in ours or type(value) is not type(ours[key])
    }
    numbers = {key: value for key, value in case["spec"].items() if key in ENGINE.parameters}
    try:
        ENGINE.check(asked(weights={"edge": 1.0}, **numbers))
    except BadInput:
        return
    # A value of another type or key, a file that is missing, or a control without a video: no request holds them.
    nested = [hint for hint in ("edge", "depth") if case["spec"].get(hint, {}).keys() ^ {"control_path"}]
    missing = "does not point to a file" in case["reason"] or "at least one control hint" in case["reason"]
    assert spoilt or nested or missing or case["spec"]["aspect_ratio"] == "16:9", case["reason"]


def test_the_recorded_verdicts_are_there() -> None:
    if not VERDICTS.is_file():
        pytest.skip("the recorded verdicts are not beside the checkout")
    assert len(recorded()) == 37
