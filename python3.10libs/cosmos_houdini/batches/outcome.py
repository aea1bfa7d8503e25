"""The outcome of a batch: a row for each run, a summary, and the error that it ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.batches.plan import PlannedBatch, SetAside
from cosmos_houdini.batches.summary import Summary
from cosmos_houdini.errors import CheckFailed, CosmosError, JobError
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.entry import ReportEntry, build_entry
from cosmos_houdini.report.table import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """The outcome of a batch, or of the part of it that was run.

    Attributes:
        rows: one for each run, in the order of the batch.
        summary: of all runs; its ``text`` is for people.
        table: the CSV file with the rows; the summary is beside it.
        ended_by: the error that ended the work early: no connection, no room, an interruption; None if none did.
        set_aside: runs that cannot be run, where the plan leaves them out.
    """

    rows: tuple[Row, ...]
    summary: Summary
    table: Path
    ended_by: CosmosError | None = None
    set_aside: Sequence[SetAside] = ()

    def document(self) -> dict[str, Any]:
        """Return the outcome as ``run-batch --json`` prints it."""
        return {
            "runs": [row.document() for row in self.rows],
            "set_aside": [one.document() for one in self.set_aside],
            "table": str(self.table),
        }

    @property
    def error(self) -> CosmosError | None:
        """The fault of the batch; None if every run succeeded as it was requested."""
        return self.ended_by or find_problem(self.rows, self.table)


def build_entries(client: Client, planned: PlannedBatch) -> list[ReportEntry]:
    """Return the report entries of all runs of a batch that have a job, in its order."""
    found = {record.id: record for record in client.store.records(job.id for job in planned.jobs)}
    return [
        build_entry(run, found[job.id], client.store.attempts(job.id), client.price(job.job))
        for run, job in zip(planned.runs, planned.jobs, strict=True)
        if job.id in found
    ]


def find_problem(rows: Sequence[Row], table: Path) -> CosmosError | None:
    """Return the error of a batch; None if every run succeeded as it was requested.

    A ``CheckFailed`` says that the parameters of a result are not the requested ones. A ``JobError`` says that a run
    did not succeed or has not ended, or that its result is gone.
    """
    failed = [row for row in rows if row.job.state.final and row.job.state is not JobState.SUCCEEDED]
    left = [row for row in rows if not row.job.state.final]
    if differing := [row for row in rows if row.differences]:
        first = differing[0]
        return CheckFailed(
            f"{len(differing)} results were made otherwise than asked for; {first.run}: {'; '.join(first.differences)}",
            action=f"see the column 'differences' of {table}",
        )
    if failed:
        others = f", {len(left)} have not ended" if left else ""
        return JobError(
            f"{len(failed)} of {len(rows)} runs did not succeed{others}; the first is {failed[0].run}",
            action=f"cosmos-houdini logs {failed[0].job.id}; the same run-batch again tries them again",
        )
    if gone := [row for row in rows if row.clip and not row.clip.path.is_file()]:
        return JobError(
            f"the results of {len(gone)} of {len(rows)} runs are gone; the first is {gone[0].run}",
            action=f"cosmos-houdini retry {gone[0].job.id}",
        )
    if left:
        return JobError(f"{len(left)} of {len(rows)} runs have not ended", action="run-batch goes on with them")
    return None
