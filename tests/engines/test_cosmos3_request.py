"""Requests for any engine of Cosmos 3: what is refused, warned about and planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.engines.cosmos3.buckets import bucket_size
from cosmos_houdini.engines.cosmos3.check_request import check_cosmos3_request, plan_frames, scout_request
from cosmos_houdini.engines.cosmos3.parameters import SHARED_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest

DEFAULTS = {name: parameter.default for name, parameter in SHARED_PARAMETERS.items()}


def request(
    *,
    frames: int = 93,
    size: tuple[int, int] = (1280, 720),
    weights: dict[Control, float] | None = None,
    **given: ParameterValue,
) -> InferenceRequest:
    video = Clip(path=Path("color.mp4"), sha256="0" * 64, frames=frames, size=size, fps=24)
    return InferenceRequest(
        name="shot",
        engine="cosmos3",
        prompt="A boat drifts.",
        negative_prompt="",
        video=video,
        controls=tuple(
            ControlInput(kind=kind, weight=weight, clip=video)
            for kind, weight in (weights or {Control.EDGE: 1.0}).items()
        ),
        parameters={**DEFAULTS, **given},
    )


def check(given: InferenceRequest) -> tuple[str, ...]:
    return check_cosmos3_request(given, SHARED_PARAMETERS)


def test_a_plain_request_has_no_warning() -> None:
    assert check(request()) == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (request(frames=1), "has 1 frames"),
        (request(frames=5001), "has 5001 frames"),
        (request(weights={Control.EDGE: -1}), "weight -1 for edge"),
        (request(weights={Control.EDGE: 0}), "weight 0 for edge"),
        (request(weights={Control.EDGE: 1.5}), "weight 1.5 for edge"),
        (request(guidance=7.5), "parameter guidance = 7.5"),
        (request(control_guidance=10.5), "parameter control_guidance = 10.5"),
        (request(resolution="1080"), "parameter resolution = '1080'"),
        (request(num_steps=0), "parameter num_steps = 0"),
        (request(num_video_frames_per_chunk=0), "parameter num_video_frames_per_chunk = 0"),
        (
            request(num_video_frames_per_chunk=5, num_conditional_frames=5),
            "num_conditional_frames = 5 with chunks of 5",
        ),
        (request(seed=2**31 - 1, frames=300), "chunk i uses seed + i"),
        (replace(request(), controls=()), "no control takes part"),
        (replace(request(), prompt=" "), "the prompt of shot is empty"),
        (replace(request(), prompt='```\n{"context": "x"}\n```'), "Markdown fences"),
        (replace(request(), negative_prompt='{"bad": 1}'), "the negative prompt of shot has the unknown key 'bad'"),
        (
            replace(request(), controls=(ControlInput(kind=Control.DEPTH, weight=1.0, clip=None),)),
            "no depth video",
        ),
    ],
)
def test_a_request_that_fails_after_loading_is_refused(given: InferenceRequest, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        check(given)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (request(num_video_frames_per_chunk=90), "rounded up to 93"),
        (request(frames=20), "played back and forth"),
        (request(frames=94), "93 frames would cost 1"),
        (request(size=(2048, 858)), "26 % of the picture is cut off"),
        (request(fps=60), "60 frames a second"),
        (request(weights={Control.SEG: 1.0}), "control_guidance = 2"),
        (request(weights={Control.EDGE: 0.5}), "the weight of edge changes nothing"),
        (request(weights={Control.EDGE: 0.5, Control.DEPTH: 1.0}), "edge 0.33, depth 0.67"),
    ],
)
def test_a_doubtful_request_is_warned_about(given: InferenceRequest, words: str) -> None:
    assert any(words in warning for warning in check(given))


@pytest.mark.parametrize(
    ("frames", "per_chunk", "overlap", "chunks", "seams"),
    [
        (93, 93, 1, 1, ()),
        (94, 93, 1, 2, (93,)),
        (121, 121, 1, 1, ()),
        (200, 90, 1, 3, (93, 185)),
        (200, 93, 0, 3, (93, 186)),
    ],
)
def test_chunks_are_those_of_upstream(
    frames: int, per_chunk: int, overlap: int, chunks: int, seams: tuple[int, ...]
) -> None:
    asked = request(frames=frames, num_video_frames_per_chunk=per_chunk, num_conditional_frames=overlap)
    plan = plan_frames(asked, 10.0)
    assert (plan.chunks, plan.seams, plan.estimate_s) == (chunks, seams, 10.0 * chunks)
    assert plan.frames_per_chunk % 4 == 1


def test_a_scout_makes_one_chunk_with_few_steps() -> None:
    assert scout_request(request(frames=300)).frames == 93
    assert scout_request(request(num_steps=4)).parameters == {"num_steps": 4}


@pytest.mark.parametrize(
    ("size", "resolution", "bucket"),
    [
        ((1920, 1080), "720", (1280, 720)),
        ((1080, 1920), "480", (480, 832)),
        ((1440, 1080), "720", (1104, 832)),
        ((1000, 1000), "256", (256, 256)),
        ((4096, 1716), "768", (1360, 768)),
    ],
)
def test_a_video_has_the_nearest_bucket(size: tuple[int, int], resolution: str, bucket: tuple[int, int]) -> None:
    assert bucket_size(size, resolution) == bucket
