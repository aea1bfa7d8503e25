"""Hidden folders beside files that are being made, which go away however their process ends."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = "lock"
_JUST_MADE_S = 1.0
"""A folder of this age may belong to a process that has not locked it yet."""
_ABANDONED_S = 24 * 3600
"""A folder without a lock, as on a disk that cannot lock, is given up at this age."""


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """Make a folder beside ``out`` for what becomes it, and remove the folders that killed processes left there.

    The folder is locked as long as it is needed. The system frees the lock of a process that is killed.

    Args:
        out: the file that is being made; its folder is made where it is missing.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{out.name}."
    for left in out.parent.iterdir():
        if left.name.startswith(prefix) and _is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=out.parent) as name:
        lock = FileLock(Path(name) / _LOCK, mode=0o600)
        # Without locks the folder goes away by its age.
        with suppress(OSError, NotImplementedError):
            lock.acquire(timeout=0)
        try:
            yield Path(name)
        finally:
            lock.release()


def _is_abandoned(folder: Path) -> bool:
    """Whether no process uses a folder that ``scratch_folder`` made."""
    try:
        age_s = time.time() - folder.stat().st_mtime
        if not folder.is_dir() or age_s < _JUST_MADE_S:
            return False
        if not (folder / _LOCK).is_file():
            return age_s > _ABANDONED_S
        with FileLock(folder / _LOCK, mode=0o600).acquire(timeout=0):
            return True
    except (OSError, Timeout, NotImplementedError):
        return False
