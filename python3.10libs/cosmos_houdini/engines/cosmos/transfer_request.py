"""Check a request for any engine of the Cosmos Transfer family before it uses GPU time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmos_houdini.engines.cosmos.blocklist import blocklist_warnings
from cosmos_houdini.engines.cosmos.chunks import Chunking
from cosmos_houdini.engines.cosmos.frame_size import RESOLUTION, generated_size, stretch
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, resolve
from cosmos_houdini.model.presets import DEFAULT_STRENGTH
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Scout

MIN_FRAMES = 2
MAX_FRAMES = 5000
"""The largest number of frames that upstream reads (NUM_MAX_FRAMES).

The smallest is MIN_FRAMES: with a single frame, upstream has no chunk, or makes a picture of the frame.
"""

SCOUT_STEPS = 10
"""The diffusion steps of a scout.

After these steps the composition and the colours are final, and only fine structure is missing. The full number is 35.
"""

NOTICEABLE_STRETCH = 0.05
VIS_ALONE = 0.9


UPSTREAM_CONTROLS = (Control.VIS, Control.EDGE, Control.DEPTH, Control.SEG)
"""The controls for which upstream has models; a control of a later version is refused until it is listed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The differences between the models of the family.

    Attributes:
        frames_per_chunk: the number of frames that the model makes at once.
        gpu_counts: the numbers of GPUs that can share a chunk.
        filling: the words that say how the model fills up a clip that is shorter than a chunk.
        distilled_steps: the diffusion steps with which the distilled model was trained; 0 if there is no such model.
        distilled_ignores: the parameters that its distilled model does not read.
        restores_size: whether the result gets the size of the input.
        divider: the program or model that divides weights with a sum above 1; empty for a model with only one control.
        controls: the controls that the model accepts.
        estimates: the controls that the program estimates from the colour video, and the model that does it.
    """

    frames_per_chunk: int
    gpu_counts: tuple[int, ...]
    filling: str
    distilled_steps: int = 0
    distilled_ignores: tuple[str, ...] = ()
    restores_size: bool = False
    divider: str = ""
    controls: tuple[Control, ...] = UPSTREAM_CONTROLS
    estimates: Mapping[Control, str] = field(default_factory=dict)


TRANSFER1 = Model(
    frames_per_chunk=121,
    # A chunk has 16 latent frames, which are divided evenly among the GPUs (split_inputs_cp).
    gpu_counts=(1, 2, 4, 8, 16),
    filling="the last frame is held",
    distilled_steps=1,
    # VideoDistillModelWithCtrl.generate_samples_from_batch takes them as **kwargs and makes one pass over noise.
    distilled_ignores=("num_steps", "guidance", "sigma_max"),
    restores_size=False,
    divider="the model",
    estimates={Control.DEPTH: "Depth Anything 2", Control.SEG: "Grounding DINO and SAM 2"},
)
TRANSFER25 = Model(
    frames_per_chunk=93,
    # A chunk has 24 latent frames. With other numbers of GPUs, upstream would have to cut pictures.
    gpu_counts=(1, 2, 3, 4, 6, 8),
    filling="they are played back and forth",
    distilled_steps=4,
    restores_size=True,
    # Upstream's documents say that upstream divides them; its code does so only if a control has a mask.
    divider="this program",
    estimates={Control.DEPTH: "Video Depth Anything", Control.SEG: "Grounding DINO and SAM 2"},
)


def chunking(request: InferenceRequest, model: Model) -> Chunking:
    """Return how the model divides the request's video into chunks."""
    overlap = int(request.parameters.get("num_conditional_frames", 1))
    length = int(request.parameters.get("num_video_frames_per_chunk", model.frames_per_chunk))
    return Chunking(frames=request.video.frames, frames_per_chunk=length, overlap=overlap)


def effective_steps(request: InferenceRequest, model: Model) -> int:
    """Return the diffusion steps that the model makes: Transfer1's distilled model makes one, whatever is asked for."""
    if request.parameters.get("use_distilled") and model.distilled_ignores:
        return model.distilled_steps
    return int(request.parameters["num_steps"])


def frame_plan(request: InferenceRequest, model: Model, seconds_per_chunk: float | None) -> FramePlan:
    """Return the size, chunks, seams and estimated time; the result is cut to the input's length."""
    cut = chunking(request, model)
    return FramePlan(
        frames=request.video.frames,
        size=_size(request),
        chunks=cut.chunks,
        frames_per_chunk=cut.frames_per_chunk,
        overlap=cut.overlap,
        seams=cut.seams,
        padding=cut.padding,
        estimate_s=None if seconds_per_chunk is None else cut.chunks * seconds_per_chunk,
    )


def _size(request: InferenceRequest) -> tuple[int, int]:
    return generated_size(request.video.size, str(request.parameters.get("resolution", RESOLUTION)))


def scout(request: InferenceRequest, model: Model) -> Scout:
    """Return a scout: the first chunk with few steps.

    The resolution and the model stay the same, because noise of another shape gives another picture for the same seed.
    """
    steps = min(effective_steps(request, model), SCOUT_STEPS)
    return Scout(parameters={"num_steps": steps}, frames=min(request.video.frames, model.frames_per_chunk))


def divided_weights(request: InferenceRequest) -> dict[Control, float]:
    """Return the weight of each control, divided by the sum of the weights if the sum is more than 1."""
    total = max(1.0, sum(control.weight for control in request.controls))
    return {control.kind: control.weight / total for control in request.controls}


def check_transfer_request(
    request: InferenceRequest, parameters: Mapping[str, Parameter], model: Model, *, guarded: bool = True
) -> tuple[str, ...]:
    """Return warnings about a request that Cosmos Transfer would run.

    Args:
        request: the request.
        parameters: the parameters of its engine, by name.
        model: the rules of its model.
        guarded: whether NVIDIA's guardrail reads the prompt.

    Raises:
        BadInput: the request would fail on the GPU, or the program would silently change it.
    """
    resolve(parameters, request.parameters, engine=request.engine)
    if not request.prompt.strip():
        raise BadInput(f"{request.name}: the prompt is empty")
    if request.num_gpu not in model.gpu_counts:
        allowed = ", ".join(map(str, model.gpu_counts))
        raise BadInput(f"{request.name}: num_gpu = {request.num_gpu}", allowed=allowed)
    _check_frames(request)
    _check_chunk(request)
    _check_own(request)
    _check_controls(request, model)
    if request.parameters.get("use_distilled"):
        _check_distilled(request)
        _check_ignored(request, parameters, model)
    return (
        *estimate_warnings(request, model.estimates),
        *_frame_warnings(request, model),
        *_look_warnings(request, model),
        *(blocklist_warnings(request) if guarded else ()),
    )


def _check_frames(request: InferenceRequest) -> None:
    frames = request.video.frames
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise BadInput(
            f"{request.video.path} has {frames} frames",
            allowed=f"{MIN_FRAMES} to {MAX_FRAMES} frames",
            action="cut it into several shots" if frames > MAX_FRAMES else "",
        )


def _check_own(request: InferenceRequest) -> None:
    """Refuse words and weights of one's own that would change nothing."""
    if request.parameters.get("seg_prompt") and not any(
        control.kind is Control.SEG and control.clip is None for control in request.controls
    ):
        raise BadInput(
            f"{request.name}: seg_prompt without a seg that the engine estimates",
            allowed="with a weight for seg, and no seg video",
        )
    if request.parameters.get("ckpt_path") and len(request.controls) != 1:
        raise BadInput(f"{request.name}: ckpt_path with {len(request.controls)} controls", allowed="one control")


def _check_chunk(request: InferenceRequest) -> None:
    length = int(request.parameters.get("num_video_frames_per_chunk", 93))
    overlap = int(request.parameters.get("num_conditional_frames", 1))
    if length % 4 != 1 or length <= overlap:
        raise BadInput(
            f"{request.name}: num_video_frames_per_chunk = {length}",
            allowed=f"5, 9, 13 and so on up to 93: 4k + 1 frames, more than the {overlap} that chunks share",
        )


def _check_controls(request: InferenceRequest, model: Model) -> None:
    if not request.controls:
        raise BadInput(
            f"{request.name}: no control takes part",
            allowed=f"at least one of {', '.join(map(str, model.controls))} with a video and a weight above 0",
        )
    for control in request.controls:
        if control.kind not in model.controls:
            raise BadInput(
                f"{request.name}: {request.engine} takes no control {str(control.kind)!r}",
                allowed=", ".join(map(str, model.controls)),
            )
        if not 0 < control.weight <= 1:
            raise BadInput(f"{request.name}: weight {control.weight:g} for {control.kind}", allowed="above 0, up to 1")
        if control.clip is None and control.kind not in model.estimates:
            raise BadInput(
                f"{request.name}: no {control.kind} video",
                action=f"give one with create-spec --control {control.kind}=VIDEO",
            )


def estimate_warnings(request: InferenceRequest, estimates: Mapping[Control, str]) -> tuple[str, ...]:
    """Return a sentence about the controls that the program estimates from the colour video, if there are any."""
    kinds = [control.kind for control in request.controls if control.clip is None]
    if not kinds:
        return ()
    told = ", ".join(f"{kind} by {estimates[kind]}" for kind in kinds)
    names = " and ".join(map(str, kinds))
    sentence = (
        f"{request.engine} estimates {names} from the colour video ({told}), the same for every seed; rendered passes "
        "would be exact, would not flicker, and would keep every object apart"
    )
    return (sentence,)


def _check_distilled(request: InferenceRequest) -> None:
    kinds = [control.kind for control in request.controls]
    if kinds != [Control.EDGE]:
        raise BadInput(
            f"{request.name}: use_distilled with {', '.join(map(str, kinds))}",
            allowed="edge alone: no other control has a distilled model",
        )


def _check_ignored(request: InferenceRequest, parameters: Mapping[str, Parameter], model: Model) -> None:
    """Refuse a value that the distilled model would not read; a sweep over it would make one video many times."""
    for name in model.distilled_ignores:
        usual = model.distilled_steps if name == "num_steps" else parameters[name].default
        value = request.parameters[name]
        if value not in {usual, parameters[name].default}:
            raise BadInput(
                f"{request.name}: {name} = {value} with use_distilled",
                allowed=f"{usual}: {request.engine}'s distilled model does not read it, and makes one video for all",
                action="leave it out, or set use_distilled=false",
            )
    if model.distilled_ignores and request.negative_prompt:
        raise BadInput(
            f"{request.name}: a negative prompt with use_distilled",
            allowed=f"none: {request.engine}'s distilled model reads none",
            action="leave it out, or set use_distilled=false",
        )


def _frame_warnings(request: InferenceRequest, model: Model) -> list[str]:
    cut = chunking(request, model)
    warnings = []
    if cut.frames < cut.frames_per_chunk:
        warnings.append(
            f"{cut.frames} frames are fewer than the {cut.frames_per_chunk} that the model makes at once; "
            f"{model.filling} to fill them up, and results of very short shots can be noisy"
        )
    if cut.wasted:
        warnings.append(
            f"{cut.frames} frames cost {cut.chunks} chunks of {cut.frames_per_chunk}; {cut.shorter} frames would cost "
            f"{cut.chunks - 1}"
        )
    size = _size(request)
    factor = stretch(request.video.size, size)
    if abs(factor - 1) > NOTICEABLE_STRETCH:
        back = " and back: to the model" if model.restores_size else ":"
        warnings.append(
            f"{request.video.size[0]}x{request.video.size[1]} is brought to {size[0]}x{size[1]}{back} everything "
            f"becomes {factor:.2f} times as wide"
        )
    return warnings


def _look_warnings(request: InferenceRequest, model: Model) -> list[str]:
    warnings = []
    weights = {control.kind: control.weight for control in request.controls}
    if list(weights) == [Control.VIS] and weights[Control.VIS] >= VIS_ALONE:
        warnings.append("vis alone at full weight gives back nearly the input; add edge, depth or seg, or lower it")
    total = sum(weights.values())
    if total > 1:
        told = ", ".join(f"{kind} {weight:.2f}" for kind, weight in divided_weights(request).items())
        warnings.append(f"the weights add up to {total:g}; {model.divider} divides them by it: {told}")
    warnings.extend(
        f"{name} = {request.parameters[name]} changes nothing: {kind} is sent as a video"
        for name, kind in (("blur_strength", "vis"), ("canny_threshold", "edge"))
        if request.parameters.get(name, DEFAULT_STRENGTH) != DEFAULT_STRENGTH
    )
    if request.parameters.get("use_distilled") and request.parameters.get("num_steps") != model.distilled_steps:
        warnings.append(f"the distilled model is made for num_steps = {model.distilled_steps}")
    return warnings
