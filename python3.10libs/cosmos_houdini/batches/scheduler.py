"""The jobs of a batch in turn: so many at once, and what fails is set aside while the rest go on."""

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
"""About an hour at half a minute each: a host that restarts does not end a night's work."""
FIRST_PAUSE_S: Final = 0.02
PAUSE_GROWTH: Final = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How a batch stands at one moment.

    Attributes:
        records: the jobs that are on their way, and those that were at the last status.
        counts: how many jobs of the batch are in each state.
        held: why nothing more is started; empty when it is.
    """

    records: list[JobRecord]
    counts: Mapping[JobState, int]
    held: str

    @property
    def unfinished(self) -> int:
        """How many jobs are not at their end."""
        return batches.count_unfinished(self.counts)


@dataclass(slots=True, kw_only=True)
class BatchWatcher:
    """Looks at a batch again and again, whichever workers it belongs to."""

    client: Client
    batch: str
    host: str
    _last: tuple[str, ...] = ()

    def read_status(self, held: str = "") -> BatchStatus:
        """Return how the batch stands now."""
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
    """Bring the jobs of a batch to their ends, together with all other workers on it, until none is left.

    What is on the host already comes first, then what is next in line whenever the host has room. Jobs that are added
    meanwhile are run too.

    Args:
        client: what to work with.
        worker: this process, and what it works on.
        hooks: what may hold back a start, and who is told what happens.
        on_status: called again and again with how the batch stands.
        on_trouble: called when a host does not answer and is asked again.

    Returns:
        How the batch stood at last; held where jobs were left queued for good.

    Raises:
        HostError: as for ``runner.wait``; the jobs keep their states.
        DiskFull: likewise.
        BadInput: likewise.
    """
    slot = worker.slot
    watcher = BatchWatcher(client=client, batch=slot.batch, host=slot.host)
    backoff = _Backoff()
    held: Hold | None = None
    taken_back: set[tuple[str, int]] = set()
    while True:
        worker.take_over()
        held = _claim(worker, hooks, held)
        _withdraw_waiting(client, worker, hooks, taken_back)
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
    """Claim jobs while the host has room, and return what holds the next one back, if something does.

    A cluster has room for very many: they are claimed as many at a time as go there together.
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
    """Take back what waits on the host for its turn in a process, where nothing more is to be begun.

    Args:
        client: what to work with.
        worker: whose jobs.
        hooks: tells whether its night is over; a pause of the batch is looked for here.
        before: attempts that were taken back, to which this adds.
    """
    records = client.store.records(worker.in_convoys())
    now = {(record.id, record.job.attempt) for record in records}
    if now <= before:
        return
    slot = worker.slot
    if batches.is_paused(client.store, slot.batch, slot.host) or not hooks.may_begin_waiting():
        with suppress(HostUnreachable):
            commands.withdraw_waiting(client, records)
            before |= now


def _advance(client: Client, ids: list[str], on_trouble: OnTrouble) -> list[JobRecord]:
    """Take jobs as far as they go without waiting and return those that have ended."""
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
    # Others may still be about to end jobs of a batch that is held; of one that is through, the first one tells.
    if (status.unfinished and others) or not batches.mark_ended(client.store, slot.batch, slot.host):
        return
    hooks.announce(BatchEnded(batch=slot.batch, counts=status.counts, held=status.held if status.unfinished else ""))


@dataclass(slots=True)
class _Backoff:
    """Short pauses after something has changed, longer ones while nothing does."""

    pause_s: float = FIRST_PAUSE_S
    before: tuple[object, ...] = ()

    def rest(self, client: Client, status: BatchStatus) -> None:
        now = (status.counts, status.held)
        self.pause_s = FIRST_PAUSE_S if now != self.before else self.pause_s * PAUSE_GROWTH
        self.before = now
        self.pause_s = min(self.pause_s, runner.longest_pause_s(client, status.records))
        time.sleep(self.pause_s)
