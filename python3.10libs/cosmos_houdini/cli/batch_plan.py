"""The runs of a batch as jobs that can be queued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cosmos_houdini.cli.batch import expanded
from cosmos_houdini.cli.console import progress_bar, say
from cosmos_houdini.config import Config
from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.prepare import prepare
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.cut import cut
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.specs.request import Probe, build_request, caching_probe
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.scout import scouted
from cosmos_houdini.sweeps.sweep import SCOUT_SUFFIX, SweepRun

SHOWN_WARNINGS = 5
PROMOTED_SUFFIX = "-promoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Which runs of a batch are meant.

    Attributes:
        scout: their scouts instead of the runs themselves.
        only: names of the runs; None for all of them.
    """

    scout: bool = False
    only: frozenset[str] | None = None

    def of(self, batch: BatchSpec) -> BatchSpec:
        """Return a batch under the name that its chosen runs have in the store, beside those of other choices."""
        suffix = SCOUT_SUFFIX if self.scout else PROMOTED_SUFFIX if self.only is not None else ""
        return batch.model_copy(update={"name": f"{batch.name}{suffix}"})

    def among(self, runs: Sequence[SweepRun]) -> Sequence[SweepRun]:
        """Return the runs that are meant.

        Raises:
            BadInput: a name is that of no run; the nearest is told.
        """
        if self.only is None:
            return runs
        known = {run.name for run in runs}
        for name in sorted(self.only - known):
            raise BadInput(f"the batch has no run {name!r}", action=did_you_mean(name, known))
        return [run for run in runs if run.name in self.only]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """A batch, and a job for each of its runs.

    Attributes:
        batch: what stands in its file, under the name of the selection.
        selection: which of its runs are meant.
        host: where the jobs are for.
        runs: every run in order, or its scout.
        jobs: of the runs, in the same order; none of them is queued yet.
    """

    batch: BatchSpec
    selection: RunSelection
    host: str
    runs: Sequence[SweepRun]
    jobs: Sequence[JobRecord]


def plan_batch(
    batch: BatchSpec, config: Config, host: str, selection: RunSelection, adaptive: Adaptive | None = None
) -> PlannedBatch:
    """Work out every run of a batch and check it; nothing is reached, and nothing written but the videos of scouts.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    # What was asked for adaptively belongs to the batch, whichever of its runs are meant.
    runs = selection.among(expanded(batch, adaptive or Adaptive(file=points_file(config))).runs)
    batch = selection.of(batch)
    planned, jobs = _checked(runs, config, host, scout=selection.scout)
    return PlannedBatch(batch=batch, selection=selection, host=host, runs=planned, jobs=jobs)


def scouts_of(runs: Sequence[SweepRun]) -> list[SweepRun]:
    """Return the scouts of runs as they would be asked for; no video is cut for them."""
    known, probe = find_engine(runs[0].shared.engine), caching_probe()
    requests = (build_request(run.run_spec(), known.parameters, probe=probe)[0] for run in runs)
    return [scouted(run, known.scout(request), {}) for run, request in zip(runs, requests, strict=True)]


def points_file(config: Config) -> Path:
    """Return the file that keeps the points of adaptive batches."""
    return config.project / FOLDER / "adaptive.db"


def _checked(
    runs: Sequence[SweepRun], config: Config, host: str, *, scout: bool
) -> tuple[Sequence[SweepRun], Sequence[JobRecord]]:
    """Return runs, or their scouts, with the job of each, and say the warnings.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    known = find_engine(runs[0].shared.engine)
    probe = caching_probe()
    jobs, planned = [], []
    warnings: defaultdict[str, list[str]] = defaultdict(list)
    with progress_bar("checking", total=len(runs), unit="runs") as advance:
        for asked in runs:
            run = asked
            try:
                if scout:
                    run = _scout(asked, known, config.project, probe)
                request, said = build_request(run.run_spec(), known.parameters, probe=probe)
                prepared = prepare(request, config=config, host=host, results=None)
            except BadInput as error:
                problem = error.problem.removeprefix(f"{run.name}: ")
                raise BadInput(f"{run.name}: {problem}", allowed=error.allowed, action=error.action) from error
            jobs.append(prepared.record)
            planned.append(run)
            for warning in (*said, *prepared.warnings):
                warnings[warning].append(run.name)
            advance(1)
    for warning, names in islice(warnings.items(), SHOWN_WARNINGS):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        say(f"warning: {names[0]}{others}: {warning}")
    if len(warnings) > SHOWN_WARNINGS:
        say(f"{len(warnings) - SHOWN_WARNINGS} more warnings are not shown")
    return planned, jobs


def _scout(run: SweepRun, known: Engine, project: Path, probe: Probe) -> SweepRun:
    """Return the scout of a run; the videos that it needs lie in the project, by their content and length."""
    request, _ = build_request(run.run_spec(), known.parameters, probe=probe)
    scout = known.scout(request)
    videos: dict[Path, Path] = {}
    if scout.frames < request.video.frames:
        for clip in (request.video, *(control.clip for control in request.controls if control.clip)):
            videos[clip.path] = project / FOLDER / "scouts" / f"{clip.sha256}-{scout.frames}.mp4"
            cut(clip.path, scout.frames, videos[clip.path])
    return scouted(run, scout, videos)
