"""Jobs followed to results that have the size and position of their plates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.follow import follow_jobs
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.restore import restore_result


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """A job that was followed.

    Attributes:
        record: the job; its state says whether it has succeeded.
        restored: the result in the plate's size and position; None where the result has them itself, or there is none.
    """

    record: JobRecord
    restored: Path | None = None


def follow_to_results(
    client: Client, ids: Collection[str], reporter: Reporter, *, detach: bool = False
) -> list[JobResult]:
    """Follow jobs to their ends and restore their results.

    Args:
        client: of the project.
        ids: jobs; none are followed where there are none.
        reporter: shows the jobs, and the progress of restoring.
        detach: follow the jobs only until they run on their hosts.

    Raises:
        Cancelled: the user interrupted; the jobs go on.
        HostError: a host stayed out of reach; its jobs keep their state.
    """
    records = follow_jobs(client, ids, reporter, detach=detach) if ids else []
    return [JobResult(record=record, restored=restore_result(client.config, record, reporter)) for record in records]
