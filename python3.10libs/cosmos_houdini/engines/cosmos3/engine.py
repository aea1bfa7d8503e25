"""Run NVIDIA Cosmos 3 with its own framework: one process, and one load of the model, for one or more videos.

The contract is that of github.com/NVIDIA/cosmos-framework at commit 5eee9ed (1.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation
from cosmos_houdini.engines.cosmos.checkout import find_checkout, input_videos, version_command
from cosmos_houdini.engines.cosmos3 import log as cosmos3_log
from cosmos_houdini.engines.cosmos3.check_request import (
    check_cosmos3_request,
    generated_frames,
    plan_frames,
    scout_request,
)
from cosmos_houdini.engines.cosmos3.duration import seconds_per_chunk
from cosmos_houdini.engines.cosmos3.family import Cosmos3Family
from cosmos_houdini.engines.cosmos3.host_question import ask_framework, judge_framework
from cosmos_houdini.engines.cosmos3.parameters import SHARED_PARAMETERS
from cosmos_houdini.engines.cosmos3.spec import (
    CHECKPOINTS,
    RESULT,
    SPEC_FILE,
    SPECS_FILE,
    begin_text,
    write_command,
    write_environment,
    write_sample,
    write_samples,
)
from cosmos_houdini.engines.recipe import Recipe, Weights
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.finding import Finding
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

UPSTREAM = "cosmos-framework"
MODELS = ("Nano", "Super")
GPU_COUNTS = (1, 2, 4, 8)
_TRANSFER_MEMORY_GB = {"Nano": 64.0, "Super": 160.0}
"""GiB in bfloat16 without offload, by the documents of NVIDIA's NIM; the GPUs of Super divide its weights."""
FEWEST_GPUS = {"Nano": 1, "Super": 4}
_OWN = (
    Parameter(name="model", default="Nano", help="Nano has 16e9 weights, Super has 65e9.", choices=MODELS),
    Parameter(
        name="diffusion_cache",
        default=False,
        help="Skip steps that change little: less time, and another result. Upstream's command line does so by itself.",
    ),
    Parameter(name="guardrails", default=True, help="Load NVIDIA's guardrails."),
    Parameter(name="offload_guardrail_models", default=True, help="Less GPU memory, a little more time."),
)


UNASKED_GUARDRAILS = (
    "the framework loads its guardrails and asks them nothing about transfers, so look at the results yourself; "
    "guardrails=false saves their memory"
)


class Cosmos3(Cosmos3Family):
    """The engine ``cosmos3``."""

    name = "cosmos3"
    label = "Cosmos 3"
    parameters: Mapping[str, Parameter] = SHARED_PARAMETERS | {parameter.name: parameter for parameter in _OWN}
    gpu_memory_gb = 50.0
    """The most that servers measured for Nano in bfloat16; the framework publishes 32 GiB without a control."""
    needs = Needs(
        programs=("python", "torchrun"),
        files=("cosmos_framework/scripts/inference.py",),
        action=f"clone github.com/NVIDIA/{UPSTREAM} there, and set it up as its docs/setup.md says",
        models=("nvidia/Cosmos3-Nano", "nvidia/Cosmos-Guardrail1", "Qwen/Qwen3Guard-Gen-0.6B"),
        cache=CHECKPOINTS,
    )
    recipe = Recipe(
        repository=f"https://github.com/NVIDIA/{UPSTREAM}.git",
        commit="5eee9ed574255f017b192161bfbb5a10253d65cf",
        environment=(("uv", "sync", "--all-extras", "--group=cu130"),),
        image=True,
        weights=tuple(Weights(repository=name) for name in needs.models),
        cache=CHECKPOINTS,
        settings=(("env", "{PATH: {engine_path}/.venv/bin:/usr/local/bin:/usr/bin:/bin}"),),
    )
    offload: Mapping[str, ParameterValue] = MappingProxyType({"offload_guardrail_models": True})
    record_file = PurePosixPath("out") / RESULT / "sample_outputs.json"

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings; see engines.base."""
        warnings = check_cosmos3_request(request, self.parameters)
        _check_gpus(request)
        _check_first_frames(request)
        if request.parameters["guardrails"]:
            # ``_generate_transfer_batch`` of inference.py calls neither of them.
            return (*warnings, UNASKED_GUARDRAILS)
        return warnings

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return chunks of 93 frames or as many as are asked for, and an estimate from published times."""
        return plan_frames(request, seconds_per_chunk(request, generated_frames(request).frames_per_chunk))

    def memory_gb(self, request: InferenceRequest) -> float:
        """Return the memory for a transfer by NVIDIA's table for its servers; see engines.memory."""
        whole = _TRANSFER_MEMORY_GB[str(request.parameters["model"])]
        return whole / request.num_gpu if request.parameters["model"] == "Super" else whole

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout_request(request)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return upstream's command, the spec file and the videos.

        Raises:
            BadInput: the host's configuration has no path for cosmos-framework.
        """
        engine_path = find_checkout(site, self.name, UPSTREAM)
        plan = self.plan(request)
        videos = input_videos(request)
        if not request.parameters["num_first_chunk_conditional_frames"]:
            del videos["in/color.mp4"]
        return Invocation(
            argv=write_command(request, site.folder / SPEC_FILE, site),
            env=write_environment(engine_path),
            files={SPEC_FILE: write_samples([write_sample(request, site, RESULT)])},
            inputs=videos,
            cwd=engine_path,
            version=version_command(engine_path),
            outputs=(
                ExpectedOutput(
                    path=PurePosixPath(RESULT) / "vision.mp4", role="result", frames=plan.frames, size=plan.size
                ),
            ),
        )

    def load_key(self, request: InferenceRequest) -> str:
        """Return the values that hold for a whole process; every set of controls shares one model."""
        of_process = {parameter.name: request.parameters[parameter.name] for parameter in _OWN}
        return " ".join(f"{name}={value}" for name, value in of_process.items())

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return one process that receives a sample for each request; see engines.base.

        Upstream ends at the first error, whatever its ``--keep-going``. The requests after it have not begun then, and
        go to another process.

        Raises:
            BadInput: the host's configuration has no path for cosmos-framework.
        """
        engine_path = find_checkout(process, self.name, UPSTREAM)
        first, _ = members[0]
        names = [f"{site.folder.name}/{RESULT}" for _, site in members]
        samples = [write_sample(request, site, name) for (request, site), name in zip(members, names, strict=True)]
        return SharedInvocation(
            invocation=Invocation(
                argv=write_command(first, process.folder / SPECS_FILE, process),
                env=write_environment(engine_path),
                files={SPECS_FILE: write_samples(samples)},
                inputs={},
                cwd=engine_path,
                outputs=(),
            ),
            begins=tuple(begin_text(process.outputs, name) for name in names),
            links={f"out/{site.folder.name}": site.outputs for _, site in members},
        )

    def question(self, site: Site) -> tuple[str, ...]:
        """Return a command that looks at Python, checkout and checkpoints; see engines.base.AskingEngine."""
        engine_path = find_checkout(site, self.name, UPSTREAM)
        return ask_framework(engine_path, engine_path / CHECKPOINTS, self.needs.models)

    def answer(self, exit_code: int, stdout: str) -> Finding:
        """Return what is there, or what is missing or damaged; see engines.base.AskingEngine."""
        return judge_framework(exit_code, stdout, self.recipe.commit)

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress from the bars of the chunks and their diffusion steps."""
        return cosmos3_log.progress(log, plan)

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the values that upstream writes with the result; see engines.base."""
        return cosmos3_log.record(log, self.parameters)

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why the run failed; see engines.base."""
        return cosmos3_log.failure(exit_code, log)


def _check_gpus(request: InferenceRequest) -> None:
    model = str(request.parameters["model"])
    allowed = [count for count in GPU_COUNTS if count >= FEWEST_GPUS[model]]
    if request.num_gpu not in allowed:
        raise BadInput(
            f"{request.name}: num_gpu = {request.num_gpu} with the model {model}",
            allowed=", ".join(map(str, allowed)),
            action="" if model == "Nano" else "take model=Nano for fewer GPUs",
        )


def _check_first_frames(request: InferenceRequest) -> None:
    """Refuse another frame rate than the colour video's, where upstream would take that one without a word."""
    fps = float(request.parameters["fps"])
    if request.parameters["num_first_chunk_conditional_frames"] and fps != request.video.fps:
        raise BadInput(
            f"{request.name}: fps = {fps:g} with num_first_chunk_conditional_frames, and the colour video has "
            f"{request.video.fps:g}",
            allowed=f"fps = {request.video.fps:g}: a result that begins with the video's frames keeps its rate",
        )
