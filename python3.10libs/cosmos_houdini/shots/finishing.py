"""Upscale a result or another video, and let the engine write a prompt out: jobs like any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import structs

from cosmos_houdini.config import Config
from cosmos_houdini.engines.cosmos.parameters import ENHANCE, TASK, UPSCALE, UPSCALE_WEIGHT
from cosmos_houdini.engines.transfer1.tasks import UPSCALE_STEPS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import kept_log
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.spec import PromptSpec, RunSpec, SpecValue
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.run import plan_run

ENGINE: Final = "transfer1"
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
    parameters: dict[str, SpecValue] = {TASK: UPSCALE, "num_steps": UPSCALE_STEPS, UPSCALE_WEIGHT: weight}
    spec = PromptSpec(name=name, prompt=prompt or known or NEUTRAL_PROMPT, input_video=video)
    return _plan(spec, {**parameters, "offload_text_encoder_model": True}, client.config, reporter, how or Finishing())


def plan_enhancement(config: Config, spec: PromptSpec, reporter: Reporter, *, how: Finishing | None = None) -> Prepared:
    """Return the job in which the engine's own language model writes a prompt out, with the colour video before it.

    Raises:
        BadInput: a value or the video cannot be used.
    """
    return _plan(
        structs.replace(spec, controls={}, masks={}, regions={}), {TASK: ENHANCE}, config, reporter, how or Finishing()
    )


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


def _plan(
    spec: PromptSpec, parameters: dict[str, SpecValue], config: Config, reporter: Reporter, how: Finishing
) -> Prepared:
    run = RunSpec(name=spec.name, engine=ENGINE, spec=spec, parameters=parameters, num_gpu=how.num_gpu)
    return plan_run(run, config, reporter, host=how.host, results=how.results)
