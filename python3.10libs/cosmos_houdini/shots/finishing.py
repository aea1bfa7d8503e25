"""Upscale a result or another video, and let the engine write a prompt out: jobs like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from cosmos_houdini.config import Config
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.engines.base import Engine, Enhances, Upscales
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import kept_log
from cosmos_houdini.jobs.follow import raise_failure, run_job
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.specs.files import load_prompt_spec, save_prompt_spec

NEUTRAL_PROMPT: Final = (
    "The video captures a stunning, photorealistic scene with remarkable attention to detail, in ultra-high definition."
)
"""The prompt for a video whose own prompt is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finishing:
    """How a finishing job runs.

    Attributes:
        host: a name of the configuration; None for its default.
        num_gpu: GPUs for the inference.
        results: folder for the results; None for ``cosmos_out/<job id>`` in the project.
    """

    host: str | None = None
    num_gpu: int = 1
    results: Path | None = None


def plan_upscale(
    client: Client,
    source: str,
    reporter: Reporter,
    *,
    prompt: str = "",
    weight: float = 0.5,
    how: Finishing | None = None,
) -> Prepared:
    """Return the job that upscales a video to three times the engine's frame, such as 3840x2112.

    Args:
        client: of the project.
        source: the file of a video, or the id of a job that succeeded.
        reporter: takes the warnings.
        prompt: what the video shows; empty for the prompt of the job, or a neutral one.
        weight: how strongly the upscaler follows the video, 0.01 to 1.
        how: where it runs.

    Raises:
        BadInput: there is no such video or job, the job has no result, or a value cannot be used.
    """
    video, known = _source(client, source)
    name = portable_name(f"{video.parent.name if known else video.stem}-4k"[-80:].lstrip(".-")) or "upscaled"
    spec = PromptSpec(name=name, prompt=prompt or known or NEUTRAL_PROMPT, input_video=video)
    upscaler = next(engine for engine in _engines(client.config) if isinstance(engine, Upscales))
    how = how or Finishing()
    run = _run(spec, upscaler.name, upscaler.upscaling(weight), how)
    return plan_run(run, client.config, reporter, host=how.host, results=how.results)


def plan_enhancement(config: Config, spec: PromptSpec, reporter: Reporter, *, how: Finishing | None = None) -> Prepared:
    """Return the job in which the engine's own language model writes a prompt out, with the colour video before it.

    Raises:
        BadInput: a value or the video cannot be used.
    """
    bare = structs.replace(spec, controls={}, masks={}, regions={}, guided_generation_mask=None, image_context=None)
    enhancer = next(engine for engine in _engines(config) if isinstance(engine, Enhances))
    how = how or Finishing()
    run = _run(bare, enhancer.name, enhancer.enhancement(), how)
    return plan_run(run, config, reporter, host=how.host, results=how.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enhancement:
    """A prompt that an engine has written out.

    Attributes:
        record: the job.
        spec: the prompt spec with the new prompt.
        path: its file.
    """

    record: JobRecord
    spec: PromptSpec
    path: Path

    def document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"prompt": self.spec.prompt, "path": str(self.path), "job": self.record.job.document()}


def enhance_prompt(
    client: Client, spec_file: Path, reporter: Reporter, *, output: Path | None = None, how: Finishing | None = None
) -> Enhancement:
    """Let the engine write the prompt of a spec out, and write the spec with the new prompt.

    Args:
        client: of the project.
        spec_file: the prompt spec.
        reporter: shows the job.
        output: the new file; None for ``NAME-enhanced.spec.json`` beside the spec.
        how: where the job runs.

    Raises:
        BadInput: the spec cannot be used, or the engine has written no prompt.
        CosmosError: as for ``run_job`` and ``raise_failure``.
    """
    spec = load_prompt_spec(spec_file)
    record = run_job(client, plan_enhancement(client.config, spec, reporter, how=how), reporter)
    raise_failure([record], reporter)
    enhanced = structs.replace(spec, prompt=enhanced_prompt(client, record))
    path = output or spec_file.with_name(f"{spec.name}-enhanced.spec.json")
    save_prompt_spec(enhanced, path)
    return Enhancement(record=record, spec=enhanced, path=path)


def enhanced_prompt(client: Client, record: JobRecord) -> str:
    """Return the prompt that a finished enhancement has written.

    Raises:
        BadInput: the job has not succeeded, or its log holds no prompt.
    """
    found = client.engine(record).record(kept_log(record.results)) if record.state is JobState.SUCCEEDED else None
    if found is None or not found.prompt.strip():
        raise BadInput(f"{record.id} has written no prompt", action=f"look at `cosmos-houdini logs {record.id}`")
    return found.prompt


def _source(client: Client, source: str) -> tuple[Path, str]:
    """Return a video and the prompt it was made with; the prompt of a file is empty."""
    path = Path(source)
    if path.is_file():
        return path.absolute(), ""
    record = client.store.get(client.store.find(source))
    if record.state is not JobState.SUCCEEDED or not record.job.outputs:
        raise BadInput(f"{record.id} is {record.state} and has no result", allowed="a job that succeeded, or a video")
    return Path(record.job.outputs[0]), str(record.request["prompt"])


def _engines(config: Config) -> Iterator[Engine]:
    """Yield all engines: the configured default first, then the others."""
    return map(find_engine, dict.fromkeys((config.settings.defaults.engine, *engine_names())))


def _run(spec: PromptSpec, engine: str, parameters: Mapping[str, ParameterValue], how: Finishing) -> RunSpec:
    return RunSpec(name=spec.name, engine=engine, spec=spec, parameters=dict(parameters), num_gpu=how.num_gpu)
