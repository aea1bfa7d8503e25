"""Run NVIDIA Cosmos-Transfer2.5 2B with its own ``examples/inference.py``: one process for one or more videos.

The arguments, keys and rules are those of github.com/nvidia-cosmos/cosmos-transfer2.5 at commit 2ff49d07.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation
from cosmos_houdini.engines.cosmos.checkout import (
    find_checkout,
    input_suffix,
    input_videos,
    steady_files,
    steady_program,
    torchrun,
    version_command,
)
from cosmos_houdini.engines.cosmos.frame_size import generated_size
from cosmos_houdini.engines.cosmos.parameters import TRANSFER25_PARAMETERS
from cosmos_houdini.engines.cosmos.transfer_request import (
    TRANSFER25,
    check_transfer_request,
    divided_weights,
    frame_plan,
    scout,
)
from cosmos_houdini.engines.recipe import Recipe, Weights
from cosmos_houdini.engines.transfer25 import log as transfer25_log
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import GUIDED_MASK, IMAGE_CONTEXT, mask_role
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

PROGRAM = "examples/inference.py"
UPSTREAM = "cosmos-transfer2.5"
SPEC_FILE = "in/spec.json"
SPECS_FILE = "in/specs.jsonl"
RESULT_NAME = "result"
STEP_THRESHOLD = "guided_generation_step_threshold"
_CHECKPOINT = ("checkpoint_path", "experiment")
PAINTER = "cosmos_transfer2._src.transfer2.datasets.augmentors.seg"
"""Upstream's module that paints an estimated segmentation."""
CHECKPOINTS = "checkpoints"

SECONDS_PER_CHUNK = 264.13
STEPS_OF_THAT = 35
"""The time and steps that upstream publishes (docs/inference.md) for one chunk at 720p with seg on one H100 PCIe.

Loading takes additional time.
"""

BASE_BLOCKS, CONTROL_BLOCKS = 28, 4
"""The transformer blocks of the model, and those that each control adds (minimal_v4_lvg_dit_control_vace.py).

The published time is that of one control.
"""

GPU_EXPONENT = -0.82
"""The exponent with which the time depends on the number of GPUs.

Upstream's docs/inference.md gives 503, 155 and 93 s for the same edge video on 1, 4 and 8 H100 NVL.
"""

DISTILLED_SHARE = 64.5 / 502.6
"""The time of the distilled model's 4 steps, as a share of the time of 35 steps (upstream's docs/inference.md)."""


class Transfer25:
    """The engine ``transfer2.5``."""

    name = "transfer2.5"
    label = "Cosmos Transfer2.5"
    parameters: Mapping[str, Parameter] = TRANSFER25_PARAMETERS
    gpu_memory_gb = 65.4
    """The published value; more GPUs shorten the time, and each GPU needs this much memory."""
    needs = Needs(
        # A tool that uvx starts gets the checkpoints from Hugging Face. It also runs if they are already on the host.
        programs=("python", "torchrun", "uvx"),
        files=(PROGRAM,),
        action=f"clone github.com/nvidia-cosmos/{UPSTREAM} there, and set it up as its docs/setup.md says",
        models=(
            "nvidia/Cosmos-Transfer2.5-2B",
            "nvidia/Cosmos-Predict2.5-2B",
            "nvidia/Cosmos-Reason1-7B",
            "nvidia/Cosmos-Guardrail1",
            "Qwen/Qwen3Guard-Gen-0.6B",
        ),
        cache=CHECKPOINTS,
    )
    estimates: Mapping[Control, str] = TRANSFER25.estimates
    distilled_steps = TRANSFER25.distilled_steps
    extras = ("masks", GUIDED_MASK, IMAGE_CONTEXT)
    recipe = Recipe(
        repository="https://github.com/nvidia-cosmos/cosmos-transfer2.5.git",
        commit="2ff49d0717af02057ae79bc75c00fbff9da1b4e7",
        environment=(("uv", "sync", "--locked", "--extra=cu128"),),
        image=True,
        weights=tuple(Weights(repository=name) for name in needs.models),
        cache=CHECKPOINTS,
        settings=(("env", "{PATH: {engine_path}/.venv/bin:/usr/local/bin:/usr/bin:/bin}"),),
    )
    offload: Mapping[str, ParameterValue] = MappingProxyType({"offload_guardrail_models": True})
    """Only the guardrail models can be moved out of the GPU's memory (upstream issue 47)."""

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings; see engines.base."""
        warnings = check_transfer_request(request, self.parameters, TRANSFER25)
        if not float(request.video.fps).is_integer():
            raise BadInput(
                f"{request.video.path} has {request.video.fps:g} fps",
                allowed="a whole number of frames a second; of others the fraction is dropped",
                action="bring it to one with standardize --fps",
            )
        _check_extras(request)
        if request.parameters["use_distilled"]:
            return (*warnings, *_distilled_warnings(request, self.parameters))
        return warnings

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return chunks of 93 frames, and upstream's published time scaled by steps, pixels and GPUs."""
        return frame_plan(request, TRANSFER25, _seconds_per_chunk(request))

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout(request, TRANSFER25)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return upstream's command, the spec file and the videos.

        Raises:
            BadInput: the host's configuration has no path for cosmos-transfer2.5.
        """
        engine_path = find_checkout(site, self.name, UPSTREAM)
        return Invocation(
            argv=_argv([request], site.folder / SPEC_FILE, site),
            env=_env(request, engine_path),
            files={
                SPEC_FILE: json.dumps(_sample(request, site, RESULT_NAME), indent=2) + "\n",
                **steady_files(request),
            },
            inputs=input_videos(request),
            cwd=engine_path,
            version=version_command(engine_path),
            outputs=(
                ExpectedOutput(
                    path=PurePosixPath(f"{RESULT_NAME}.mp4"),
                    role="result",
                    frames=request.video.frames,
                    size=_restored_size(request),
                ),
            ),
        )

    def load_key(self, request: InferenceRequest) -> str:
        """Return the values that decide which checkpoints are loaded, and the arguments that apply to a whole process.

        A single control has its own model, and several controls share one model. So requests can share a process only
        if all of them have the same controls; only then does each request get the model that it gets when run alone.
        """
        kinds = ",".join(str(control.kind) for control in request.controls)
        flags = (name for name in ("use_distilled", "offload_guardrail_models") if request.parameters[name])
        own = (f"{name}={request.parameters[name]}" for name in _CHECKPOINT if request.parameters[name])
        return " ".join((kinds, *flags, *own))

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return one process that receives a sample for each request; see engines.base.

        Raises:
            BadInput: the host's configuration has no path for cosmos-transfer2.5.
        """
        engine_path = find_checkout(process, self.name, UPSTREAM)
        first, _ = members[0]
        requests = [request for request, _ in members]
        # Upstream appends a sample's name to its output folder. There, a link leads to the request's own folder.
        names = [f"{site.folder.name}/{RESULT_NAME}" for _, site in members]
        samples = (_sample(request, site, name) for (request, site), name in zip(members, names, strict=True))
        return SharedInvocation(
            invocation=Invocation(
                argv=_argv(requests, process.folder / SPECS_FILE, process),
                env=_env(first, engine_path),
                files={SPECS_FILE: "".join(json.dumps(sample) + "\n" for sample in samples), **steady_files(*requests)},
                inputs={},
                cwd=engine_path,
                outputs=(),
            ),
            begins=tuple(transfer25_log.begins(number, len(names), name) for number, name in enumerate(names, start=1)),
            links={f"out/{site.folder.name}": site.outputs for _, site in members},
        )

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress from the chunks and diffusion steps that are done."""
        return transfer25_log.progress(log, plan)

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the arguments that upstream writes to a file before it generates; see engines.base."""
        return transfer25_log.record(log, self.parameters)

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why the run failed; see engines.base."""
        return transfer25_log.failure(exit_code, log)


def _sample(request: InferenceRequest, site: Site, name: str) -> dict[str, Any]:
    """Return one sample in the form for upstream's parser, which refuses unknown keys.

    Paths are absolute, because upstream resolves relative paths from the folder of the file. Inside a control, upstream
    silently accepts unknown keys. Without ``control_path`` it makes the control itself.
    """
    sample: dict[str, Any] = {"name": name, "prompt": request.prompt}
    if request.negative_prompt and not request.parameters["use_distilled"]:
        sample["negative_prompt"] = request.negative_prompt
    sample["video_path"] = str(site.inputs / "color.mp4")
    sample |= {key: request.parameters[key] for key in _OF_A_SAMPLE}
    sample["keep_input_resolution"] = True
    weights = divided_weights(request)
    for control in request.controls:
        video = {"control_path": str(site.inputs / f"{control.kind}.mp4")} if control.clip else {}
        masked = mask_role(control.kind) in request.extras
        mask = {"mask_path": str(site.inputs / f"{mask_role(control.kind)}.mp4")} if masked else {}
        sample[str(control.kind)] = {**video, "control_weight": weights[control.kind], **mask}
        if control.kind is Control.SEG and request.parameters["seg_prompt"]:
            sample[str(control.kind)]["control_prompt"] = request.parameters["seg_prompt"]
    if GUIDED_MASK in request.extras:
        sample[GUIDED_MASK] = str(site.inputs / f"{GUIDED_MASK}.mp4")
        sample[STEP_THRESHOLD] = request.parameters[STEP_THRESHOLD]
    if style := request.extras.get(IMAGE_CONTEXT):
        sample["image_context_path"] = str(site.inputs / f"{IMAGE_CONTEXT}{input_suffix(IMAGE_CONTEXT, style)}")
    return sample


_OF_A_SAMPLE = ("seed", "guidance", "num_steps", "resolution", "num_conditional_frames", "num_video_frames_per_chunk")


def _check_extras(request: InferenceRequest) -> None:
    """Refuse extras that upstream refuses, or would not use.

    Raises:
        BadInput: a look is given twice, or a parameter has nothing that it applies to.
    """
    kinds = [control.kind for control in request.controls]
    if IMAGE_CONTEXT in request.extras and Control.VIS in kinds:
        raise BadInput(
            f"{request.name}: a picture with the look, and vis",
            allowed="one of the two: upstream takes the look from either, and refuses both",
            action="set the weight of vis to 0, or leave the picture out",
        )
    if request.parameters[STEP_THRESHOLD] != TRANSFER25_PARAMETERS[STEP_THRESHOLD].default and (
        GUIDED_MASK not in request.extras
    ):
        raise BadInput(
            f"{request.name}: {STEP_THRESHOLD} without {GUIDED_MASK}",
            allowed="with a mask that keeps the plate",
            action=f"give one with create-spec --keep VIDEO, or leave {STEP_THRESHOLD} out",
        )
    if request.parameters["checkpoint_path"] and len(kinds) > 1:
        raise BadInput(
            f"{request.name}: checkpoint_path with {', '.join(map(str, kinds))}",
            allowed="one control: with several, upstream loads its own checkpoints and ignores it",
        )


def _argv(requests: Sequence[InferenceRequest], specs: PurePosixPath, site: Site) -> tuple[str, ...]:
    request = requests[0]
    many = request.num_gpu > 1
    flags = {
        "--offload-guardrail-models": request.parameters["offload_guardrail_models"],
        # Only the first process notices that a prompt is blocked. If it continued with the next sample, the other
        # processes would not.
        "--no-keep-going": many,
    }
    return (
        *(torchrun(request, site) if many else ("python",)),
        *next((start for each in requests if (start := steady_program(each, site, PAINTER))), ()),
        PROGRAM,
        *("-i", str(specs), "-o", str(site.outputs)),
        *(("--model", "edge/distilled") if request.parameters["use_distilled"] else ()),
        *(
            word
            for name in _CHECKPOINT
            if request.parameters[name]
            for word in (f"--{name.replace('_', '-')}", str(request.parameters[name]))
        ),
        *(flag for flag, is_set in flags.items() if is_set),
    )


def _env(request: InferenceRequest, engine_path: PurePosixPath) -> dict[str, str]:
    packages = ("", "packages/cosmos-oss", "packages/cosmos-cuda")
    env = {
        "PYTHONPATH": ":".join(str(engine_path / package) for package in packages),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        # Without this, upstream writes the messages about chunks and blocked videos only to a separate file.
        "COSMOS_VERBOSE": "1",
        # In a container, no other folder remains after the job.
        "HF_HOME": str(engine_path / CHECKPOINTS),
    }
    if request.parameters["use_distilled"]:
        env["COSMOS_EXPERIMENTAL_CHECKPOINTS"] = "1"
    return env


def _restored_size(request: InferenceRequest) -> tuple[int, int]:
    """Return the size to which upstream restores the result: the input's width and height, rounded down to even."""
    width, height = request.video.size
    return width - width % 2, height - height % 2


def _seconds_per_chunk(request: InferenceRequest) -> float:
    parameters = request.parameters
    size, published = (
        generated_size(request.video.size, str(resolution)) for resolution in (parameters["resolution"], "720")
    )
    pixels = size[0] * size[1] / (published[0] * published[1])
    if parameters["use_distilled"]:
        steps = DISTILLED_SHARE * float(parameters["num_steps"]) / TRANSFER25.distilled_steps
    else:
        steps = float(parameters["num_steps"]) / STEPS_OF_THAT
    blocks = (BASE_BLOCKS + CONTROL_BLOCKS * len(request.controls)) / (BASE_BLOCKS + CONTROL_BLOCKS)
    return float(SECONDS_PER_CHUNK * steps * pixels * blocks * request.num_gpu**GPU_EXPONENT)


def _distilled_warnings(request: InferenceRequest, parameters: Mapping[str, Parameter]) -> list[str]:
    if request.video.frames > TRANSFER25.frames_per_chunk:
        raise BadInput(
            f"{request.name}: use_distilled with {request.video.frames} frames",
            allowed=f"up to {TRANSFER25.frames_per_chunk}: it was not made to go on from a chunk",
        )
    unused = []
    if request.negative_prompt:
        unused.append("the negative prompt")
    if request.parameters["guidance"] != parameters["guidance"].default:
        unused.append(f"guidance = {request.parameters['guidance']}")
    return [f"{' and '.join(unused)} changes nothing: the distilled model takes none"] if unused else []
