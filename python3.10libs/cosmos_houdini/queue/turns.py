"""Many jobs in turn: so many at once, and what fails is set aside while the rest go on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from cosmos_houdini.queue import runner
from cosmos_houdini.queue.client import Client
from cosmos_houdini.queue.record import JobRecord
from cosmos_houdini.queue.runner import OnTrouble, OnUpdate

PATIENCE_ATTEMPTS: Final = 120
"""About an hour at half a minute each: a host that restarts does not end a night's work."""


def run_in_turn(
    client: Client,
    ids: Sequence[str],
    *,
    at_once: int,
    on_update: OnUpdate,
    on_trouble: OnTrouble,
    on_end: Callable[[JobRecord], None],
) -> None:
    """Bring jobs to their ends in order, those that are on a host already first.

    Args:
        client: what to work with.
        ids: jobs.
        at_once: how many are on their way at any moment.
        on_update: called after every look with the jobs that are on their way.
        on_trouble: called when a host does not answer and is asked again.
        on_end: called with each job when it has ended.

    Raises:
        HostError: as for ``runner.wait``; the jobs keep their states.
        DiskFull: likewise.
        BadInput: likewise.
    """
    unfinished = {record.id: record.state for record in client.store.records(ids) if not record.state.final}
    in_order = [job_id for job_id in ids if job_id in unfinished]
    waiting = deque(sorted(in_order, key=lambda job_id: unfinished[job_id] not in runner.ON_HOST))
    on_their_way: list[str] = []
    while waiting or on_their_way:
        while waiting and len(on_their_way) < at_once:
            on_their_way.append(waiting.popleft())
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
