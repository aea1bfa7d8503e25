"""The progress of a batch in words: counts, time left, and the command that continues it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cosmos_houdini.batches.scheduler import BatchStatus
from cosmos_houdini.jobs.store.batches import list_batches
from cosmos_houdini.jobs.store.history import estimate_left_s
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import JobDisplay

ESTIMATE_INTERVAL_S = 2.0


def format_counts(counts: Mapping[JobState, int]) -> str:
    """Return the progress of a batch in words.

    >>> format_counts({JobState.SUCCEEDED: 12, JobState.FAILED: 1, JobState.CANCELLED: 2, JobState.QUEUED: 7})
    '12 of 22 runs done, 1 failed, 2 cancelled'
    """
    done, cancelled = (counts.get(state, 0) for state in (JobState.SUCCEEDED, JobState.CANCELLED))
    failed = sum(count for state, count in counts.items() if state.final) - done - cancelled
    others = "".join(f", {count} {name}" for count, name in ((failed, "failed"), (cancelled, "cancelled")) if count)
    return f"{done} of {sum(counts.values())} runs done{others}"


def format_time_left(seconds: float | None) -> str:
    """Return a text such as ``about 1:20:00 left``; empty if the time is unknown."""
    return "" if seconds is None else f"about {timedelta(seconds=round(seconds))} left"


def resume_command(file: Path | None, host: str) -> str:
    """Return the command that continues a batch; for a batch in memory, a few words."""
    if file is None:
        return "run the batch again"
    return f"cosmos-houdini run-batch {shlex.quote(str(file))} --host {shlex.quote(host)}"


def describe_unattended(store: Store) -> Iterator[str]:
    """Yield a sentence for each batch that has queued runs and no process that works on them."""
    for batch in list_batches(store):
        waiting = batch.counts.get(JobState.QUEUED, 0)
        if waiting and not batch.workers:
            yield (
                f"{waiting} runs of batch {batch.name} are queued and no process works on them; "
                f"to go on: {resume_command(batch.file, batch.host)}"
            )


@dataclass(slots=True, kw_only=True)
class BatchProgress:
    """Shows the status of a batch again and again.

    Attributes:
        display: shows jobs.
        store: knows how long jobs took before.
        batch: name of the batch.
        host: where it runs.
        max_parallel: most of its jobs at a time.
    """

    display: JobDisplay
    store: Store
    batch: str
    host: str
    max_parallel: int
    _estimate: str = ""
    _estimated_at: float = float("-inf")

    def show(self, status: BatchStatus) -> None:
        """Show the active jobs and the whole batch."""
        self.display.update([record.status for record in status.records])
        sentence = ", ".join([format_counts(status.counts), *([status.held] if status.held else [])])
        done = 1 - status.unfinished / max(1, sum(status.counts.values()))
        self.display.overall(sentence, done, self._left(status))

    def _left(self, status: BatchStatus) -> str:
        if not status.unfinished:
            return ""
        # The estimate reads all jobs of the batch, which takes long if there are ten thousand.
        if time.monotonic() - self._estimated_at > ESTIMATE_INTERVAL_S:
            left_s = estimate_left_s(self.store, self.batch, self.host, self.max_parallel)
            self._estimate = format_time_left(left_s)
            self._estimated_at = time.monotonic()
        return self._estimate
