"""A shot from its frames to a verified result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import Engine
from cosmos_houdini.engines.cosmos.chunks import chunk_sentence
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.follow import run_job
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.metadata import read_metadata, verified_clips
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.options import (
    DEFAULT_ENCODING,
    DEFAULT_FRAMES,
    EncodeOptions,
    FrameOptions,
    ShotSource,
    SubmitOptions,
    refuse_shaping,
)
from cosmos_houdini.shots.prompts import prompt_of_shot
from cosmos_houdini.shots.restore import restore_result
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.shots.shot import Shot
from cosmos_houdini.specs.files import save_prompt_spec, save_run_spec
from cosmos_houdini.specs.prompts import read_prompt
from cosmos_houdini.specs.request import caching_probe
from cosmos_houdini.specs.values import validate_spec

INPUTS = "input"
_NO_PROMPT = "-"
"""A prompt for specs that are only validated, before the videos are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotVideos:
    """The videos of a shot.

    Attributes:
        name: of the shot.
        folder: of the shot; gets the spec files and a folder for each result.
        document: of the conversion, as ``metadata.json`` holds it, with absolute paths.
        encoded_now: whether they were encoded by this call; else they were there already.
    """

    name: str
    folder: Path
    document: Mapping[str, Any]
    encoded_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPlan:
    """A shot whose job can be queued.

    Attributes:
        videos: what the job takes.
        prompt_spec: the shot's PromptSpec.
        run_spec: the shot's RunSpec.
        prepared: the job, and all that is known of it without reaching its host.
    """

    videos: ShotVideos
    prompt_spec: PromptSpec
    run_spec: RunSpec
    prepared: Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotResult:
    """The outcome of a submission.

    Attributes:
        plan: the submitted plan.
        record: the job in its last known state; ``raise_failure`` raises if it did not succeed.
        restored: the result in the plate's size and position; None where the result has them itself.
        measures: the measures of the result by name, among them ``score``; empty where they were not asked for.
    """

    plan: ShotPlan
    record: JobRecord
    restored: Path | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


def submit_shot(
    config: Config,
    source: ShotSource | Path,
    options: SubmitOptions,
    reporter: Reporter,
    *,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
    detach: bool = False,
    measure: bool = False,
) -> ShotResult:
    """Encode a shot, run it and restore its result: ``plan_shot`` and ``run_shot`` in one.

    Raises:
        CosmosError: as for ``plan_shot`` and ``run_shot``.
    """
    plan = plan_shot(config, source, options, reporter, frames=frames, encoding=encoding)
    with open_client(config) as client:
        return run_shot(client, plan, reporter, detach=detach, measure=measure)


def plan_shot(
    config: Config,
    source: ShotSource | Path,
    options: SubmitOptions,
    reporter: Reporter,
    *,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
) -> ShotPlan:
    """Encode a shot, write its spec files and plan its job; no host is reached.

    Args:
        config: of the project.
        source: where the frames are, or a folder of videos that were encoded before.
        options: what is asked of the engine.
        reporter: takes the warnings, and shows the progress.
        frames: which frames become videos.
        encoding: how they become videos.

    Raises:
        BadInput: a value cannot be used, the scene or the videos cannot be read, or there is no colour pass. Values are
            checked before frames are encoded.
        CheckFailed: frames are missing or damaged, or the passes disagree.
        CosmosError: as for ``convert_sequences``.
    """
    _check_options(config, options)
    if not options.prompt:
        raise BadInput("give --prompt: what the result shows")
    if isinstance(source, Path):
        refuse_shaping(frames, encoding)
        videos = read_videos(config, source, options)
    else:
        videos = encode_videos(config, source, options, reporter, frames=frames, encoding=encoding)
    return plan_videos(config, videos, options, reporter)


def encode_videos(
    config: Config,
    source: ShotSource,
    options: SubmitOptions,
    reporter: Reporter,
    *,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
) -> ShotVideos:
    """Verify and encode the frames of a shot into ``input/`` of its folder; ``plan_videos`` goes on from there.

    Raises:
        CosmosError: as for ``plan_shot``.
    """
    # Imported here: videos that are there already need none of it.
    from cosmos_houdini.shots.encode import find_shot  # noqa: PLC0415

    _check_options(config, options)
    shot = find_shot(config, source, reporter, passes=frames.passes)
    return encode_found(config, shot, options, reporter, frames=frames, encoding=encoding)


def encode_found(
    config: Config,
    shot: Shot,
    options: SubmitOptions,
    reporter: Reporter,
    *,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
) -> ShotVideos:
    """Verify and encode the frames of a shot that was found before, as ``encode_videos`` does.

    Raises:
        CosmosError: as for ``plan_shot``.
    """
    from cosmos_houdini.shots.encode import encode_shot  # noqa: PLC0415 - see ``encode_videos``

    chosen = _check_options(config, options)
    shot = replace(shot, name=options.name or shot.name)
    folder = _folder(config, options, shot.name)
    _specs(options, chosen, shot.name, {"input_video": folder})
    conversion = encode_shot(
        config,
        shot,
        folder / INPUTS,
        reporter,
        frames=frames,
        encoding=encoding,
        engine=chosen.name,
        parameters=options.parameters,
        weights=options.weights,
    )
    return ShotVideos(name=shot.name, folder=folder, document=conversion.document(), encoded_now=True)


def read_videos(config: Config, folder: Path, options: SubmitOptions) -> ShotVideos:
    """Return the videos of a folder that ``encode_videos`` or ``convert_path`` has written.

    Raises:
        BadInput: the folder holds no ``metadata.json``, or it is of another kind.
    """
    document = read_metadata(folder.absolute())
    name = options.name or document["name"]
    return ShotVideos(name=name, folder=_folder(config, options, name), document=document, encoded_now=False)


def plan_videos(config: Config, videos: ShotVideos, options: SubmitOptions, reporter: Reporter) -> ShotPlan:
    """Write the spec files of videos that were encoded now, and plan their job.

    Raises:
        BadInput: a value cannot be used, there is no colour video, or a video cannot be read.
    """
    chosen = _check_options(config, options)
    prompt = prompt_of_shot(
        read_prompt(options.prompt),
        videos.document,
        engine=chosen.name,
        parameters=resolve(chosen.parameters, options.parameters, engine=chosen.name),
        ffmpeg=config.ffmpeg,
    )
    options = replace(options, prompt=prompt)
    prompt_spec, run_spec = _specs(options, chosen, videos.name, spec_videos(videos.document))
    if videos.encoded_now:
        save_prompt_spec(prompt_spec, videos.folder / f"{videos.name}.spec.json")
        save_run_spec(run_spec, videos.folder / f"{videos.name}.run.json")
    known = caching_probe(config.ffmpeg, verified_clips(videos.document))
    planned = plan_run(run_spec, config, reporter, host=options.host, num_gpu=options.num_gpu, probe=known)
    prepared = replace(planned, record=replace(planned.record, results=videos.folder / planned.record.id))
    source = next(iter(videos.document["sources"].values()))
    reporter.say(chunk_sentence(prepared.plan, first=source["first"], step=source["step"]))
    return ShotPlan(videos=videos, prompt_spec=prompt_spec, run_spec=run_spec, prepared=prepared)


def run_shot(
    client: Client, plan: ShotPlan, reporter: Reporter, *, detach: bool = False, measure: bool = False
) -> ShotResult:
    """Run the job of a shot and restore its result.

    Args:
        client: of the project.
        plan: as ``plan_shot`` returned it.
        reporter: shows the job.
        detach: follow the job only until it runs on its host.
        measure: compare the result with its source, as ``report`` does.

    Raises:
        Cancelled: the user interrupted; the job goes on.
        HostError: as for ``run_job``.
    """
    chunks, size = plan.prepared.plan.chunks, "x".join(map(str, plan.prepared.plan.size))
    reporter.say(
        f"{plan.run_spec.engine} makes {plan.prepared.plan.frames} frames in {chunks} chunk{'s' * (chunks != 1)} of "
        f"{size} on host {plan.prepared.record.job.host}"
    )
    record = run_job(client, plan.prepared, reporter, detach=detach)
    measures = measure_result(client, record, reporter) if measure else {}
    restored = restore_result(client.config, record, reporter, plan.videos.document)
    return ShotResult(plan=plan, record=record, restored=restored, measures=measures)


def measure_result(client: Client, record: JobRecord, reporter: Reporter) -> dict[str, float]:
    """Return the measures of a result by name, among them ``score``; empty where there is nothing to measure."""
    # Imported here: the measures take longer to load than all else.
    from cosmos_houdini.report.entry import build_entry  # noqa: PLC0415
    from cosmos_houdini.report.examine import score_entries  # noqa: PLC0415

    found_entry = build_entry(None, record, client.store.attempts(record.id), client.price(record.job))
    (entry,) = score_entries([found_entry], ffmpeg=client.config.ffmpeg)
    if entry.measures is None:
        return {}
    found = {**asdict(entry.measures), "score": entry.measures.score}
    reporter.say(", ".join(f"{name} {value:g}" for name, value in found.items()))
    return found


def _check_options(config: Config, options: SubmitOptions) -> Engine:
    """Return the engine of a submission; host and parameters are checked before minutes go into encoding."""
    chosen = find_engine(options.engine or config.settings.defaults.engine)
    config.settings.host(options.host)
    resolve(chosen.parameters, options.parameters, engine=chosen.name)
    return chosen


def _folder(config: Config, options: SubmitOptions, name: str) -> Path:
    return (options.results or config.project / RESULTS / name).absolute()


def _specs(
    options: SubmitOptions, chosen: Engine, name: str, videos: Mapping[str, object]
) -> tuple[PromptSpec, RunSpec]:
    prompt = {"prompt": options.prompt or _NO_PROMPT, "negative_prompt": options.negative_prompt}
    prompt_spec = validate_spec(PromptSpec, {"name": name, **prompt, **videos}, "submit")
    run = {
        "name": name,
        "engine": chosen.name,
        "parameters": dict(options.parameters),
        "weights": dict(options.weights),
        "spec": prompt_spec,
    }
    return prompt_spec, validate_spec(RunSpec, run, "submit")


def spec_videos(document: Mapping[str, Any]) -> dict[str, object]:
    """Return the colour video and the control videos of a conversion, as a prompt spec names them.

    Raises:
        BadInput: there is no colour video.
    """
    paths = {pass_: Path(video["path"]) for pass_, video in document["videos"].items()}
    if Pass.COLOR not in paths:
        raise BadInput(f"{document['name']} has no colour video among {', '.join(paths)}", action="convert one with it")
    controls = {kind.value: paths[kind.value] for kind in Control if kind.value in paths}
    return {"input_video": paths[Pass.COLOR], "controls": controls}
