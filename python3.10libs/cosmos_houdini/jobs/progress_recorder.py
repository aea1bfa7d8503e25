"""Write the progress of copying a job's files into the store, where every client can read it."""

from __future__ import annotations

import time
from collections.abc import Callable

from cosmos_houdini.hosts.base import OnProgress, Progress
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.record import JobRecord

INTERVAL_S = 0.5


def noting(client: Client, record: JobRecord, words: str, *, check: Callable[[], None] | None = None) -> OnProgress:
    """Return a callback that stores the progress of copying, at most twice a second.

    Args:
        client: the client whose store is used.
        record: the job.
        words: a description of the current step.
        check: called before each write to the store; an exception that it raises stops the copying.
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
