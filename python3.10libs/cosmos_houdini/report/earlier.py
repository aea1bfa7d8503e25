"""Earlier accounts of a batch, kept under their dates beside the latest one, which has the plain name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from cosmos_houdini.whole_file import write_whole


def dated(path: Path, written_at: float, number: int = 1) -> Path:
    """Return the name under which a file or folder is kept that was written at a time, in seconds since the epoch.

    The time is that of this machine, and the suffix stays last. A number above 1 tells equal times apart.
    """
    moment = datetime.fromtimestamp(written_at).astimezone()
    again = f"-{number}" if number > 1 else ""
    return path.with_name(f"{path.stem}.{moment:%Y-%m-%d_%H%M%S}{again}{path.suffix}")


def write_latest(path: Path, data: bytes) -> Path | None:
    """Write a file whole, and keep what it held before under a dated name, which is returned; None for nothing new."""
    kept = None
    if path.is_file() and (before := path.read_bytes()) != data:
        # Several processes may end the same batch, and each keeps the same account.
        names = _names(path, path.stat().st_mtime)
        kept = next(name for name in names if not name.exists() or name.read_bytes() == before)
        write_whole(kept, before)
    write_whole(path, data)
    return kept


def move_aside(folder: Path, written_at: float) -> Path:
    """Move a folder to a dated name that is free, and return the name."""
    return folder.replace(next(name for name in _names(folder, written_at) if not name.exists()))


def _names(path: Path, written_at: float) -> Iterator[Path]:
    return (dated(path, written_at, number) for number in count(1))
