"""Files that appear under their name only when they are complete, also where several processes write the same one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 100
"""File systems take names of 255 bytes; the beginning of a name is enough to tell whose part a file was."""


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a free name beside a file; the file that is made there takes the file's name at the end.

    The folder is made if it is missing. After an error, nothing is left and ``path`` is as before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:_LONGEST]}.{uuid.uuid4().hex}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, and make its folder if it is missing."""
    with new_file(path) as part:
        part.write_bytes(data)
