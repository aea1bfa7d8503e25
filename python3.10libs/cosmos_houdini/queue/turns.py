"""Many jobs in turn: so many at once, and what fails is set aside while the rest go on."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final

from cosmos_houdini.queue import runner
from cosmos_houdini.queue.client import Client
from cosmos_houdini.queue.gate import BatchEnded, BatchHeld, Contract, Hold, JobEnded
from cosmos_houdini.queue.record import JobRecord
from cosmos_houdini.queue.runner import OnTrouble, OnUpdate

PATIENCE_ATTEMPTS: Final = 120
"""About an hour at half a minute each: a host that restarts does not end a night's work."""
HELD_PAUSE_S: Final = 2.0


def run_in_turn(
    client: Client,
    batch: str,
    ids: Sequence[str],
    *,
    at_once: int,
    contract: Contract,
    on_update: OnUpdate,
    on_trouble: OnTrouble,
    on_end: Callable[[JobRecord], None],
) -> str:
    """Bring jobs to their ends in order, those that are on a host already first.

    Args:
        client: what to work with.
        batch: name of the batch.
        ids: jobs.
        at_once: how many are on their way at any moment.
        contract: what may hold back a start, and who is told what happens.
        on_update: called after every look with the jobs that are on their way.
        on_trouble: called when a host does not answer and is asked again.
        on_end: called with each job when it has ended.

    Returns:
        Why jobs were left queued for good; nothing where all are at their end.

    Raises:
        HostError: as for ``runner.wait``; the jobs keep their states.
        DiskFull: likewise.
        BadInput: likewise.
    """
    unfinished = {record.id: record.state for record in client.store.records(ids) if not record.state.final}
    started = deque(job_id for job_id in ids if unfinished.get(job_id) in runner.ON_HOST)
    waiting = deque(job_id for job_id in ids if unfinished.get(job_id) in runner.BEFORE_HOST)
    on_their_way: list[str] = []
    held: Hold | None = None
    while started or waiting or on_their_way:
        while started and len(on_their_way) < at_once:
            on_their_way.append(started.popleft())
        while waiting and len(on_their_way) < at_once:
            before, held = held, contract.gate()
            if held is not None:
                if before is None or before.reason != held.reason:
                    contract.tell(BatchHeld(batch=batch, reason=held.reason))
                break
            on_their_way.append(waiting.popleft())
        if not on_their_way:
            if held and held.for_good:
                break
            time.sleep(HELD_PAUSE_S)
            continue
        for record in runner.wait(
            client,
            on_their_way,
            on_update=on_update,
            on_trouble=on_trouble,
            enough=any,
            patience_attempts=PATIENCE_ATTEMPTS,
        ):
            if record.state.final:
                on_their_way.remove(record.id)
                on_end(record)
                contract.tell(JobEnded(record=record))
    reason = held.reason if held and waiting else ""
    counts = Counter(job.state for job in client.store.jobs(ids))
    contract.tell(BatchEnded(batch=batch, counts=counts, held=reason))
    return reason
