"""The jobs of a batch: those that the store lists for it, found by all that each run asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.engines.estimates import COMPUTED
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.batches import list_jobs_of
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import Clip, InferenceRequest
from cosmos_houdini.specs.request import Probe, build_request
from cosmos_houdini.sweeps.scout import make_scout
from cosmos_houdini.sweeps.sweep import SCOUT_SUFFIX, SweepRun

Hashes = Callable[[Path], str]
"""Returns the SHA-256 of a file, or an empty text where there is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJobs:
    """The jobs of a batch on one host.

    Attributes:
        host: name of the host; empty where no run was ever queued as the batch asks for it now.
        jobs: of the runs, by the run's name.
        scouts: the scout of a run, and its job, by the run's name.
        elsewhere: the other hosts that have jobs of the batch.
        others: ids of the batch's jobs that no run asks for now.
    """

    host: str
    jobs: Mapping[str, JobRecord]
    scouts: Mapping[str, tuple[SweepRun, JobRecord]]
    elsewhere: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A run or a scout, the name of the run that it belongs to, and its job."""

    owner: str
    run: SweepRun
    record: JobRecord


def find_batch_jobs(
    store: Store, runs: Sequence[SweepRun], *, names: Sequence[str], scouts: Sequence[str] = (), host: str | None
) -> BatchJobs:
    """Return the jobs of a batch on a host.

    Another batch may have runs of the same names. A job belongs to a run if the store lists it for this batch, and if
    its request is the run's: every parameter, the prompts, the weights and the inputs.

    Args:
        store: of the project.
        runs: of the batch, as it is now; at least one.
        names: under which the store may know these runs.
        scouts: names under which the store may know their scouts.
        host: where the jobs are; None for the host with the latest news.
    """
    records = [
        record
        for listed, is_scout in ((names, False), (scouts, True))
        # The scouts of a batch `night` are called `night-scout`, and a file may have that name too.
        for record in store.records(list_jobs_of(store, listed))
        if record.job.name.endswith(SCOUT_SUFFIX) == is_scout
    ]
    found = _match(runs, records, find_engine(runs[0].shared.engine), cache(_hash))
    hosts = list(dict.fromkeys(each.record.job.host for each in sorted(found, key=lambda one: -one.record.updated_at)))
    chosen = host if host is not None else next(iter(hosts), "")
    here = [each for each in found if each.record.job.host == chosen]
    matched = {each.record.id for each in found}
    return BatchJobs(
        host=chosen if here else "",
        jobs={each.owner: each.record for each in here if not each.run.shared.scout},
        scouts={each.owner: (each.run, each.record) for each in here if each.run.shared.scout},
        elsewhere=tuple(name for name in hosts if name != chosen),
        others=tuple(record.id for record in records if record.id not in matched),
    )


def _match(runs: Sequence[SweepRun], records: Sequence[JobRecord], engine: Engine, hashes: Hashes) -> list[_Found]:
    """Return the jobs that runs or their scouts ask for, the oldest first."""
    wanted = {run.name: run for run in runs} | {run.scout_name: run for run in runs}
    found = []
    for record in records:
        run = wanted.get(record.job.name)
        if run is None:
            continue
        known = _recorded_clips(record, hashes)
        try:
            asked = run if record.job.name == run.name else _scout(run, engine, known)
            request, _ = build_request(asked.run_spec(), engine.parameters, probe=known)
        except BadInput:
            # Its inputs are others, or the engine has other parameters by now.
            continue
        if _is_asked(request, record, engine):
            found.append(_Found(owner=run.name, run=asked, record=record))
    return found


def _scout(run: SweepRun, engine: Engine, probe: Probe) -> SweepRun:
    request, _ = build_request(run.run_spec(), engine.parameters, probe=probe)
    return make_scout(run, engine.scout(request), {})


def _is_asked(request: InferenceRequest, record: JobRecord, engine: Engine) -> bool:
    """Whether a job has a request; a parameter that its engine did not have yet counts as its default."""
    known = record.request["parameters"]
    asked_controls = request.document()["controls"]
    for kind, control in record.request["controls"].items():
        if Control(kind) in COMPUTED and asked_controls.get(kind, {}).get("clip", control) is None:
            # The job has the video that was computed from the colour video of the run.
            asked_controls[kind]["clip"] = control["clip"]
    new = {name: value for name, value in request.parameters.items() if name not in known}
    asked = {
        **request.document(),
        "controls": asked_controls,
        "parameters": {k: v for k, v in request.parameters.items() if k in known},
    }
    return asked == dict(record.request) and all(engine.parameters[k].default == v for k, v in new.items())


def _recorded_clips(record: JobRecord, hashes: Hashes) -> Probe:
    """Return a probe that takes the facts of videos from a job, so that nothing is decoded.

    It knows a file by its content, and a file that is gone by its path.
    """
    request = record.inference()
    clips = [request.video, *(control.clip for control in request.controls if control.clip)]

    def probe(videos: Mapping[str, Path]) -> dict[str, Clip]:
        return {role: one(path.resolve()) for role, path in videos.items()}

    def one(path: Path) -> Clip:
        sha256 = hashes(path)
        for clip in clips:
            # A scout has the first frames of a video, in a file that is called after the whole one.
            if sha256 in {clip.sha256, clip.path.stem.partition("-")[0]} or (not sha256 and clip.path == path):
                return clip
        raise BadInput(f"{path} is no input of job {record.id}")

    return probe


def _hash(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""
