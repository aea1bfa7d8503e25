"""Batches as a person controls them: status, follow, pause, resume, priority, cancel."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.batches.progress import BatchProgress, format_counts, resume_command
from cosmos_houdini.batches.scheduler import BatchStatus, BatchWatcher
from cosmos_houdini.errors import Cancelled, JobError
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.batches import Batch
from cosmos_houdini.jobs.store.history import estimate_left_s
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter

FOLLOW_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCondition:
    """A batch on one host, with the state of the whole.

    Attributes:
        batch: the batch.
        left_s: estimated seconds until it ends; None if they are unknown or the batch has ended.
    """

    batch: Batch
    left_s: float | None

    @property
    def held(self) -> str:
        """The reason why its processes start nothing; empty if they start runs."""
        return next((worker.held for worker in self.batch.workers if worker.held), "")

    @property
    def state(self) -> str:
        """``ended``, ``paused``, ``waiting`` (no process works on it), ``held`` or ``running``."""
        if not self.batch.unfinished:
            return "ended"
        if self.batch.paused:
            return "paused"
        if not self.batch.workers:
            return "waiting"
        return "held" if self.held else "running"

    def document(self) -> dict[str, Any]:
        """Return the batch as ``batch status --json`` prints it."""
        batch = self.batch
        return {
            "name": batch.name,
            "host": batch.host,
            "file": str(batch.file or ""),
            "state": self.state,
            "held": self.held,
            "runs": sum(batch.counts.values()),
            "counts": {str(state): count for state, count in batch.counts.items()},
            "left_s": self.left_s,
            "workers": [
                {"pid": worker.pid, "log": worker.log, "max_parallel": worker.max_parallel, "since": worker.since}
                for worker in batch.workers
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledRuns:
    """The numbers of cancelled runs of a batch.

    Attributes:
        queued: runs that had not begun.
        active: runs that had begun.
    """

    queued: int
    active: int


def list_conditions(store: Store, name: str | None = None) -> list[BatchCondition]:
    """Return all batches, or those of one name: a batch may run on several hosts.

    Raises:
        BadInput: no batch has this name; the nearest name is given.
    """
    return [
        BatchCondition(
            batch=batch,
            left_s=estimate_left_s(store, batch.name, batch.host, _max_parallel(batch)) if batch.unfinished else None,
        )
        for batch in batches.list_batches(store, name)
    ]


def follow_batch(client: Client, name: str, reporter: Reporter) -> None:
    """Show a batch to its end without working on it.

    Raises:
        BadInput: no batch has this name.
        JobError: not all runs succeeded, or no process works on the batch.
        Cancelled: the user interrupted; the batch goes on.
    """
    try:
        for batch in batches.list_batches(client.store, name):
            last = _follow(client, batch, reporter)
            if last.unfinished or last.counts.get(JobState.SUCCEEDED, 0) < sum(last.counts.values()):
                raise JobError(
                    f"batch {name}: {format_counts(last.counts)}{'; nobody works on it' if last.unfinished else ''}",
                    action=f"to go on: {resume_command(batch.file, batch.host)}",
                )
            reporter.say(f"batch {name}: {format_counts(last.counts)}")
    except KeyboardInterrupt:
        raise Cancelled(f"interrupted; batch {name} goes on", action=f"cosmos-houdini batch follow {name}") from None


def set_paused(store: Store, name: str, *, paused: bool) -> list[Batch]:
    """Pause or resume a batch, and return its condition on each host; a paused batch starts no further run.

    Raises:
        BadInput: no batch has this name.
    """
    batches.list_batches(store, name)
    batches.set_paused(store, name, paused=paused)
    return batches.list_batches(store, name)


def cancel_batch(client: Client, name: str) -> CancelledRuns:
    """Cancel all runs of a batch that have not ended.

    Raises:
        BadInput: no batch has this name.
        HostError: a host could not be reached; runs there keep their states.
    """
    found = batches.list_batches(client.store, name)
    # Cancelling a shared process queues its other jobs again; the pause keeps them from being started.
    batches.set_paused(client.store, name, paused=True)
    try:
        active = [job for batch in found for job in batches.list_active(client.store, name, batch.host)]
        after = [commands.cancel(client, job).state for job in active]
        queued = batches.cancel_queued(client.store, name)
    finally:
        batches.set_paused(client.store, name, paused=False)
    return CancelledRuns(queued=queued, active=sum(state is JobState.CANCELLED for state in after))


def set_priority(store: Store, name: str, priority: int, runs: Iterable[str] = ()) -> int:
    """Give runs of a batch a priority, and return their number; higher priorities start first.

    Args:
        store: of the project.
        name: of the batch.
        priority: -1000 to 1000; it also counts against other batches on the host. Every run begins with 0.
        runs: names with ``*`` and ``?`` as wildcards, or job ids; none for all runs.

    Raises:
        BadInput: no batch has this name, or no run fits.
    """
    batches.list_batches(store, name)
    return batches.prioritise(store, name, priority, runs)


def _follow(client: Client, batch: Batch, reporter: Reporter) -> BatchStatus:
    """Show a batch until all its runs have ended, or no process works on it."""
    watcher = BatchWatcher(client=client, batch=batch.name, host=batch.host)
    with reporter.following() as display:
        progress = BatchProgress(
            display=display,
            store=client.store,
            batch=batch.name,
            host=batch.host,
            max_parallel=_max_parallel(batch),
        )
        while True:
            workers = batches.list_workers(client.store, batch.name, batch.host)
            status = watcher.read_status(next((worker.held for worker in workers), ""))
            progress.show(status)
            if not status.unfinished or not workers:
                return status
            time.sleep(FOLLOW_PAUSE_S)


def _max_parallel(batch: Batch) -> int:
    return max((worker.max_parallel for worker in batch.workers), default=1)
