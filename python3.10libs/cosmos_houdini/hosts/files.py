"""Files of this machine: read in pieces, and written so that the final name has a whole file or the old one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmos_houdini.errors import BadInput, CosmosError, DiskFull

SUFFIX = ".part"
"""The end of an incomplete file's name; a file that still has it comes from an interrupted transfer."""

_CHUNK_BYTES = 1024 * 1024
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def partial_name() -> str:
    """Return a hidden name that no other transfer has; its length does not depend on that of the final name."""
    return f".{uuid.uuid4().hex}{SUFFIX}"


def chunks(path: Path, failure: Callable[[str], CosmosError], *, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """Yield a file in pieces of at most ``size`` bytes; ``failure`` makes the error if it cannot be read."""
    try:
        with path.open("rb") as file:
            while piece := file.read(size):
                yield piece
    except OSError as error:
        raise failure(f"{path} cannot be read: {error.strerror}") from error


def slice_pieces(path: Path, start: int, length: int, *, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
    """Yield ``length`` bytes of a file from ``start`` on, in pieces of at most ``size`` bytes.

    Raises:
        BadInput: the file cannot be read, or is shorter.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            while length:
                piece = file.read(min(size, length))
                if not piece:
                    raise BadInput(f"{path} has become shorter while it was read")
                length -= len(piece)
                yield piece
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def has_content(path: Path, size: int, sha256: str) -> bool:
    """Whether there is a file of this length and hash."""
    try:
        if path.stat().st_size != size:
            return False
        digest = hashlib.sha256()
        for piece in slice_pieces(path, 0, size):
            digest.update(piece)
    except (FileNotFoundError, BadInput):
        return False
    return digest.hexdigest() == sha256


@contextmanager
def arriving(
    path: Path, failure: Callable[[str], CosmosError], *, mode: int | None = None, synced: bool = False
) -> Iterator[Callable[[bytes], object]]:
    """Give a function that writes a file; the file appears as ``path`` only if the block ends without an error.

    Args:
        path: the final name, in a folder that exists.
        failure: makes the error if the folder is missing or cannot be written to.
        mode: permission bits; None for those of the user's umask.
        synced: whether the content has to be on the disk before the file has its name, as after a power failure.

    Raises:
        DiskFull: the disk of this machine has no room left.
    """
    temporary = path.with_name(partial_name())
    try:
        with naming(path, failure):
            file = os.fdopen(os.open(temporary, _NEW_FILE, 0o666 if mode is None else 0o600), "wb")

        def write(data: bytes) -> None:
            with naming(path, failure):
                file.write(data)

        try:
            yield write
        except BaseException:
            with contextlib.suppress(OSError):
                file.close()
            raise
        with naming(path, failure):
            if synced:
                file.flush()
                os.fsync(file.fileno())
            # A full disk of another machine may report its error only here.
            file.close()
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def make_private_folder(folder: Path, failure: Callable[[str], CosmosError]) -> None:
    """Make a folder that is the user's alone, and its missing parents; one that exists stays as it is.

    Raises:
        DiskFull: the disk of this machine has no room left.
    """
    with naming(folder, failure):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def naming(path: Path, failure: Callable[[str], CosmosError]) -> Iterator[None]:
    """Turn an error of the operating system in writing ``path`` into DiskFull, or into the error of ``failure``."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(f"no room on this machine for {path}", action="free some space and try again") from error
        raise failure(f"{path} cannot be written: {error.strerror}") from error
