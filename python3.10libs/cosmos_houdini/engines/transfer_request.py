"""What every engine of the Cosmos Transfer family asks of a request before it is worth any GPU time."""

from __future__ import annotations

from collections.abc import Mapping

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, resolve
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Scout
from cosmos_houdini.plan.chunks import Chunking
from cosmos_houdini.plan.frame_size import generated_size, stretch

FRAMES_PER_CHUNK = 121
OVERLAP = 1
MIN_FRAMES = 2
MAX_FRAMES = 5000
"""cosmos-transfer1 reads no more (NUM_MAX_FRAMES), and with a single frame it has no chunk to generate."""

GPU_COUNTS = (1, 2, 4, 8, 16)
"""A chunk has 16 latent frames, which cosmos-transfer1 shares out evenly (split_inputs_cp)."""

SCOUT_STEPS = 10
"""Composition and colours stand by then; what is missing is fine structure. The full number is 35."""

NOTICEABLE_STRETCH = 0.05
VIS_ALONE = 0.9


def chunking(request: InferenceRequest) -> Chunking:
    """Return how cosmos-transfer1 cuts the request's video."""
    return Chunking(frames=request.video.frames, frames_per_chunk=FRAMES_PER_CHUNK, overlap=OVERLAP)


def frame_plan(request: InferenceRequest, seconds_per_chunk: float | None) -> FramePlan:
    """Return size, chunks and seams; the result is cut back to the input's length."""
    cut = chunking(request)
    return FramePlan(
        frames=request.video.frames,
        size=generated_size(request.video.size),
        chunks=cut.chunks,
        frames_per_chunk=FRAMES_PER_CHUNK,
        overlap=OVERLAP,
        seams=cut.seams,
        padding=cut.padding,
        estimate_s=None if seconds_per_chunk is None else cut.chunks * seconds_per_chunk,
    )


def scout(request: InferenceRequest) -> Scout:
    """Return the first chunk in few steps; the frame size is the model's own and cannot be lowered."""
    steps = min(int(request.parameters["num_steps"]), SCOUT_STEPS)
    return Scout(parameters={"num_steps": steps}, frames=min(request.video.frames, FRAMES_PER_CHUNK))


def check_transfer_request(request: InferenceRequest, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Return warnings about a request that Cosmos Transfer would run.

    Raises:
        BadInput: something in it would fail on the GPU, or would silently become something else there.
    """
    resolve(parameters, request.parameters, engine=request.engine)
    if not request.prompt.strip():
        raise BadInput(f"{request.name}: the prompt is empty")
    if request.num_gpu not in GPU_COUNTS:
        raise BadInput(f"{request.name}: num_gpu = {request.num_gpu}", allowed=", ".join(map(str, GPU_COUNTS)))
    _check_frames(request)
    _check_controls(request)
    if request.parameters.get("use_distilled"):
        _check_distilled(request)
    return (*_frame_warnings(request), *_look_warnings(request))


def _check_frames(request: InferenceRequest) -> None:
    frames = request.video.frames
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise BadInput(
            f"{request.video.path} has {frames} frames",
            allowed=f"{MIN_FRAMES} to {MAX_FRAMES} frames",
            action="cut it into several shots" if frames > MAX_FRAMES else "",
        )


def _check_controls(request: InferenceRequest) -> None:
    if not request.controls:
        raise BadInput(
            f"{request.name}: no control takes part",
            allowed="at least one of vis, edge, depth, seg with a video and a weight above 0",
        )
    for control in request.controls:
        if not 0 < control.weight <= 1:
            raise BadInput(f"{request.name}: weight {control.weight:g} for {control.kind}", allowed="above 0, up to 1")
        if control.clip is None:
            raise BadInput(
                f"{request.name}: no {control.kind} video",
                action=f"give one with create-spec --control {control.kind}=VIDEO; one that the engine makes would "
                "change with the seed",
            )


def _check_distilled(request: InferenceRequest) -> None:
    kinds = [control.kind for control in request.controls]
    if kinds != [Control.EDGE]:
        raise BadInput(
            f"{request.name}: use_distilled with {', '.join(map(str, kinds))}",
            allowed="edge alone: no other control has a distilled model",
        )


def _frame_warnings(request: InferenceRequest) -> list[str]:
    cut = chunking(request)
    warnings = []
    if cut.frames < FRAMES_PER_CHUNK:
        warnings.append(
            f"{cut.frames} frames are fewer than the {FRAMES_PER_CHUNK} that the model makes at once; the last frame "
            "is held to fill them up, and results of very short shots can be noisy"
        )
    if cut.wasted:
        warnings.append(
            f"{cut.frames} frames cost {cut.chunks} chunks of {FRAMES_PER_CHUNK}; {cut.shorter} frames would cost "
            f"{cut.chunks - 1}"
        )
    size = generated_size(request.video.size)
    factor = stretch(request.video.size, size)
    if abs(factor - 1) > NOTICEABLE_STRETCH:
        warnings.append(
            f"{request.video.size[0]}x{request.video.size[1]} is brought to {size[0]}x{size[1]}: everything becomes "
            f"{factor:.2f} times as wide"
        )
    return warnings


def _look_warnings(request: InferenceRequest) -> list[str]:
    warnings = []
    weights = {control.kind: control.weight for control in request.controls}
    if list(weights) == [Control.VIS] and weights[Control.VIS] >= VIS_ALONE:
        warnings.append("vis alone at full weight gives back nearly the input; add edge, depth or seg, or lower it")
    total = sum(weights.values())
    if total > 1:
        shares = ", ".join(f"{kind} {weight / total:.2f}" for kind, weight in weights.items())
        warnings.append(f"the weights add up to {total:g}; the model divides them by it: {shares}")
    warnings.extend(
        f"{name} = {request.parameters[name]} changes nothing: {kind} is sent as a video"
        for name, kind in (("blur_strength", "vis"), ("canny_threshold", "edge"))
        if request.parameters.get(name, "medium") != "medium"
    )
    if request.parameters.get("use_distilled") and request.parameters.get("num_steps") != 1:
        warnings.append("the distilled model is made for num_steps = 1")
    return warnings
