"""The tasks of Cosmos-Transfer1 besides the transfer: its 4K upscaler, and its model that writes prompts out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from cosmos_houdini.engines.cosmos.parameters import TASK, TRANSFER, UPSCALE, UPSCALE_WEIGHT
from cosmos_houdini.engines.cosmos.transfer_request import MAX_FRAMES, MIN_FRAMES, TRANSFER1, frame_plan
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Site

UPSCALE_STEPS: Final = 10
"""The diffusion steps of upstream's own example (examples/inference_cosmos_transfer1_7b_4kupscaler.md)."""
UPSCALE_FACTOR: Final = 3
ENHANCER: Final = "cosmos_transfer1/auxiliary/upsampler/inference/upsampler_pipeline.py"

TASK_PARAMETERS: Final = (TASK, UPSCALE_WEIGHT)
"""The parameters that upstream's own file does not have."""


def task_of(request: InferenceRequest) -> str:
    """Return the task of a request; a request that an older version made is a transfer."""
    return str(request.parameters.get(TASK, TRANSFER))


def check_task(request: InferenceRequest) -> None:
    """Check a request that is no transfer.

    Raises:
        BadInput: it has controls, too few or too many frames, or more GPUs than the task can use.
    """
    task, frames = task_of(request), request.video.frames
    if request.controls or request.extras:
        raise BadInput(
            f"{request.name}: {', '.join(role for role in request.clips if role != 'color')} with {TASK} = {task}",
            allowed="the colour video alone",
        )
    if not request.prompt.strip():
        raise BadInput(f"{request.name}: the prompt is empty")
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise BadInput(f"{request.video.path} has {frames} frames", allowed=f"{MIN_FRAMES} to {MAX_FRAMES} frames")
    counts = TRANSFER1.gpu_counts if task == UPSCALE else (1,)
    if request.num_gpu not in counts:
        raise BadInput(f"{request.name}: num_gpu = {request.num_gpu}", allowed=", ".join(map(str, counts)))


def plan_task(request: InferenceRequest) -> FramePlan:
    """Return the frames of a request that is no transfer, without a time, because none is published."""
    plan = frame_plan(request, TRANSFER1, None)
    if task_of(request) != UPSCALE:
        return plan
    return replace(plan, size=(plan.size[0] * UPSCALE_FACTOR, plan.size[1] * UPSCALE_FACTOR))


def enhancer_arguments(request: InferenceRequest, site: Site, checkpoints: PurePosixPath) -> tuple[str, ...]:
    """Return the arguments of upstream's program that writes a prompt out; it prints the prompt at its end.

    A prompt may begin with a dash, so that it is joined with its option.
    """
    return (
        ENHANCER,
        f"--prompt={request.prompt}",
        *("--input_video", str(site.inputs / "color.mp4")),
        *("--checkpoint_dir", str(checkpoints)),
    )
