"""What the copying of a job's files writes into the store, where every client can read it."""

from __future__ import annotations

import time
from collections.abc import Callable

from cosmos_houdini.hosts.base import OnProgress, Progress
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.record import JobRecord

INTERVAL_S = 0.5


def noting(client: Client, record: JobRecord, words: str, *, check: Callable[[], None] | None = None) -> OnProgress:
    """Return a callback that notes how far it is, at most twice a second.

    Args:
        client: with the store.
        record: the job.
        words: what is being done.
        check: called before each note; what it raises stops the copying.
    """
    noted_at = 0.0

    def report(progress: Progress) -> None:
        nonlocal noted_at
        if time.monotonic() - noted_at < INTERVAL_S:
            return
        noted_at = time.monotonic()
        if check:
            check()
        client.store.note(record, f"{words}, {progress}")

    return report
