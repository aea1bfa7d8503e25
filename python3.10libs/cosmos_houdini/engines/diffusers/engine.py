"""Run Cosmos Transfer2.5 2B with the diffusers library, in a program of ours that loads once for many requests.

The call, the chunks and the weights are those of Cosmos2_5_TransferPipeline in diffusers 0.39
(github.com/huggingface/diffusers, pipelines/cosmos/pipeline_cosmos2_5_transfer.py). The pipeline takes one control as a
finished video, and does not use the colour video. The program is ``diffusers_transfer.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation
from cosmos_houdini.engines.cosmos.transfer_request import Model, check_transfer_request, frame_plan, scout
from cosmos_houdini.engines.diffusers import log as diffusers_log
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.encode import Encoding, tail_filters
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import (
    ControlInput,
    ExpectedOutput,
    FramePlan,
    InferenceRequest,
    Invocation,
    Scout,
    Site,
)

PROGRAM = "diffusers_transfer.py"
PROGRAM_FILE = f"in/{PROGRAM}"
REQUESTS_FILE = "in/requests.json"
RESULT = "result.mp4"

REPOSITORY = "nvidia/Cosmos-Transfer2.5-2B"
PIPELINE_REVISION = "diffusers/general"
_CONTROLNET_REVISIONS = {
    Control.VIS: "diffusers/controlnet/general/blur",
    Control.EDGE: "diffusers/controlnet/general/edge",
    Control.DEPTH: "diffusers/controlnet/general/depth",
    Control.SEG: "diffusers/controlnet/general/seg",
}

DIFFUSERS = Model(frames_per_chunk=93, gpu_counts=(1,), filling="the last frame of the control is held")

_OFFLOAD = "offload_models"
# The names and defaults are those of the pipeline's call, except for the names that Cosmos spells differently.
_TABLE = (
    Parameter(name="seed", default=1, help="Start of the random numbers.", low=0, high=2**31 - 1),
    Parameter(name="num_steps", default=36, help="Diffusion steps.", low=1, high=100),
    Parameter(name="guidance", default=3.0, help="How strongly the prompt pulls; up to 1 it does not.", low=0, high=20),
    Parameter(
        name="fps", default=24, help="Frames a second of the result; the input's where nothing is said.", low=1, high=60
    ),
    Parameter(name=_OFFLOAD, default=False, help="Less GPU memory, more time: one model at a time is on the GPU."),
)

_VERSION = (
    "from importlib.metadata import version; "
    "print(*(f'{name} {version(name)}' for name in ('diffusers', 'torch', 'transformers')), sep=', ')"
)


class Diffusers:
    """The engine ``diffusers``."""

    name = "diffusers"
    label = "Cosmos Transfer2.5 by Diffusers"
    parameters: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _TABLE}
    gpu_memory_gb = 24.0
    """Slightly more than the weights need in bfloat16: 8.3e9 weights in the text encoder, about 2.4e9 in the rest.

    The additional memory for a chunk is not published. An attempt that runs out of memory is repeated with
    ``offload_models``.
    """
    needs = Needs(
        modules=("torch", "torchvision", "diffusers", "transformers", "accelerate", "cosmos_guardrail"),
        action="install them there with pip, and set hosts.<name>.python to the Python that has them",
    )
    offload: Mapping[str, ParameterValue] = {_OFFLOAD: True}

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings; see engines.base."""
        warnings = check_transfer_request(request, self.parameters, DIFFUSERS)
        _only_control(request)
        guidance = float(request.parameters["guidance"])
        if guidance <= 1:
            return (*warnings, f"guidance = {guidance:g} is none: it begins above 1, and with it the negative prompt")
        return warnings

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return chunks of 93 frames that overlap by one frame, without a time, because none is published."""
        return frame_plan(request, DIFFUSERS, None)

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout(request, DIFFUSERS)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return the program, the request and the control video."""
        control = _only_control(request)
        plan = self.plan(request)
        return Invocation(
            argv=_argv(site),
            env=_env(),
            files=_files([(request, site)], site),
            inputs={_control_file(control): control.clip.path} if control.clip else {},
            version=(site.python, "-c", _VERSION),
            outputs=(ExpectedOutput(path=PurePosixPath(RESULT), role="result", frames=plan.frames, size=plan.size),),
        )

    def load_key(self, request: InferenceRequest) -> str:
        """Return a key for the weights that are loaded and whether they are offloaded."""
        control = _only_control(request)
        return f"{control.kind} {_OFFLOAD}={request.parameters[_OFFLOAD]}"

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return one process for all requests, which reads and writes each request's files in its own job's folder."""
        return SharedInvocation(
            invocation=Invocation(
                argv=_argv(process), env=_env(), files=_files(members, process), inputs={}, outputs=()
            ),
            begins=tuple(
                diffusers_log.begin_line(number, len(members), site.folder.name)
                for number, (_, site) in enumerate(members, start=1)
            ),
        )

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress in steps over all chunks; see engines.base."""
        return diffusers_log.progress(log, plan)

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the values with which the program called the pipeline; see engines.base."""
        return diffusers_log.record(log)

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why the run failed; see engines.base."""
        return diffusers_log.failure(exit_code, log)


def requests_text(members: Sequence[tuple[InferenceRequest, Site]], engine_path: PurePosixPath | None) -> str:
    """Return the text of the file that the program reads: the weights, and the requests in order.

    Args:
        members: requests that share their weights, and the site of each request's job.
        engine_path: the folder with the weights on the host; if None, they come from the Hub's cache or the Hub.
    """
    first = members[0][0]
    document = {
        "model": {
            "pipeline": _weights(engine_path, PIPELINE_REVISION),
            "controlnet": _weights(engine_path, _CONTROLNET_REVISIONS[_only_control(first).kind]),
            "offload": first.parameters[_OFFLOAD],
        },
        "requests": [_request(request, site) for request, site in members],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _weights(engine_path: PurePosixPath | None, revision: str) -> dict[str, str | None]:
    """Return the location of weights: a revision of the repository, or a folder with the revision's name."""
    if engine_path is None:
        return {"path": REPOSITORY, "revision": revision}
    return {"path": str(engine_path / revision), "revision": None}


def _request(request: InferenceRequest, site: Site) -> dict[str, Any]:
    control = _only_control(request)
    plan = frame_plan(request, DIFFUSERS, None)
    fps = int(request.parameters["fps"])
    return {
        "name": site.folder.name,
        "folder": str(site.folder),
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "kind": str(control.kind),
        "weight": control.weight,
        **{name: value for name, value in request.parameters.items() if name != _OFFLOAD},
        "size": list(plan.size),
        "frames": plan.frames,
        "chunks": plan.chunks,
        "frames_per_chunk": plan.frames_per_chunk,
        "overlap": plan.overlap,
        "ffmpeg": site.ffmpeg,
        "reader": _reader(str(site.folder / _control_file(control)), control.kind, plan, fps),
        "writer": _writer(plan, fps),
        "result": str(site.outputs / RESULT),
    }


def _reader(control: str, kind: Control, plan: FramePlan, fps: int) -> list[str]:
    """Return the FFmpeg arguments that print the control as RGB pictures of the generated size.

    The frame rate before the input makes FFmpeg count frames and ignore the file's own times. FFmpeg reads one frame
    more than needed, so that a control that is too long is detected.
    """
    width, height = plan.size
    how = "neighbor" if kind is Control.SEG else "bilinear"
    return [
        *("-nostdin", "-v", "error", "-xerror", "-r", str(fps), "-i", control, "-frames:v", str(plan.frames + 1)),
        *("-vf", f"scale={width}:{height}:flags={how}+accurate_rnd+full_chroma_int"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
    ]


def _writer(plan: FramePlan, fps: int) -> list[str]:
    """Return the FFmpeg arguments, without the output file, that encode RGB pictures.

    The same pictures always give the same bytes.
    """
    encoding = Encoding()
    return [
        *("-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-video_size", "x".join(map(str, plan.size)), "-framerate", str(fps), "-i", "pipe:0"),
        *("-vf", ",".join(tail_filters(encoding.pix_fmt)), "-c:v", "libx264", "-preset", encoding.preset),
        # The bytes from x264 depend on the number of threads, which would otherwise depend on the number of cores.
        *("-crf", str(encoding.crf), "-threads", "4", "-flags:v", "+bitexact", "-fflags", "+bitexact"),
        *("-map_metadata", "-1", "-movflags", "+faststart"),
    ]


def _only_control(request: InferenceRequest) -> ControlInput:
    if len(request.controls) != 1:
        raise BadInput(
            f"{request.name}: {', '.join(str(control.kind) for control in request.controls) or 'no control'}",
            allowed="exactly one control with a weight above 0 with the engine diffusers",
            action="set the other weights to 0, or take the engine transfer2.5",
        )
    return request.controls[0]


def _control_file(control: ControlInput) -> str:
    return f"in/{control.kind}.mp4"


def _argv(site: Site) -> tuple[str, ...]:
    return (site.python, str(site.folder / PROGRAM_FILE), str(site.folder / REQUESTS_FILE))


def _env() -> dict[str, str]:
    return {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def _files(members: Sequence[tuple[InferenceRequest, Site]], site: Site) -> dict[str, str]:
    program = resources.files("cosmos_houdini.engines.diffusers").joinpath(PROGRAM).read_text(encoding="utf-8")
    return {PROGRAM_FILE: program, REQUESTS_FILE: requests_text(members, site.engine_path)}
