"""The plan of a batch: every run that it makes, checked, and the job of each."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.prepare import prepare
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.cut import cut
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.create import check_videos
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.specs.request import Probe, build_request, caching_probe
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.scout import make_scout
from cosmos_houdini.sweeps.sweep import Sweep, SweepRun, expand, selection_names

SHOWN_WARNINGS = 5

FROM_INPUT = "fps"
"""The parameter whose default comes from the input video, so that a batch file alone does not determine it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Chooses runs of a batch.

    Attributes:
        scout: take the scouts instead of the runs themselves.
        only: names of the runs; None for all of them.
    """

    scout: bool = False
    only: frozenset[str] | None = None

    def rename(self, batch: BatchSpec) -> BatchSpec:
        """Return the batch with the selection's own name in the store."""
        every, scouts, promoted = selection_names(batch.name)
        name = scouts if self.scout else promoted if self.only is not None else every
        return batch.model_copy(update={"name": name})

    def select(self, runs: Sequence[SweepRun]) -> Sequence[SweepRun]:
        """Return the chosen runs.

        Raises:
            BadInput: no run has one of the names; the nearest name is given.
        """
        if self.only is None:
            return runs
        known = {run.name for run in runs}
        for name in sorted(self.only - known):
            raise BadInput(f"the batch has no run {name!r}", action=did_you_mean(name, known))
        return [run for run in runs if run.name in self.only]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """A batch and the job of each of its runs.

    Attributes:
        batch: the BatchSpec, under the name of the selection.
        selection: which of its runs are planned.
        host: name of the host of all jobs.
        runs: the runs, or their scouts, in the order of the batch.
        jobs: of the runs, in the same order; none of them is queued yet.
        file: the batch file; None for a batch in memory.
        specs: prompt specs in memory, by the path that an item gives them; all others are files.
    """

    batch: BatchSpec
    selection: RunSelection
    host: str
    runs: Sequence[SweepRun]
    jobs: Sequence[JobRecord]
    file: Path | None = None
    specs: Mapping[Path, PromptSpec] = field(default_factory=dict)


def plan_batch(
    batch: BatchSpec,
    config: Config,
    reporter: Reporter,
    *,
    host: str | None = None,
    selection: RunSelection = RunSelection(),
    specs: Mapping[Path, PromptSpec] | None = None,
    file: Path | None = None,
    adaptive: Adaptive | None = None,
) -> PlannedBatch:
    """Plan and check every run of a batch; reach no host, and write only the videos of scouts.

    Args:
        batch: what to run.
        config: hosts by name, and the project.
        reporter: takes the notes of the sweep, and warnings.
        host: a name of the configuration; None for its default.
        selection: which runs to plan.
        specs: prompt specs in memory, by the path that an item gives them; all others are read from that path.
        file: the file that holds ``batch``; None for a batch in memory.
        adaptive: gives the points of an adaptive batch; without it, the earlier points are used.

    Raises:
        BadInput: a run that cannot be run, by name; or as for ``expand_batch``.
    """
    name, _ = config.settings.host(host)
    adaptive = adaptive or Adaptive(file=points_file(config.project))
    # The points of an adaptive batch belong to the whole batch, so the selection comes after them.
    runs = selection.select(expand_batch(batch, reporter, specs=specs, adaptive=adaptive).runs)
    planned, jobs = _check_runs(runs, config, name, reporter, scout=selection.scout)
    return PlannedBatch(
        batch=selection.rename(batch),
        selection=selection,
        host=name,
        runs=planned,
        jobs=jobs,
        file=file.absolute() if file else None,
        specs=specs or {},
    )


def expand_batch(
    batch: BatchSpec,
    reporter: Reporter,
    *,
    specs: Mapping[Path, PromptSpec] | None = None,
    adaptive: Adaptive | None = None,
) -> Sweep:
    """Return the runs of a batch, and report values that were left out or changed.

    Args:
        batch: the batch specification.
        reporter: takes the notes of the sweep.
        specs: prompt specs in memory, as for ``plan_batch``.
        adaptive: gives the points of an adaptive batch; its first points without it.

    Raises:
        BadInput: a prompt spec that cannot be read, a video that is no file, or as for ``expand``.
    """
    found = load_specs(batch, specs)
    for path, spec in found.items():
        check_videos([spec.input_video, *spec.controls.values()], path)
    sweep = expand(batch, found, find_engine(batch.engine).parameters, adaptive)
    for note in sweep.notes:
        reporter.say(note)
    return sweep


def load_specs(batch: BatchSpec, specs: Mapping[Path, PromptSpec] | None = None) -> dict[Path, PromptSpec]:
    """Return the prompt spec of every item, by its path; those in ``specs`` are not read from a file."""
    known = specs or {}
    return {item.spec: known.get(item.spec) or load_prompt_spec(item.spec) for item in batch.items}


def plan_scouts(runs: Sequence[SweepRun], config: Config) -> list[SweepRun]:
    """Return the scouts of runs without cutting videos for them."""
    engine, probe = find_engine(runs[0].shared.engine), caching_probe(config.ffmpeg)
    requests = (build_request(run.run_spec(), engine.parameters, probe=probe)[0] for run in runs)
    return [make_scout(run, engine.scout(request), {}) for run, request in zip(runs, requests, strict=True)]


def run_documents(runs: Iterable[SweepRun]) -> Iterator[dict[str, Any]]:
    """Yield each run as ``create-batch --json`` prints it, the engine's defaults included."""
    defaults = functools.cache(_engine_defaults)
    return (run.document(defaults(run.shared.engine)) for run in runs)


def _engine_defaults(engine: str) -> dict[str, Any]:
    known = find_engine(engine).parameters
    return {key: parameter.default for key, parameter in known.items() if key != FROM_INPUT}


def _check_runs(
    runs: Sequence[SweepRun], config: Config, host: str, reporter: Reporter, *, scout: bool
) -> tuple[Sequence[SweepRun], Sequence[JobRecord]]:
    """Return runs, or their scouts, with the job of each, and report the warnings.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    engine = find_engine(runs[0].shared.engine)
    probe = caching_probe(config.ffmpeg)
    jobs, planned = [], []
    warnings: defaultdict[str, list[str]] = defaultdict(list)
    with reporter.progress("checking", total=len(runs), unit="runs") as advance:
        for asked in runs:
            run = asked
            try:
                if scout:
                    run = _cut_scout(asked, engine, config, probe)
                request, said = build_request(run.run_spec(), engine.parameters, probe=probe)
                prepared = prepare(request, config=config, host=host, results=None)
            except BadInput as error:
                problem = error.problem.removeprefix(f"{run.name}: ")
                raise BadInput(f"{run.name}: {problem}", allowed=error.allowed, action=error.action) from error
            jobs.append(prepared.record)
            planned.append(run)
            for warning in (*said, *prepared.warnings):
                warnings[warning].append(run.name)
            advance(1)
    _report_warnings(warnings, reporter)
    return planned, jobs


def _report_warnings(warnings: Mapping[str, Sequence[str]], reporter: Reporter) -> None:
    for warning, names in islice(warnings.items(), SHOWN_WARNINGS):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        reporter.say(f"warning: {names[0]}{others}: {warning}")
    if len(warnings) > SHOWN_WARNINGS:
        reporter.say(f"{len(warnings) - SHOWN_WARNINGS} more warnings are not shown")


def _cut_scout(run: SweepRun, engine: Engine, config: Config, probe: Probe) -> SweepRun:
    """Return the scout of a run; its shorter videos are kept in the project, by content and length."""
    request, _ = build_request(run.run_spec(), engine.parameters, probe=probe)
    scout = engine.scout(request)
    videos: dict[Path, Path] = {}
    if scout.frames < request.video.frames:
        for clip in (request.video, *(control.clip for control in request.controls if control.clip)):
            videos[clip.path] = config.project / FOLDER / "scouts" / f"{clip.sha256}-{scout.frames}.mp4"
            cut(clip.path, scout.frames, videos[clip.path], ffmpeg=config.ffmpeg)
    return make_scout(run, scout, videos)
