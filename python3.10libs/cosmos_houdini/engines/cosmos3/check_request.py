"""Check a request for any engine of Cosmos 3 before it uses GPU time, and divide it into chunks."""

from __future__ import annotations

from collections.abc import Mapping

from cosmos_houdini.engines.cosmos.blocklist import blocklist_warnings
from cosmos_houdini.engines.cosmos.chunks import Chunking
from cosmos_houdini.engines.cosmos3.buckets import bucket_size, cropped_share
from cosmos_houdini.engines.cosmos3.hints import HINTS, TUNED, tuned_strength
from cosmos_houdini.engines.cosmos3.parameters import (
    DEFAULT_CHUNK_FRAMES,
    MAX_FRAMES,
    MAX_SEED,
    MIN_FRAMES,
    USUAL_FPS,
    round_chunk,
)
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.caption import check_prompt
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, resolve
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Scout

NOTICEABLE_CROP = 0.01
SCOUT_STEPS = 10


def generated_frames(request: InferenceRequest) -> Chunking:
    """Return how Cosmos 3 divides the request's video into chunks (``_get_num_chunks`` of transfer.py)."""
    parameters = request.parameters
    return Chunking(
        frames=request.video.frames,
        frames_per_chunk=round_chunk(int(parameters.get("num_video_frames_per_chunk", DEFAULT_CHUNK_FRAMES))),
        overlap=int(parameters.get("num_conditional_frames", 1)),
    )


def plan_frames(request: InferenceRequest, seconds_per_chunk: float | None) -> FramePlan:
    """Return the size, chunks, seams and estimated time; the result is cut to the input's length."""
    cut = generated_frames(request)
    return FramePlan(
        frames=request.video.frames,
        size=bucket_size(request.video.size, str(request.parameters["resolution"])),
        chunks=cut.chunks,
        frames_per_chunk=cut.frames_per_chunk,
        overlap=cut.overlap,
        seams=cut.seams,
        padding=cut.padding,
        estimate_s=None if seconds_per_chunk is None else cut.chunks * seconds_per_chunk,
    )


def scout_request(request: InferenceRequest) -> Scout:
    """Return a scout: the first chunk with few steps, at the same resolution, so that the noise is the same."""
    steps = min(int(request.parameters["num_steps"]), SCOUT_STEPS)
    frames = min(request.video.frames, generated_frames(request).frames_per_chunk)
    return Scout(parameters={"num_steps": steps}, frames=frames)


def check_cosmos3_request(
    request: InferenceRequest, parameters: Mapping[str, Parameter], *, weighted: bool = True, crops: bool = True
) -> tuple[str, ...]:
    """Return warnings about a request that Cosmos 3 would run.

    Args:
        request: the request.
        parameters: the parameters of its engine, by name.
        weighted: whether the engine's program takes weights of controls.
        crops: whether the engine's program crops videos of another shape; else they are stretched.

    Raises:
        BadInput: the request would fail after the model is loaded, or upstream would silently change it.
    """
    resolve(parameters, request.parameters, engine=request.engine)
    check_prompt(request.prompt, f"the prompt of {request.name}")
    if request.negative_prompt:
        check_prompt(request.negative_prompt, f"the negative prompt of {request.name}")
    _check_length(request)
    _check_controls(request)
    return (
        *_frame_warnings(request, crops=crops),
        *_strength_warnings(request, weighted=weighted),
        *blocklist_warnings(request),
    )


def _check_length(request: InferenceRequest) -> None:
    frames, cut = request.video.frames, generated_frames(request)
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise BadInput(
            f"{request.video.path} has {frames} frames",
            allowed=f"{MIN_FRAMES} to {MAX_FRAMES} frames",
            action="cut it into several shots" if frames > MAX_FRAMES else "",
        )
    for name in ("num_conditional_frames", "num_first_chunk_conditional_frames"):
        value = int(request.parameters.get(name, 0))
        if value >= cut.frames_per_chunk:
            raise BadInput(
                f"{request.name}: {name} = {value} with chunks of {cut.frames_per_chunk} frames",
                allowed=f"fewer than {cut.frames_per_chunk}: a chunk must make frames of its own",
            )
    # The seed of the last chunk must be a seed too.
    if (seed := int(request.parameters["seed"])) + cut.chunks - 1 > MAX_SEED:
        raise BadInput(
            f"{request.name}: seed = {seed}", allowed=f"0 to {MAX_SEED - cut.chunks + 1}: chunk i uses seed + i"
        )


def _check_controls(request: InferenceRequest) -> None:
    known = ", ".join(map(str, HINTS))
    if not request.controls:
        raise BadInput(
            f"{request.name}: no control takes part",
            allowed=f"at least one of {known} with a video and a weight above 0",
        )
    for control in request.controls:
        if control.kind not in HINTS:
            raise BadInput(f"{request.name}: {request.engine} takes no control {str(control.kind)!r}", allowed=known)
        # Upstream takes a negative weight, and a sole weight of 0, and fails when the model is loaded.
        if not 0 < control.weight <= 1:
            raise BadInput(f"{request.name}: weight {control.weight:g} for {control.kind}", allowed="above 0, up to 1")
        # Upstream takes depth or seg without a video where it has the colour video, and fails likewise.
        if control.clip is None:
            raise BadInput(
                f"{request.name}: no {control.kind} video",
                action=f"give one with create-spec --control {control.kind}=VIDEO; Cosmos 3 estimates none",
            )


def _frame_warnings(request: InferenceRequest, *, crops: bool) -> list[str]:
    cut, size = generated_frames(request), request.video.size
    bucket = bucket_size(size, str(request.parameters["resolution"]))
    warnings = []
    asked = int(request.parameters.get("num_video_frames_per_chunk", cut.frames_per_chunk))
    if asked != cut.frames_per_chunk:
        warnings.append(f"num_video_frames_per_chunk = {asked} is rounded up to {cut.frames_per_chunk}, as 4k + 1")
    if cut.frames < cut.frames_per_chunk:
        warnings.append(
            f"{cut.frames} frames are fewer than the {cut.frames_per_chunk} that the model makes at once; they are "
            "played back and forth to fill them up"
        )
    if cut.wasted:
        warnings.append(
            f"{cut.frames} frames cost {cut.chunks} chunks of {cut.frames_per_chunk}; {cut.shorter} frames would cost "
            f"{cut.chunks - 1}"
        )
    if crops and (lost := cropped_share(size, bucket)) > NOTICEABLE_CROP:
        warnings.append(
            f"{size[0]}x{size[1]} is scaled to cover {bucket[0]}x{bucket[1]}, and {100 * lost:.0f} % of the picture "
            "is cut off; --fit letterbox keeps it"
        )
    if (fps := float(request.parameters.get("fps", request.video.fps))) not in USUAL_FPS:
        warnings.append(
            f"{fps:g} frames a second: the model knows {USUAL_FPS.start} to {USUAL_FPS.stop - 1}, motion may be poorer"
        )
    return warnings


def _strength_warnings(request: InferenceRequest, *, weighted: bool) -> list[str]:
    kinds = [control.kind for control in request.controls]
    warnings = []
    tuned, parameters = tuned_strength(kinds), request.parameters
    if kinds == [Control.SEG] and parameters.get("control_guidance") == TUNED.control_guidance:
        warnings.append(f"for seg alone, upstream has tuned control_guidance = {tuned.control_guidance:g}")
    if len(kinds) > 1 and weighted:
        total = sum(control.weight for control in request.controls)
        told = ", ".join(f"{control.kind} {control.weight / total:.2f}" for control in request.controls)
        warnings.append(f"Cosmos 3 divides the weights by their sum: {told}")
    elif len(kinds) == 1 and request.controls[0].weight != 1:
        warnings.append(f"the weight of {kinds[0]} changes nothing: it is the only control, and takes part fully")
    return warnings
