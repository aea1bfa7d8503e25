"""One client of this machine at a time works on a job; the system frees the lock of a client that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def job_lock(folder: Path, job_id: str, *, timeout_s: float = 0.0) -> Iterator[bool]:
    """Yield whether the job's lock was acquired within ``timeout_s`` seconds, and hold it while the block runs.

    The lock file is never removed. Otherwise two clients could lock two different files of the same name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / f"{job_id}.lock", timeout=timeout_s, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
