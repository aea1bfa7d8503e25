"""One client of this machine at a time works on a job; the system frees the lock of a client that is killed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cosmos_houdini.errors import BadInput


def acquire(lock: FileLock) -> None:
    """Acquire a lock within its time.

    Raises:
        Timeout: another process holds it.
        BadInput: the disk of the project locks no files, or the lock file cannot be made.
    """
    try:
        lock.acquire()
    except Timeout:
        raise
    except (OSError, NotImplementedError) as error:
        said = getattr(error, "strerror", None) or error
        raise BadInput(
            f"{lock.lock_file} cannot be locked: {said}",
            action="move the project to a disk that locks files, such as a local one, or NFS with its lock service",
        ) from error


def check_locks(folder: Path) -> None:
    """Lock a file in a folder, and leave nothing there.

    Raises:
        BadInput: the disk of the folder locks no files, or nothing can be written there.
    """
    path = folder / f".{uuid.uuid4().hex}.lock"
    lock = FileLock(path, mode=0o600)
    try:
        acquire(lock)
    finally:
        lock.release()
        with suppress(OSError):
            path.unlink()


@contextmanager
def job_lock(folder: Path, job_id: str, *, timeout_s: float = 0.0) -> Iterator[bool]:
    """Yield whether the job's lock was acquired within ``timeout_s`` seconds, and hold it while the block runs.

    The lock file is never removed. Otherwise two clients could lock two different files of the same name.

    Raises:
        BadInput: the disk of the project locks no files.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / f"{job_id}.lock", timeout=timeout_s, mode=0o600)
    try:
        acquire(lock)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
