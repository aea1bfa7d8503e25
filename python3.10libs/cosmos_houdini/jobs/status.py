"""Ask the hosts once for the status of a project's jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.jobs import runner
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.model.job import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """The status of a project's jobs, in order of age.

    Attributes:
        jobs: the status of each job.
        unsent: the jobs that are not on their host and that no client of this machine is sending.
        errors: the reason why a host could not be asked, by the host's name; the status of its jobs is the last known.
    """

    jobs: tuple[JobStatus, ...]
    unsent: tuple[JobStatus, ...]
    errors: Mapping[str, CosmosError]

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence for each host that could not be asked."""
        return tuple(f"{error}; the list shows what was last known" for error in self.errors.values())


def refresh_status(client: Client, words: Iterable[str] | None = None) -> ProjectStatus:
    """Ask each host once about its unfinished jobs, fetch and verify results that are ready, and list the jobs.

    Args:
        client: the client of the project.
        words: ids, or beginnings of ids; None for all jobs.

    Raises:
        BadInput: a word is the beginning of no id, or of several ids.
    """
    wanted = None if words is None else [client.store.find(word) for word in words]
    unfinished = set(client.store.unfinished(in_line=False))
    asked = unfinished if wanted is None else unfinished.intersection(wanted)
    errors = _read_only_errors(client, asked) or runner.advance(client, sorted(asked), start=False)
    # Complete rows are read only for unfinished jobs: they are few, and there are thousands of finished ones.
    known = {record.id: record.status for record in client.store.records(asked)}
    return ProjectStatus(
        jobs=tuple(known.get(job.id) or JobStatus(job=job) for job in client.store.jobs(wanted)),
        unsent=tuple(status for status in known.values() if _is_unsent(client, status)),
        errors=errors,
    )


def _read_only_errors(client: Client, ids: Iterable[str]) -> dict[str, CosmosError]:
    """Return why the hosts of unfinished jobs are not asked, where what they say could not be kept."""
    error = client.store.read_only_error
    return {job.host: error for job in client.store.jobs(ids)} if error else {}


def _is_unsent(client: Client, status: JobStatus) -> bool:
    if client.store.obstacle or status.job.state not in runner.BEFORE_HOST:
        return False
    with client.lock(status.job.id) as is_free:
        return is_free
