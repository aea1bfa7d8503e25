"""How a batch is shown while it runs: overall, per job, and when it will be through."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cosmos_houdini.batches.scheduler import BatchStatus
from cosmos_houdini.jobs.store.batches import Batch
from cosmos_houdini.jobs.store.history import left_s
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import JobDisplay

ESTIMATE_INTERVAL_S = 2.0


def tally(counts: Mapping[JobState, int]) -> str:
    """Return how far a batch has come.

    >>> tally({JobState.SUCCEEDED: 12, JobState.FAILED: 1, JobState.CANCELLED: 2, JobState.QUEUED: 7})
    '12 of 22 runs done, 1 failed, 2 cancelled'
    """
    done, cancelled = (counts.get(state, 0) for state in (JobState.SUCCEEDED, JobState.CANCELLED))
    failed = sum(count for state, count in counts.items() if state.final) - done - cancelled
    others = "".join(f", {count} {what}" for count, what in ((failed, "failed"), (cancelled, "cancelled")) if count)
    return f"{done} of {sum(counts.values())} runs done{others}"


def time_left(seconds: float | None) -> str:
    """Return ``about 1:20:00 left``; empty where nothing is known."""
    return "" if seconds is None else f"about {timedelta(seconds=round(seconds))} left"


def run_again(batch: Batch) -> str:
    """Return the command that goes on with a batch."""
    return f"cosmos-houdini run-batch {shlex.quote(str(batch.file))} --host {shlex.quote(batch.host)}"


@dataclass(slots=True, kw_only=True)
class BatchProgress:
    """Shows each look at a batch.

    Attributes:
        display: bars or lines.
        store: with what jobs have taken before.
        batch: name of the batch.
        host: where it runs.
        max_parallel: how many of its jobs are on their way at any moment.
    """

    display: JobDisplay
    store: Store
    batch: str
    host: str
    max_parallel: int
    _estimate: str = ""
    _estimated_at: float = float("-inf")

    def show(self, status: BatchStatus) -> None:
        """Draw the jobs that are on their way, and the whole."""
        self.display.update([record.status for record in status.records])
        sentence = ", ".join([tally(status.counts), *([status.held] if status.held else [])])
        self.display.overall(sentence, 1 - status.unfinished / max(1, sum(status.counts.values())), self._left(status))

    def _left(self, status: BatchStatus) -> str:
        if not status.unfinished:
            return ""
        # All jobs of the batch are gone through for it, which takes its time where there are ten thousand.
        if time.monotonic() - self._estimated_at > ESTIMATE_INTERVAL_S:
            self._estimate = time_left(left_s(self.store, self.batch, self.host, self.max_parallel))
            self._estimated_at = time.monotonic()
        return self._estimate
