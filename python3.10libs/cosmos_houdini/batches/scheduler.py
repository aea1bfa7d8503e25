"""The scheduler of every batch: it starts jobs in turn, up to a number at a time. A failed job stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.batches.gate import BatchEnded, BatchHeld, BatchHooks, Hold, JobEnded
from cosmos_houdini.errors import HostUnreachable
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.runner import OnTrouble
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.worker import Worker
from cosmos_houdini.model.job import JobState

PATIENCE_ATTEMPTS: Final = 120
"""About an hour, at half a minute each: a host that restarts does not end a batch."""
FIRST_PAUSE_S: Final = 0.02
PAUSE_GROWTH: Final = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """The status of a batch at one moment.

    Attributes:
        records: the active jobs, and those that were active in the status before.
        counts: how many jobs of the batch are in each state.
        held: why no further job is started; empty if jobs are started.
    """

    records: list[JobRecord]
    counts: Mapping[JobState, int]
    held: str

    @property
    def unfinished(self) -> int:
        """The number of jobs that have not ended."""
        return batches.count_unfinished(self.counts)


@dataclass(slots=True, kw_only=True)
class BatchWatcher:
    """Reads the status of a batch again and again, whichever processes work on it."""

    client: Client
    batch: str
    host: str
    _last: tuple[str, ...] = ()

    def read_status(self, held: str = "") -> BatchStatus:
        """Return the present status; ``held`` says why the caller starts nothing."""
        store = self.client.store
        now = tuple(batches.list_active(store, self.batch, self.host))
        records = store.records({*self._last, *now})
        self._last = now
        if batches.is_paused(store, self.batch, self.host):
            held = f"paused until `cosmos-houdini batch resume {self.batch}`"
        return BatchStatus(records=records, counts=batches.count_states(store, self.batch, self.host), held=held)


def run_batch(
    client: Client,
    worker: Worker,
    *,
    hooks: BatchHooks,
    on_status: Callable[[BatchStatus], None],
    on_trouble: OnTrouble,
) -> BatchStatus:
    """Run the jobs of a batch to their ends, together with all other processes that work on it.

    Jobs on the host come first, then the next queued ones whenever the host has room. Jobs that are added meanwhile
    are run too.

    Args:
        client: of the project.
        worker: this process, and the slot that it works on.
        hooks: hold back starts, and take events.
        on_status: called again and again with the status of the batch.
        on_trouble: called when a host does not answer; the host is asked again.

    Returns:
        The last status; it is held where jobs stay queued.

    Raises:
        HostError: as for ``runner.wait``; the jobs keep their states.
        DiskFull: as for ``runner.wait``.
        BadInput: as for ``runner.wait``.
    """
    slot = worker.slot
    watcher = BatchWatcher(client=client, batch=slot.batch, host=slot.host)
    backoff = _Backoff()
    held: Hold | None = None
    withdrawn: set[tuple[str, int]] = set()
    while True:
        worker.take_over()
        held = _claim(worker, hooks, held)
        _withdraw_waiting(client, worker, hooks, withdrawn)
        ended = _advance(client, worker.mine(), on_trouble)
        for record in ended:
            hooks.announce(JobEnded(record=record))
        status = watcher.read_status(held.reason if held else "")
        on_status(status)
        if not status.unfinished or (held and held.final and not worker.mine()):
            break
        if not ended:
            backoff.rest(client, status)
    _announce_end(client, worker, hooks, status)
    return status


def _claim(worker: Worker, hooks: BatchHooks, before: Hold | None) -> Hold | None:
    """Claim jobs while the host has room, and return what holds the next one back.

    A cluster has room for very many; one call claims no more than are submitted together.
    """
    held: Hold | None = None
    for _ in range(runner.MOST_TOGETHER):
        if not worker.may_claim():
            break
        held = hooks.gate()
        if held or worker.claim() is None:
            break
    if (held and held.reason) != (before and before.reason):
        worker.hold(held.reason if held else "")
        if held:
            hooks.announce(BatchHeld(batch=worker.slot.batch, reason=held.reason))
    return held


def _withdraw_waiting(client: Client, worker: Worker, hooks: BatchHooks, before: set[tuple[str, int]]) -> None:
    """Withdraw jobs that wait on the host for their turn in a shared process, where no further job may begin.

    Args:
        client: of the project.
        worker: the process whose jobs are withdrawn.
        hooks: say whether waiting jobs may begin; a paused batch lets none begin either.
        before: attempts that were withdrawn before; this call adds its own.
    """
    records = client.store.records(worker.in_shared_processes())
    now = {(record.id, record.job.attempt) for record in records}
    if now <= before:
        return
    slot = worker.slot
    if batches.is_paused(client.store, slot.batch, slot.host) or not hooks.may_begin_waiting():
        with suppress(HostUnreachable):
            commands.withdraw_waiting(client, records)
            before |= now


def _advance(client: Client, ids: list[str], on_trouble: OnTrouble) -> list[JobRecord]:
    """Advance jobs as far as they go without waiting, and return those that have ended."""
    if not ids:
        return []
    records = runner.wait(
        client,
        ids,
        on_update=lambda _: None,
        on_trouble=on_trouble,
        enough=lambda _: True,
        patience_attempts=PATIENCE_ATTEMPTS,
    )
    return [record for record in records if record.state.final]


def _announce_end(client: Client, worker: Worker, hooks: BatchHooks, status: BatchStatus) -> None:
    slot = worker.slot
    others = len(batches.list_workers(client.store, slot.batch, slot.host)) > 1
    # Other workers may still be finishing jobs of a held batch. When the batch is complete, only the first worker
    # announces it.
    if (status.unfinished and others) or not batches.mark_ended(client.store, slot.batch, slot.host):
        return
    hooks.announce(BatchEnded(batch=slot.batch, counts=status.counts, held=status.held if status.unfinished else ""))


@dataclass(slots=True)
class _Backoff:
    """Pauses briefly after a change, and longer and longer while nothing changes."""

    pause_s: float = FIRST_PAUSE_S
    before: tuple[object, ...] = ()

    def rest(self, client: Client, status: BatchStatus) -> None:
        now = (status.counts, status.held)
        self.pause_s = FIRST_PAUSE_S if now != self.before else self.pause_s * PAUSE_GROWTH
        self.before = now
        self.pause_s = min(self.pause_s, runner.longest_pause_s(client, status.records))
        time.sleep(self.pause_s)
