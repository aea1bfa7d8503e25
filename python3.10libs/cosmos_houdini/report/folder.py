"""The folder of a report: written whole or not at all, and never over files of others."""

from __future__ import annotations

import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmos_houdini.errors import BadInput, DiskFull
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.report.earlier import move_aside

SCHEMA = "cosmos-houdini/report/1"
DOCUMENT = "report.json"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; it replaces ``folder`` when the block succeeds, and is removed when the block fails.

    An earlier report that says something else is kept beside it; see ``report.earlier``.

    Raises:
        BadInput: ``folder`` holds a file that no report wrote, or cannot be made.
        DiskFull: the block ran out of disk room.
    """
    check_folder(folder)
    fresh, old = (folder.with_name(f".{uuid.uuid4().hex}.part") for _ in range(2))
    try:
        fresh.mkdir(parents=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made: {error.strerror}", action="name another folder with -o") from error
    try:
        with _room(folder):
            yield fresh
        aside = _move_earlier(folder, fresh, old) if folder.exists() else old
        try:
            fresh.replace(folder)
        except OSError:
            if aside.exists():
                aside.replace(folder)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _move_earlier(folder: Path, fresh: Path, old: Path) -> Path:
    """Move an earlier report away and return its name: ``old`` for one that the new one repeats, else a dated name."""
    document, new = folder / DOCUMENT, fresh / DOCUMENT
    if not document.is_file() or (new.is_file() and document.read_bytes() == new.read_bytes()):
        return folder.replace(old)
    return move_aside(folder, document.stat().st_mtime)


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise DiskFull(f"no room on this machine for {folder}", action="free some room and try again") from error


def check_folder(folder: Path) -> None:
    """Refuse a folder with files that its report does not list as its own.

    Raises:
        BadInput: there is such a file, which is named; or ``folder`` is not a folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", action="name another one with -o")
    own = _files_of_report(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in own:
            raise BadInput(f"{path} is not of a report and would be lost", action="move it away, or name another -o")


def list_files(folder: Path) -> list[str]:
    """Return the files below a folder, by their names relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _files_of_report(folder: Path) -> set[str]:
    try:
        document = read_json_file(folder / DOCUMENT)
        return set(document["files"]) if document["schema"] == SCHEMA else set()
    except (BadInput, KeyError, TypeError):
        return set()
