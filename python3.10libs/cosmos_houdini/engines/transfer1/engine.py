"""Run NVIDIA Cosmos-Transfer1 7B with its own ``transfer.py``: one process for one video.

The arguments, spec keys and rules are those of github.com/nvidia-cosmos/cosmos-transfer1 at commit 5005e823.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, UnsharedEngine
from cosmos_houdini.engines.cosmos.checkout import (
    find_checkout,
    input_videos,
    steady_files,
    steady_program,
    torchrun,
    version_command,
)
from cosmos_houdini.engines.cosmos.parameters import (
    ENHANCE,
    TASK,
    TRANSFER,
    TRANSFER1_PARAMETERS,
    UPSCALE,
    UPSCALE_WEIGHT,
)
from cosmos_houdini.engines.cosmos.transfer_request import (
    TRANSFER1,
    check_transfer_request,
    effective_steps,
    frame_plan,
    scout,
)
from cosmos_houdini.engines.recipe import Recipe, Weights
from cosmos_houdini.engines.transfer1 import log as transfer1_log
from cosmos_houdini.engines.transfer1.tasks import (
    TASK_PARAMETERS,
    UPSCALE_STEPS,
    check_task,
    enhancer_arguments,
    plan_task,
    task_of,
)
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.blur_presets import TRANSFER1 as TRANSFER1_BLUR
from cosmos_houdini.media.controls.blur_presets import BlurPreset
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import region_role
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

PROGRAM = "cosmos_transfer1/diffusion/inference/transfer.py"
SPEC_FILE = "in/spec.json"
RESULT_NAME = "result"
_OF_CONTROLS = ("seg_prompt", "ckpt_path")
"""The parameters that are written into a control."""
PAINTER = "cosmos_transfer1.diffusion.datasets.augmentors.control_input"
"""Upstream's module that paints an estimated segmentation."""

SECONDS_PER_CHUNK = 19 * 60 / 2
STEPS_OF_THAT = 35
"""The steps of the only published time: 19 minutes for two chunks of 35 steps, edge and seg, on one H100 with 80 GB.

The source is github.com/carla-simulator/carla, pull request 9798. The time includes loading, so estimates are too long
rather than too short.
"""

OFFLOAD: Mapping[str, ParameterValue] = {name: True for name in TRANSFER1_PARAMETERS if name.startswith("offload_")}
"""The parameters that move models between GPU memory and main memory; they do not change the computation."""

_FLAGS = tuple(name for name, parameter in TRANSFER1_PARAMETERS.items() if isinstance(parameter.default, bool))


_MANY_GPUS = (
    "upstream shows several GPUs with one control alone; with several controls, its code divides only the first among "
    "the GPUs, so that the others may be wrong from the second slice on: compare a short run on one GPU first"
)

CHECKPOINTS = "checkpoints"
_MODEL = f"{CHECKPOINTS}/nvidia/Cosmos-Transfer1-7B"
# Only the files that inference loads (cosmos_transfer1/checkpoints.py). Upstream's download is 300 GB and contains many
# other files.
_NEEDS = Needs(
    programs=("torchrun",),
    files=(
        PROGRAM,
        *(f"{_MODEL}/{name}.pt" for name in ("base_model", *(f"{kind}_control" for kind in TRANSFER1.controls))),
        f"{CHECKPOINTS}/nvidia/Cosmos-Tokenize1-CV8x8x8-720p",
        f"{CHECKPOINTS}/nvidia/Cosmos-Guardrail1",
        f"{CHECKPOINTS}/google-t5/t5-11b",
        f"{CHECKPOINTS}/meta-llama/Llama-Guard-3-8B",
    ),
    action="in a checkout of cosmos-transfer1 there, run scripts/download_checkpoints.py --output_dir checkpoints/",
)


_RECIPE = Recipe(
    repository="https://github.com/nvidia-cosmos/cosmos-transfer1.git",
    commit="5005e823dbd478ad8e51f6bc28a913a13a994b5f",
    image=True,
    weights=(
        Weights(
            repository="nvidia/Cosmos-Transfer1-7B",
            files=("base_model.pt", *(f"{kind}_control.pt" for kind in TRANSFER1.controls)),
            folder=_MODEL,
        ),
        *(
            Weights(repository=name, folder=f"{CHECKPOINTS}/{name}")
            for name in (
                *("nvidia/Cosmos-Tokenize1-CV8x8x8-720p", "nvidia/Cosmos-Guardrail1"),
                "meta-llama/Llama-Guard-3-8B",
            )
        ),
        # The same weights lie there for TensorFlow too.
        Weights(
            repository="google-t5/t5-11b",
            files=("*.json", "*.model", "pytorch_model.bin"),
            folder=f"{CHECKPOINTS}/google-t5/t5-11b",
        ),
    ),
    cache=CHECKPOINTS,
)


class Transfer1(UnsharedEngine):
    """The engine ``transfer1``."""

    name = "transfer1"
    label = "Cosmos Transfer1"
    parameters: Mapping[str, Parameter] = TRANSFER1_PARAMETERS
    gpu_memory_gb = 75.0
    """GPUs with 80 GB run it if they are nearly empty; 60 GiB free was not enough, even with everything offloaded
    (upstream issue 189)."""
    needs = _NEEDS
    recipe = _RECIPE
    offload: Mapping[str, ParameterValue] = OFFLOAD
    blur_presets: Mapping[str, BlurPreset] = TRANSFER1_BLUR
    estimates: Mapping[Control, str] = TRANSFER1.estimates
    distilled_steps = TRANSFER1.distilled_steps
    extras = ("regions",)

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings; see engines.base."""
        if task_of(request) != TRANSFER:
            check_task(request)
            return ()
        warnings = check_transfer_request(request, self.parameters, TRANSFER1)
        _check_regions(request, self.plan(request))
        if request.num_gpu > 1 and len(request.controls) > 1:
            # general_dit_ctrl_enc.py divides the frames of the first control alone among the GPUs.
            return (*warnings, _MANY_GPUS)
        return warnings

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return chunks of 121 frames that overlap by one frame, and a time scaled by the number of steps."""
        if task_of(request) != TRANSFER:
            return plan_task(request)
        steps = effective_steps(request, TRANSFER1)
        return frame_plan(request, TRANSFER1, SECONDS_PER_CHUNK * steps / STEPS_OF_THAT)

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout(request, TRANSFER1)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return torchrun's command, the spec file and the videos.

        Raises:
            BadInput: the host's configuration has no path for cosmos-transfer1.
        """
        engine_path = find_checkout(site, self.name, "cosmos-transfer1")
        if task_of(request) == ENHANCE:
            return _enhancement(request, site, engine_path)
        plan = self.plan(request)
        return Invocation(
            argv=_argv(request, site, engine_path),
            env=_env(engine_path),
            files={SPEC_FILE: spec_text(request, site), **steady_files(request)},
            inputs=input_videos(request),
            cwd=engine_path,
            version=version_command(engine_path),
            outputs=(
                ExpectedOutput(
                    path=PurePosixPath(f"{RESULT_NAME}.mp4"), role="result", frames=plan.frames, size=plan.size
                ),
            ),
        )

    def upscaling(self, weight: float) -> Mapping[str, ParameterValue]:
        """Return the parameters of upstream's own example, with less memory for the text; see engines.base."""
        steps = {"num_steps": UPSCALE_STEPS, "offload_text_encoder_model": True}
        return {TASK: UPSCALE, UPSCALE_WEIGHT: weight, **steps}

    def enhancement(self) -> Mapping[str, ParameterValue]:
        """Return the task; see engines.base."""
        return {TASK: ENHANCE}

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress in chunks; upstream reports nothing finer."""
        return transfer1_log.progress(log, plan)

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the arguments and weights that upstream prints; see engines.base."""
        return transfer1_log.record(log, self.parameters)

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why the run failed; see engines.base."""
        return transfer1_log.failure(exit_code, log)


def spec_text(request: InferenceRequest, site: Site) -> str:
    """Return the text of the spec file for ``--controlnet_specs``.

    The prompt and the numbers are in this file and not on the command line. Upstream lets a command-line argument
    override the file only in the form ``--key value``, and text in the file arrives unchanged. Paths are absolute,
    because upstream resolves relative paths from its working folder. The file is ASCII, because upstream opens it in
    the locale's encoding.
    """
    numbers = {
        name: value
        for name, value in request.parameters.items()
        if name not in {*_FLAGS, *TASK_PARAMETERS, *_OF_CONTROLS}
    }
    if task_of(request) == UPSCALE:
        numbers = {name: numbers[name] for name in ("seed", "num_steps", "guidance", "fps")}
    spec: dict[str, Any] = {"prompt": request.prompt}
    if request.negative_prompt:
        spec["negative_prompt"] = request.negative_prompt
    spec["input_video_path"] = str(site.inputs / "color.mp4")
    spec |= numbers
    for control in request.controls:
        # Without a video, upstream estimates the control.
        video = {"input_control": str(site.inputs / f"{control.kind}.mp4")} if control.clip else {}
        own = {"ckpt_path": checkpoint} if (checkpoint := request.parameters.get("ckpt_path")) else {}
        words = request.parameters.get("seg_prompt") if control.kind is Control.SEG else ""
        objects = {"input_control_prompt": words} if words else {}
        spec[str(control.kind)] = {"control_weight": control.weight, **video, **own, **objects}
    if task_of(request) == UPSCALE:
        spec[UPSCALE] = {"control_weight": request.parameters[UPSCALE_WEIGHT]}
    if request.regions:
        spec["regional_prompts"] = [
            {"prompt": prompt, "region_definitions_path": str(site.inputs / f"{region_role(number)}.mp4")}
            for number, prompt in enumerate(request.regions, start=1)
        ]
    return json.dumps(spec, indent=2, ensure_ascii=True) + "\n"


def _enhancement(request: InferenceRequest, site: Site, engine_path: PurePosixPath) -> Invocation:
    """Return the command that writes a prompt out; it makes no video."""
    return Invocation(
        argv=(*torchrun(request, site), *enhancer_arguments(request, site, engine_path / CHECKPOINTS)),
        env=_env(engine_path),
        files={},
        inputs=input_videos(request),
        cwd=engine_path,
        version=version_command(engine_path),
        outputs=(),
    )


def _check_regions(request: InferenceRequest, plan: FramePlan) -> None:
    """Refuse masks of regions that upstream cannot use: it neither resizes them nor divides them into chunks.

    Raises:
        BadInput: the masks have another size or length than one chunk, or the distilled model would leave them out.
    """
    if not request.regions:
        return
    if request.parameters["use_distilled"]:
        raise BadInput(f"{request.name}: regions with use_distilled", allowed="none: that model leaves them out")
    if request.video.size != plan.size or request.video.frames != TRANSFER1.frames_per_chunk:
        width, height = plan.size
        raise BadInput(
            f"{request.name}: regions with {request.video.frames} frames of {request.video.size[0]}x"
            f"{request.video.size[1]}",
            allowed=f"{TRANSFER1.frames_per_chunk} frames of {width}x{height}: upstream reads their masks as they are",
            action="convert the shot in that size (--fit letterbox) and length, or cut it",
        )


def _argv(request: InferenceRequest, site: Site, engine_path: PurePosixPath) -> tuple[str, ...]:
    return (
        *torchrun(request, site),
        *steady_program(request, site, PAINTER),
        PROGRAM,
        "--checkpoint_dir",
        str(engine_path / CHECKPOINTS),
        "--controlnet_specs",
        str(site.folder / SPEC_FILE),
        "--video_save_folder",
        str(site.outputs),
        "--video_save_name",
        RESULT_NAME,
        "--num_gpus",
        str(request.num_gpu),
        *(f"--{name}" for name in _FLAGS if request.parameters[name]),
    )


def _env(engine_path: PurePosixPath) -> dict[str, str]:
    return {
        "PYTHONPATH": str(engine_path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "LOGURU_LEVEL": "INFO",
        # Without this, the server of the prompt upsampler picks a backend that fails on the documented image
        # (INSTALL.md).
        "VLLM_ATTENTION_BACKEND": "FLASHINFER",
    }
