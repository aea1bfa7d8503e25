"""Run Cosmos Transfer2.5 or Cosmos 3 with the diffusers library, in a program of ours that serves many requests.

The calls, the chunks and the weights are those of Cosmos2_5_TransferPipeline and Cosmos3OmniModularPipeline in
diffusers 0.42 (github.com/huggingface/diffusers, pipelines/cosmos and modular_pipelines/cosmos). Both take controls as
finished videos. The program is ``diffusers_transfer.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation
from cosmos_houdini.engines.cosmos import transfer_request
from cosmos_houdini.engines.cosmos.transfer_request import check_transfer_request, frame_plan, scout
from cosmos_houdini.engines.cosmos3.check_request import check_cosmos3_request, plan_frames, scout_request
from cosmos_houdini.engines.cosmos3.hints import HINTS
from cosmos_houdini.engines.diffusers import log as diffusers_log
from cosmos_houdini.engines.diffusers.models import (
    FIRST_FRAMES,
    MODELS,
    OFFLOAD,
    PARAMETERS,
    TRANSFER25,
    check_equal_weights,
    check_parameters,
    controlnet,
    model_of,
    only_control,
    prompt_of,
)
from cosmos_houdini.engines.recipe import Recipe, Weights
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.encode import Encoding, tail_filters
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import (
    ExpectedOutput,
    FramePlan,
    InferenceRequest,
    Invocation,
    Scout,
    Site,
)

_PACKAGES = (*("torch", "torchvision", "diffusers==0.42.1", "transformers==5.24.0", "accelerate", "cosmos_guardrail"),)
PROGRAM = "diffusers_transfer.py"
PROGRAM_FILE = f"in/{PROGRAM}"
REQUESTS_FILE = "in/requests.json"
RESULT = "result.mp4"

TRANSFER25_RULES = transfer_request.Model(
    frames_per_chunk=93, gpu_counts=(1,), filling="the last frame of the control is held"
)

_VERSION = (
    "from importlib.metadata import version; "
    "print(*(f'{name} {version(name)}' for name in ('diffusers', 'torch', 'transformers')), sep=', ')"
)


class Diffusers:
    """The engine ``diffusers``."""

    name = "diffusers"
    label = "Cosmos by Diffusers"
    parameters: Mapping[str, Parameter] = PARAMETERS
    gpu_memory_gb = 24.0
    """Slightly more than Transfer2.5 needs in bfloat16: 8.3e9 weights in the text encoder, about 2.4e9 in the rest.

    The additional memory for a chunk is not published. An attempt that runs out of memory is repeated with
    ``offload_models``.
    """
    needs = Needs(
        modules=("torch", "torchvision", "diffusers", "transformers", "accelerate", "cosmos_guardrail"),
        action="install them there with pip, and set hosts.<name>.python to the Python that has them",
    )
    recipe = Recipe(
        environment=(
            ("python3", "-m", "venv", "venv"),
            ("venv/bin/python", "-m", "pip", "install", *_PACKAGES),
        ),
        weights=(
            *(
                Weights(repository=TRANSFER25.repository, revision=revision, folder=revision)
                for revision in (
                    TRANSFER25.revision,
                    *(f"diffusers/controlnet/general/{hint}" for hint in HINTS.values()),
                )
            ),
            Weights(repository="nvidia/Cosmos3-Nano", folder="Cosmos3-Nano"),
            Weights(repository="nvidia/Cosmos-1.0-Guardrail"),
            Weights(repository="Qwen/Qwen3Guard-Gen-0.6B"),
        ),
        settings=(("python", "{engine_path}/venv/bin/python"), ("env", "{HF_HOME: {engine_path}/checkpoints}")),
    )
    offload: Mapping[str, ParameterValue] = {OFFLOAD: True}

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings; see engines.base."""
        check_parameters(request)
        if _is_cosmos3(request):
            warnings = check_cosmos3_request(request, self.parameters, weighted=False, crops=False)
            check_equal_weights(request)
            if request.num_gpu != 1:
                raise BadInput(f"{request.name}: num_gpu = {request.num_gpu}", allowed="1 with the engine diffusers")
        else:
            warnings = check_transfer_request(request, self.parameters, TRANSFER25_RULES)
            only_control(request)
        guidance = float(request.parameters["guidance"])
        if guidance <= 1:
            return (*warnings, f"guidance = {guidance:g} is none: it begins above 1, and with it the negative prompt")
        return warnings

    def reads_captions(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Return whether the model is one of Cosmos 3; see engines.captions."""
        return MODELS[str(parameters["model"])].family == "cosmos3"

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return the chunks of the request's model, without a time, because none is published."""
        return plan_frames(request, None) if _is_cosmos3(request) else frame_plan(request, TRANSFER25_RULES, None)

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout_request(request) if _is_cosmos3(request) else scout(request, TRANSFER25_RULES)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return the program, the request and the videos that its model reads."""
        plan = self.plan(request)
        return Invocation(
            argv=_argv(site),
            env=_env(),
            files=_files([(request, site)], site),
            inputs={f"in/{role}.mp4": path for role, path in _videos(request).items()},
            version=(site.python, "-c", _VERSION),
            outputs=(ExpectedOutput(path=PurePosixPath(RESULT), role="result", frames=plan.frames, size=plan.size),),
        )

    def load_key(self, request: InferenceRequest) -> str:
        """Return a key for the weights that are loaded and whether they are offloaded."""
        controls = "" if _is_cosmos3(request) else f" {only_control(request).kind}"
        return f"{model_of(request).name}{controls} {OFFLOAD}={request.parameters[OFFLOAD]}"

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
    chosen = model_of(first)
    document = {
        "model": {
            "family": chosen.family,
            "pipeline": chosen.weights(engine_path),
            "controlnet": None if _is_cosmos3(first) else controlnet(first, engine_path),
            "offload": first.parameters[OFFLOAD],
        },
        "requests": [_request(request, site) for request, site in members],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _is_cosmos3(request: InferenceRequest) -> bool:
    return model_of(request).family == "cosmos3"


def _videos(request: InferenceRequest) -> dict[str, Path]:
    """Return the videos that the model reads, by role; the colour video only if the result begins with its frames."""
    clips = {str(control.kind): control.clip.path for control in request.controls if control.clip}
    first = {"color": request.video.path} if int(request.parameters[FIRST_FRAMES]) else {}
    return {**clips, **first}


def _request(request: InferenceRequest, site: Site) -> dict[str, Any]:
    plan = Diffusers().plan(request)
    fps = int(request.parameters["fps"])
    readers = {role: _reader(str(site.inputs / f"{role}.mp4"), role, plan, fps) for role in _videos(request)}
    return {
        "name": site.folder.name,
        "folder": str(site.folder),
        "prompt": prompt_of(request),
        "negative_prompt": request.negative_prompt,
        "hints": {str(kind): hint for kind, hint in HINTS.items()},
        "weights": {str(control.kind): control.weight for control in request.controls},
        "seed": request.parameters["seed"],
        "fps": fps,
        "parameters": dict(request.parameters),
        "size": list(plan.size),
        "frames": plan.frames,
        "chunks": plan.chunks,
        "frames_per_chunk": plan.frames_per_chunk,
        "overlap": plan.overlap,
        "ffmpeg": site.ffmpeg,
        "readers": readers,
        "writer": _writer(plan, fps),
        "result": str(site.outputs / RESULT),
    }


def _reader(video: str, role: str, plan: FramePlan, fps: int) -> list[str]:
    """Return the FFmpeg arguments that print a video as RGB pictures of the generated size.

    The frame rate before the input makes FFmpeg count frames and ignore the file's own times. FFmpeg reads one frame
    more than needed, so that a video that is too long is detected.
    """
    width, height = plan.size
    how = "neighbor" if role == Control.SEG else "bilinear"
    return [
        *("-nostdin", "-v", "error", "-xerror", "-r", str(fps), "-i", video, "-frames:v", str(plan.frames + 1)),
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


def _argv(site: Site) -> tuple[str, ...]:
    return (site.python, str(site.folder / PROGRAM_FILE), str(site.folder / REQUESTS_FILE))


def _env() -> dict[str, str]:
    return {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def _files(members: Sequence[tuple[InferenceRequest, Site]], site: Site) -> dict[str, str]:
    program = resources.files("cosmos_houdini.engines.diffusers").joinpath(PROGRAM).read_text(encoding="utf-8")
    return {PROGRAM_FILE: program, REQUESTS_FILE: requests_text(members, site.engine_path)}
