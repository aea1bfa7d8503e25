"""What came of the runs of a batch, and which further ones an adaptive batch asks for in consequence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.cli.batch_plan import PlannedBatch, RunSelection, plan_batch, points_file
from cosmos_houdini.errors import CheckFailed, JobError
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.entry import ReportEntry, entry_of
from cosmos_houdini.report.table import Row
from cosmos_houdini.sweeps.adaptive import Adaptive

Scores = dict[tuple[str, int], float]
"""By the name of an item and the number of its run."""


def entries_of(client: Client, planned: PlannedBatch, price_per_hour: float | None) -> list[ReportEntry]:
    """Return the runs of a batch that have a job, in its order."""
    found = {record.id: record for record in client.store.records(job.id for job in planned.jobs)}
    return [
        entry_of(run, found[job.id], client.store.attempts(job.id), price_per_hour)
        for run, job in zip(planned.runs, planned.jobs, strict=True)
        if job.id in found
    ]


def next_adaptive_batch(client: Client, planned: PlannedBatch, scores: Scores, more: int) -> PlannedBatch | None:
    """Return an adaptive batch with further runs, chosen by the scores of those that have ended.

    None where there are no more of them, and for all other batches.

    Args:
        client: what to work with.
        planned: the batch as it was run.
        scores: of earlier runs; those of later ones are added.
        more: how many further runs of each item go on at once.
    """
    if planned.batch.randomization.sampler != "adaptive" or planned.selection != RunSelection():
        return None
    # OpenCV and NumPy take a fifth of a second to load, which other batches need not pay before their end.
    from cosmos_houdini.report.examine import scored  # noqa: PLC0415 - see above

    keys = {run.name: (run.shared.name, run.number) for run in planned.runs}
    new = [entry for entry in entries_of(client, planned, None) if keys[entry.name] not in scores]
    scores.update({keys[entry.name]: entry.measures.score for entry in scored(new) if entry.measures})
    adaptive = Adaptive(file=points_file(client.config), scores=scores, more=more)
    longer = plan_batch(planned.batch, client.config, planned.host, planned.selection, adaptive)
    return longer if len(longer.runs) > len(planned.runs) else None


def conclude(rows: Sequence[Row], table: Path) -> None:
    """Fail where the batch did not come out as it was asked for.

    Raises:
        CheckFailed: a result was made with other parameters than were asked for.
        JobError: a run did not succeed or is not at its end, or its result is gone.
    """
    failed = [row for row in rows if row.job.state.final and row.job.state is not JobState.SUCCEEDED]
    left = [row for row in rows if not row.job.state.final]
    differing = [row for row in rows if row.differences]
    if differing:
        first = differing[0]
        raise CheckFailed(
            f"{len(differing)} results were made otherwise than asked for; {first.run}: {'; '.join(first.differences)}",
            action=f"see the column 'differences' of {table}",
        )
    if failed:
        others = f", {len(left)} are not at their end" if left else ""
        raise JobError(
            f"{len(failed)} of {len(rows)} runs did not succeed{others}; the first is {failed[0].run}",
            action=f"cosmos-houdini logs {failed[0].job.id}; the same run-batch again tries them again",
        )
    gone = [row for row in rows if row.clip and not row.clip.path.is_file()]
    if gone:
        raise JobError(
            f"the results of {len(gone)} of {len(rows)} runs are gone; the first is {gone[0].run}",
            action=f"cosmos-houdini retry {gone[0].job.id}",
        )
    if left:
        raise JobError(f"{len(left)} of {len(rows)} runs are not at their end", action="run-batch goes on with them")
