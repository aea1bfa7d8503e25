"""What of a host, and of this project, nobody needs any more, and its removal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.files import SUFFIX
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.collect import UNVERIFIED
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.storage import IDLE_MIN, Holding, Holdings, find_holdings, remove
from cosmos_houdini.model.job import JobState

IDLE_S: Final = IDLE_MIN * 60.0
_ALIVE = frozenset({HostJobState.PENDING, HostJobState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What the fetching of a job's results has left on this machine.

    Attributes:
        path: a folder or file in the job's results.
        bytes: what it takes.
    """

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What can go, and what stays.

    Attributes:
        remote: of the host, in the order in which it is removed.
        local: of this machine.
        kept: why attempts stay, by the name of their folder.
        states: what this project knows of each attempt that can go.
    """

    remote: tuple[Holding, ...]
    local: tuple[Leftover, ...]
    kept: Mapping[str, str]
    states: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """The room that all of it takes."""
        return sum(thing.bytes for thing in self.remote) + sum(thing.bytes for thing in self.local)

    def document(self) -> dict[str, Any]:
        """Return it as ``clean --json`` prints it."""
        return {
            "remote": [
                {
                    "kind": thing.kind,
                    "name": thing.name,
                    "state": self.states.get(thing.name),
                    "age_s": thing.age_s,
                    "bytes": thing.bytes,
                }
                for thing in self.remote
            ],
            "local": [{"path": str(thing.path), "bytes": thing.bytes} for thing in self.local],
            "kept": dict(self.kept),
            "bytes": self.bytes,
        }


def plan_cleaning(
    store: Store, host: Host, config: HostConfig, *, older_than_s: float, all_projects: bool = False
) -> Cleaning:
    """Ask a host once what it holds and return what can go; nothing is removed.

    Args:
        store: the jobs of this project; none that is unfinished loses an attempt.
        host: where to look, below its root alone.
        config: of the host; its containers are looked at where its launcher is docker.
        older_than_s: how long an attempt must have given no sign of life.
        all_projects: also attempts that this project knows nothing of, once they have ended.

    Raises:
        HostError: the road failed, or the host cannot tell.
    """
    holdings = find_holdings(host, config)
    known = {job.id: job.state for job in store.jobs()}
    reasons = {
        job.name: _reason_to_stay(job, holdings, known.get(_job_id(job.name)), older_than_s, all_projects=all_projects)
        for job in holdings.jobs
    }
    jobs = [job for job in holdings.jobs if not reasons[job.name]]
    return Cleaning(
        remote=(*jobs, *_unneeded(holdings, {job.name for job in jobs}, older_than_s)),
        local=tuple(_leftovers(store)),
        kept={name: reason for name, reason in reasons.items() if reason},
        states={job.name: str(known.get(_job_id(job.name), holdings.seen[job.name].state)) for job in jobs},
    )


def carry_out(cleaning: Cleaning, host: Host, config: HostConfig) -> tuple[str, ...]:
    """Remove what can go and return the names of what could not be removed, or came to life meanwhile.

    Raises:
        HostError: the road failed.
    """
    gone = remove(host, config, cleaning.remote) if cleaning.remote else frozenset()
    left = [thing.name for thing in cleaning.remote if thing not in gone]
    return (*left, *(str(leftover.path) for leftover in cleaning.local if not _removed(leftover.path)))


def _removed(path: Path) -> bool:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _job_id(folder: str) -> str:
    """Return the job of an attempt's folder; an id ends with its hash, behind which only the attempt's number stands.

    >>> _job_id("v1.2-0123456789"), _job_id("v1.2-0123456789.3")
    ('v1.2-0123456789', 'v1.2-0123456789')
    """
    name, dash, rest = folder.rpartition("-")
    return f"{name}{dash}{rest.partition('.')[0]}"


def _reason_to_stay(
    job: Holding, holdings: Holdings, state: JobState | None, older_than_s: float, *, all_projects: bool
) -> str:
    phase = holdings.seen[job.name].state
    if state is not None and not state.final:
        return f"its job is {state}"
    if phase in _ALIVE:
        return f"it is {phase} on the host"
    if state is None and not all_projects:
        return "it belongs to another project"
    # What a project that is not here has staged may be about to start.
    if state is None and phase is HostJobState.STAGED:
        return "another project has not started it"
    if job.age_s < (max(older_than_s, IDLE_S) if phase is HostJobState.ABSENT else older_than_s):
        return "it is not old enough"
    return ""


def _unneeded(holdings: Holdings, jobs_that_go: set[str], older_than_s: float) -> Iterator[Holding]:
    """Yield containers, objects and uploads that no attempt needs which stays, or is about to come."""
    here = {job.name for job in holdings.jobs}
    yield from (thing for thing, job in holdings.containers.items() if job in jobs_that_go or job not in here)
    # Links of anything in the folder of jobs count, be it of a kind that this version does not know.
    needed = {path for name, paths in holdings.needs.items() if name not in jobs_that_go for path in paths}
    idle_s = max(older_than_s, IDLE_S)
    yield from (thing for thing in holdings.objects if thing.name not in needed and thing.age_s > idle_s)
    yield from (thing for thing in holdings.uploads if thing.age_s > IDLE_S)


def _leftovers(store: Store) -> Iterator[Leftover]:
    """Yield what cut-off downloads have left in the results of jobs that are at their end."""
    before = time.time() - IDLE_S
    for record in store.records():
        if not record.state.final:
            continue
        for path in (record.results / UNVERIFIED, *record.results.glob(f".*{SUFFIX}")):
            stats = [file.stat() for file in (path, *path.rglob("*"))] if path.exists() else []
            if stats and all(stat.st_mtime < before for stat in stats):
                yield Leftover(path=path, bytes=sum(stat.st_size for stat in stats))
