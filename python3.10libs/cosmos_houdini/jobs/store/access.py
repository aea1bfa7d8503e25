"""Who may use the job store of a project: its owner writes it, and others read it where the owner lets them."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from cosmos_houdini.errors import BadInput, DiskFull

SNAPSHOT_ROUNDS = 5
"""How often a copy is tried that another process changes meanwhile."""

_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def find_obstacle(path: Path) -> str:
    """Make the folder of a store where it is missing, and return why this user cannot write the store.

    Args:
        path: the database.

    Returns:
        Words such as ``its disk is read-only``; empty if the user can write it.

    Raises:
        BadInput: the user cannot read it either, or the folder cannot be made.
        DiskFull: there is no room for the folder.
    """
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        owner = _other_owner(found)
        if owner:
            return _foreign(path, owner, found)
        if not found.st_mode & stat.S_IWUSR:
            return f"{folder} has no permission to write (mode {stat.S_IMODE(found.st_mode):04o})"
        if found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(f"no room to make {folder}", action="free some room and try again") from error
        if error.errno in _READ_ONLY:
            return f"{folder.parent}: {error.strerror}"
        raise BadInput(f"{folder} cannot be made: {error.strerror}", action="work in a folder that is yours") from error
    for place in (folder, path):
        if place.exists() and not os.access(place, os.W_OK):
            return f"{place} cannot be written to"
    return ""


def open_snapshot(path: Path) -> sqlite3.Connection:
    """Return a copy of a database in memory, with what its journal holds; an empty one where there is none.

    Neither a read-only disk nor a folder of another user takes the files that SQLite needs for reading in its WAL mode.

    Raises:
        BadInput: the database cannot be read, or is no database.
    """
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if path.exists():
            with tempfile.TemporaryDirectory() as name:
                copy = Path(name) / path.name
                _copy(path, copy)
                with closing(sqlite3.connect(copy)) as database:
                    database.backup(memory)
    except OSError as error:
        memory.close()
        raise BadInput(f"{path} cannot be read: {error.strerror}", action="ask whoever owns the project") from error
    except sqlite3.DatabaseError as error:
        memory.close()
        raise BadInput(f"{path} is no job store: {error}", action="ask whoever owns the project") from error
    return memory


def _copy(path: Path, copy: Path) -> None:
    """Copy a database and its journal as they are at one moment, as far as their times tell."""
    journal = path.with_name(f"{path.name}-wal")
    for _ in range(SNAPSHOT_ROUNDS):
        before = _times(path, journal)
        shutil.copyfile(path, copy)
        if journal.exists():
            shutil.copyfile(journal, copy.with_name(f"{copy.name}-wal"))
        if _times(path, journal) == before:
            return


def _times(*paths: Path) -> list[tuple[int, int]]:
    found = (path.stat() for path in paths if path.exists())
    return [(each.st_mtime_ns, each.st_size) for each in found]


if sys.platform == "win32":

    def _other_owner(_found: os.stat_result) -> str:
        """Name nobody: the standard library tells no owner here."""
        return ""

else:
    import pwd

    def _other_owner(found: os.stat_result) -> str:
        """Return the name of a folder's owner; empty if it is this user, or if this user may do everything."""
        if os.geteuid() in {0, found.st_uid}:
            return ""
        try:
            return pwd.getpwuid(found.st_uid).pw_name
        except KeyError:
            return str(found.st_uid)


def _foreign(path: Path, owner: str, found: os.stat_result) -> str:
    """Return why a store of another user is only read.

    Raises:
        BadInput: it cannot be read.
    """
    if not os.access(path.parent, os.R_OK | os.X_OK) or (path.exists() and not os.access(path, os.R_OK)):
        raise BadInput(
            f"{path.parent} belongs to {owner} (mode {stat.S_IMODE(found.st_mode):04o}), and a project's jobs are its"
            " owner's alone",
            action="work in a project folder of your own; the shots may lie elsewhere",
        )
    return f"{path.parent} belongs to {owner}"
