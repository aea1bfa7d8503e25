"""The plan of a batch: every run that it makes, checked, and the job of each."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.engines.estimates import COMPUTED
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.conversions import keep_conversion
from cosmos_houdini.jobs.prepare import Prepared, prepare
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.cut import cut
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.computed_controls import with_computed_controls
from cosmos_houdini.specs.create import check_videos
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.specs.request import Probe, build_request, caching_probe
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.scout import make_scout
from cosmos_houdini.sweeps.sweep import Shared, Sweep, SweepRun, expand, selection_names

SHOWN_WARNINGS = 5

FROM_INPUT = "fps"
"""The parameter whose default comes from the input video, so that a batch file alone does not determine it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Chooses runs of a batch.

    Attributes:
        scout: take the scouts instead of the runs themselves.
        only: names of the runs; None for all of them.
        skip_bad: set runs aside that cannot be run, instead of refusing the batch.
    """

    scout: bool = False
    only: frozenset[str] | None = None
    skip_bad: bool = False

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
class SetAside:
    """A run that cannot be run, or an item whose runs are not even known, and why."""

    name: str
    problem: BadInput

    def document(self) -> dict[str, str]:
        """Return it as ``run-batch --json`` prints it."""
        return {"run": self.name, "problem": str(self.problem)}


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
        set_aside: what cannot be run, where the selection leaves it out.
    """

    batch: BatchSpec
    selection: RunSelection
    host: str
    runs: Sequence[SweepRun]
    jobs: Sequence[JobRecord]
    file: Path | None = None
    specs: Mapping[Path, PromptSpec] = field(default_factory=dict)
    set_aside: Sequence[SetAside] = ()


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
    dry_run: bool = False,
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
        dry_run: write nothing: an adaptive batch has its first points, and scouts have the whole videos.

    Raises:
        BadInput: a run that cannot be run, by name; or as for ``expand_batch``. Where the selection sets bad runs
            aside: no run is left, and the error is that of the first.
    """
    name, _ = config.settings.host(host)
    set_aside: list[SetAside] = []
    usable = _usable_items(batch, specs, set_aside) if selection.skip_bad else batch
    if not dry_run:
        adaptive = adaptive or Adaptive(file=points_file(config.project))
    sweep = expand_batch(usable, reporter, specs=specs, adaptive=adaptive, check=not selection.skip_bad)
    # The points of an adaptive batch belong to the whole batch, so the selection comes after them.
    check = _RunCheck(config=config, host=name, engine=find_engine(batch.engine), selection=selection, dry_run=dry_run)
    planned, jobs = check.check_all(selection.select(sweep.runs), set_aside, reporter)
    return PlannedBatch(
        batch=selection.rename(batch),
        selection=selection,
        host=name,
        runs=planned,
        jobs=jobs,
        file=file.absolute() if file else None,
        specs=specs or {},
        set_aside=tuple(set_aside),
    )


def expand_batch(
    batch: BatchSpec,
    reporter: Reporter,
    *,
    specs: Mapping[Path, PromptSpec] | None = None,
    adaptive: Adaptive | None = None,
    check: bool = True,
) -> Sweep:
    """Return the runs of a batch, and report values that were left out or changed.

    Args:
        batch: the batch specification.
        reporter: takes the notes of the sweep.
        specs: prompt specs in memory, as for ``plan_batch``.
        adaptive: gives the points of an adaptive batch; its first points without it.
        check: whether a missing video is refused here.

    Raises:
        BadInput: a prompt spec that cannot be read, a video that is no file, or as for ``expand``.
    """
    found = load_specs(batch, specs)
    for path, spec in found.items() if check else ():
        check_videos([spec.input_video, *spec.controls.values()], path)
    sweep = expand(batch, found, find_engine(batch.engine).parameters, adaptive)
    for note in sweep.notes:
        reporter.say(note)
    return sweep


def load_specs(batch: BatchSpec, specs: Mapping[Path, PromptSpec] | None = None) -> dict[Path, PromptSpec]:
    """Return the prompt spec of every item, by its path; those in ``specs`` are not read from a file."""
    known = specs or {}
    return {item.spec: known.get(item.spec) or load_prompt_spec(item.spec) for item in batch.items}


def list_set_aside(set_aside: Iterable[SetAside]) -> list[str]:
    """Return a line for each problem that set runs aside, with the names of these runs."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for one in set_aside:
        names[str(one.problem).removeprefix(f"{one.name}: ")].append(one.name)
    return [f"{found[0]}{f' and {len(found) - 1} more' * (len(found) > 1)}: {p}" for p, found in names.items()]


def run_documents(runs: Iterable[SweepRun]) -> Iterator[dict[str, Any]]:
    """Yield each run as ``create-batch --json`` prints it, the engine's defaults included."""
    defaults = functools.cache(_engine_defaults)
    return (run.document(defaults(run.shared.engine)) for run in runs)


def _engine_defaults(engine: str) -> dict[str, Any]:
    known = find_engine(engine).parameters
    return {key: parameter.default for key, parameter in known.items() if key != FROM_INPUT}


def _usable_items(batch: BatchSpec, specs: Mapping[Path, PromptSpec] | None, set_aside: list[SetAside]) -> BatchSpec:
    """Return a batch without the items that cannot be expanded, and add these to ``set_aside``.

    Raises:
        BadInput: no item is left; the error is that of the first.
    """
    usable = []
    for item in batch.items:
        alone = batch.model_copy(update={"items": (item,)})
        try:
            expand(alone, load_specs(alone, specs), find_engine(batch.engine).parameters)
            usable.append(item)
        except BadInput as error:
            set_aside.append(SetAside(name=item.name or item.spec.name, problem=error))
    if not usable:
        raise set_aside[0].problem
    return batch.model_copy(update={"items": tuple(usable)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunCheck:
    """The check of runs: each becomes a job, as far as that is possible without its host.

    Attributes:
        config: the project.
        host: name of the host of all jobs.
        engine: of the batch.
        selection: whether scouts are planned instead of the runs, and whether bad runs are set aside.
        dry_run: whether no video is cut for a scout.
    """

    config: Config
    host: str
    engine: Engine
    selection: RunSelection
    dry_run: bool
    _shared: dict[tuple[int, frozenset[Control]], Shared] = field(default_factory=dict)

    def check_all(
        self, runs: Sequence[SweepRun], set_aside: list[SetAside], reporter: Reporter
    ) -> tuple[Sequence[SweepRun], Sequence[JobRecord]]:
        """Return runs, or their scouts, with the job of each, and report the warnings.

        Args:
            runs: of the batch.
            set_aside: takes the runs that cannot be run, if the selection sets them aside.
            reporter: takes the warnings, and what is set aside.

        Raises:
            BadInput: a run that cannot be run, by name.
        """
        probe = _remember_errors(caching_probe(self.config.ffmpeg))
        planned: list[SweepRun] = []
        jobs: list[JobRecord] = []
        warnings: defaultdict[str, list[str]] = defaultdict(list)
        with reporter.progress("checking", total=len(runs), unit="runs") as advance:
            for asked in runs:
                try:
                    run, prepared, said = self._check(self._with_controls(asked, probe, reporter), probe)
                except BadInput as error:
                    if not self.selection.skip_bad:
                        raise
                    set_aside.append(SetAside(name=asked.name, problem=error))
                else:
                    planned.append(run)
                    jobs.append(prepared.record)
                    for warning in (*said, *prepared.warnings):
                        warnings[warning].append(run.name)
                advance(1)
        if not jobs:
            raise set_aside[0].problem
        _report_warnings(warnings, reporter)
        for line in list_set_aside(set_aside):
            reporter.say(f"set aside: {line}")
        return planned, jobs

    def _check(self, asked: SweepRun, probe: Probe) -> tuple[SweepRun, Prepared, Sequence[str]]:
        """Return a run, or its scout, as a job, and the warnings about its request.

        Raises:
            BadInput: it cannot be run; its name is in the error.
        """
        run = asked
        try:
            if self.selection.scout:
                run = self._scout(asked, probe)
            request, said = build_request(run.run_spec(), self.engine.parameters, probe=probe)
            return run, prepare(request, config=self.config, host=self.host, results=None), said
        except BadInput as error:
            problem = error.problem.removeprefix(f"{run.name}: ")
            raise BadInput(f"{run.name}: {problem}", allowed=error.allowed, action=error.action) from error

    def _with_controls(self, run: SweepRun, probe: Probe, reporter: Reporter) -> SweepRun:
        """Return a run whose edge and vis have videos; runs of one item that need the same share them."""
        spec = run.shared.spec
        kinds = frozenset(kind for kind, weight in run.weights.items() if weight > 0 and kind not in spec.controls)
        if not kinds & COMPUTED:
            return run
        key = (id(run.shared), kinds)
        if key not in self._shared:
            made = with_computed_controls(run.run_spec(), self.config, reporter, probe=probe)
            self._shared[key] = replace(run.shared, spec=made.spec)
        return replace(run, shared=self._shared[key])

    def _scout(self, run: SweepRun, probe: Probe) -> SweepRun:
        """Return the scout of a run; its shorter videos are kept in the project, by content and length."""
        request, _ = build_request(run.run_spec(), self.engine.parameters, probe=probe)
        scout = self.engine.scout(request)
        videos: dict[Path, Path] = {}
        if scout.frames < request.video.frames and not self.dry_run:
            keep_conversion(self.config.project / FOLDER, request.video)
            for clip in (clip for clip in request.clips.values() if clip.frames > 1):
                videos[clip.path] = self.config.project / FOLDER / "scouts" / f"{clip.sha256}-{scout.frames}.mp4"
                cut(clip.path, scout.frames, videos[clip.path], ffmpeg=self.config.ffmpeg)
        return make_scout(run, scout, videos)


def _remember_errors(probe: Probe) -> Probe:
    """Return a probe that finds a bad video once: all runs of a prompt spec ask for the same videos."""
    known: dict[frozenset[Path], BadInput] = {}

    def remembering(videos: Mapping[str, Path]) -> Mapping[str, Clip]:
        paths = frozenset(videos.values())
        if paths in known:
            raise known[paths]
        try:
            return probe(videos)
        except BadInput as error:
            known[paths] = error
            raise

    return remembering


def _report_warnings(warnings: Mapping[str, Sequence[str]], reporter: Reporter) -> None:
    for warning, names in islice(warnings.items(), SHOWN_WARNINGS):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        reporter.say(f"warning: {names[0]}{others}: {warning}")
    if len(warnings) > SHOWN_WARNINGS:
        reporter.say(f"{len(warnings) - SHOWN_WARNINGS} more warnings are not shown")
