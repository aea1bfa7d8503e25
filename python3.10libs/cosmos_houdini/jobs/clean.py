"""Find and remove the files that are no longer needed, on a host and in this project."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cosmos_houdini.errors import JobError
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.files import SUFFIX
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import UNVERIFIED
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.launchers import storage
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.storage import IDLE_MIN, StoredItem, StoredItems, find_stored_items
from cosmos_houdini.model.job import JobState

IDLE_S: Final = IDLE_MIN * 60.0
_KEPT: Final = {
    HostJobState.PENDING: "it is pending on the host",
    HostJobState.RUNNING: "it is running on the host",
    HostJobState.FOREIGN: "it belongs to another user, or others may write to it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A folder or file that an interrupted download of a job's results left on this machine.

    Attributes:
        path: the folder or file, inside the job's results folder.
        bytes: its size.
    """

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """A plan of a clean-up: the things that can be removed, and the attempts that stay.

    Attributes:
        remote: the things to remove from the host, in the order of removal.
        local: the things to remove from this machine.
        kept: the reason why an attempt stays, by the name of its folder.
        states: the state of each attempt to remove, by the name of its folder: the state of its job in this project,
            or the state on the host if this project does not know the job.
    """

    remote: tuple[StoredItem, ...]
    local: tuple[Leftover, ...]
    kept: Mapping[str, str]
    states: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """The total size of everything to remove."""
        return sum(thing.bytes for thing in self.remote) + sum(thing.bytes for thing in self.local)

    def document(self) -> dict[str, Any]:
        """Return the plan as the data that ``clean --json`` prints."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedHost:
    """The outcome of a clean-up.

    Attributes:
        host: the name of the host.
        root: its root.
        cleaning: the plan.
        removed: whether the plan was carried out.
        left: the names of the things that could not be removed, or that became active in the meantime.
    """

    host: str
    root: PurePosixPath
    cleaning: Cleaning
    removed: bool
    left: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the outcome as the data that ``clean --json`` prints."""
        place = {"host": self.host, "root": str(self.root), "removed": self.removed}
        return {**place, **self.cleaning.document(), "left": list(self.left)}

    def raise_left(self) -> None:
        """Refuse to call the clean-up complete where something is left.

        Raises:
            JobError: something is left; the error names the first thing.
        """
        if self.left:
            raise JobError(
                f"{len(self.left)} of these cannot be removed, or are in use again: {self.left[0]}",
                action="see who owns it on the host, or call clean again later",
            )


def clean_host(
    client: Client, host: str | None, *, older_than_s: float, all_projects: bool = False, remove: bool = False
) -> CleanedHost:
    """Find what is no longer needed on a host and in the project, and remove it if that is wanted.

    Args:
        client: of the project.
        host: a name of the configuration; None for its default.
        older_than_s: the seconds for which an attempt must have been inactive.
        all_projects: whether to include ended attempts that this project does not know.
        remove: whether to remove the things; otherwise they are only listed.

    Raises:
        BadInput: the host is not configured.
        HostError: the connection failed, or the host cannot list its contents.
    """
    name, settings = client.config.settings.host(host)
    with closing(open_host(name, settings, project=client.config.project)) as place:
        cleaning = plan_cleaning(client.store, place, settings, older_than_s=older_than_s, all_projects=all_projects)
        left = carry_out(cleaning, place, settings) if remove else ()
        return CleanedHost(host=name, root=place.root, cleaning=cleaning, removed=remove, left=left)


def plan_cleaning(
    store: Store, host: Host, config: HostConfig, *, older_than_s: float, all_projects: bool = False
) -> Cleaning:
    """List the contents of a host with one command and return what can be removed; remove nothing.

    Args:
        store: the jobs of this project; no attempt of an unfinished job is removed.
        host: the host to search, only below its root.
        config: the host's configuration; its containers are included if its launcher is docker.
        older_than_s: the seconds for which an attempt must have been inactive.
        all_projects: whether to include ended attempts that this project does not know.

    Raises:
        HostError: the connection failed, or the host cannot list its contents.
    """
    items = find_stored_items(host, config)
    known = {job.id: job.state for job in store.jobs()}
    reasons = {
        job.name: _reason_to_stay(job, items, known.get(_job_id(job.name)), older_than_s, all_projects=all_projects)
        for job in items.jobs
    }
    jobs = [job for job in items.jobs if not reasons[job.name]]
    return Cleaning(
        remote=(*jobs, *_unneeded(items, {job.name for job in jobs}, older_than_s)),
        local=tuple(_leftovers(store)),
        kept={name: reason for name, reason in reasons.items() if reason},
        states={job.name: str(known.get(_job_id(job.name), items.seen[job.name].state)) for job in jobs},
    )


def carry_out(cleaning: Cleaning, host: Host, config: HostConfig) -> tuple[str, ...]:
    """Remove the things in a plan and return the names of those that remain.

    A thing remains if it cannot be removed, or if it became active in the meantime.

    Raises:
        HostError: the connection failed.
    """
    gone = storage.remove(host, config, cleaning.remote) if cleaning.remote else frozenset()
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
    """Return the job id from the name of an attempt's folder.

    A job id ends with its hash. In the folder's name, only the attempt's number can follow the hash.

    >>> _job_id("v1.2-0123456789"), _job_id("v1.2-0123456789.3")
    ('v1.2-0123456789', 'v1.2-0123456789')
    """
    name, dash, rest = folder.rpartition("-")
    return f"{name}{dash}{rest.partition('.')[0]}"


def _reason_to_stay(
    job: StoredItem, items: StoredItems, state: JobState | None, older_than_s: float, *, all_projects: bool
) -> str:
    phase = items.seen[job.name].state
    if state is not None and not state.final:
        return f"its job is {state}"
    if phase in _KEPT:
        return _KEPT[phase]
    if state is None and not all_projects:
        return "it belongs to another project"
    # Another project may be about to start an attempt that it has staged.
    if state is None and phase is HostJobState.STAGED:
        return "another project has not started it"
    if job.age_s < (max(older_than_s, IDLE_S) if phase is HostJobState.ABSENT else older_than_s):
        return "it is not old enough"
    return ""


def _unneeded(items: StoredItems, jobs_that_go: set[str], older_than_s: float) -> Iterator[StoredItem]:
    """Yield the containers, objects and uploads that no remaining or upcoming attempt needs."""
    here = {job.name for job in items.jobs}
    yield from (thing for thing, job in items.containers.items() if job in jobs_that_go or job not in here)
    # The links of every entry in the folder of jobs count, even if this version does not know its kind.
    needed = {path for name, paths in items.needs.items() if name not in jobs_that_go for path in paths}
    idle_s = max(older_than_s, IDLE_S)
    yield from (thing for thing in items.objects if thing.name not in needed and thing.age_s > idle_s)
    yield from (thing for thing in items.uploads if thing.age_s > IDLE_S)


def _leftovers(store: Store) -> Iterator[Leftover]:
    """Yield the files that interrupted downloads left in the results folders of finished jobs."""
    before = time.time() - IDLE_S
    for record in store.records():
        if not record.state.final:
            continue
        for path in (record.results / UNVERIFIED, *record.results.glob(f".*{SUFFIX}")):
            stats = [file.stat() for file in (path, *path.rglob("*"))] if path.exists() else []
            if stats and all(stat.st_mtime < before for stat in stats):
                yield Leftover(path=path, bytes=sum(stat.st_size for stat in stats))
