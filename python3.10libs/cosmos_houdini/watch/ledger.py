"""The memory of the watchers of a project: what was done for which render, and what each shot waits for.

It is a SQLite file beside the store of the jobs. A watcher that is killed leaves nothing half done in it: a render is
marked when a step has been finished, and each step can be repeated.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.model.text_enum import TextEnum

DATABASE = "watch.db"
LOCKS = "watch"
BUSY_TIMEOUT_MS = 30_000
_ALIVE_S = 120.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS renders (
    key TEXT NOT NULL, fingerprint TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL,
    state TEXT NOT NULL, frames TEXT NOT NULL, videos TEXT NOT NULL DEFAULT '', job TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '', at REAL NOT NULL, PRIMARY KEY (key, fingerprint)
);
CREATE TABLE IF NOT EXISTS waiting (key TEXT PRIMARY KEY, name TEXT, folder TEXT, reason TEXT, at REAL);
CREATE TABLE IF NOT EXISTS watchers (pid INTEGER PRIMARY KEY, folders TEXT, since REAL, seen REAL);
"""


class RenderState(TextEnum):
    """How far a complete render has come."""

    FOUND = "found"
    CONVERTED = "converted"
    SUBMITTED = "submitted"
    DONE = "done"
    FAILED = "failed"


FINISHED = frozenset({RenderState.DONE, RenderState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRow:
    """One version of a shot's render.

    Attributes:
        key: of the shot.
        fingerprint: of its files.
        version: 1 for the first complete render; a frame that is rendered again later makes the next.
        name: of the shot, with ``-r2`` and so on for later versions.
        folder: of the renders.
        state: how far it has come.
        frames: first and last frame, as ``A-B``.
        videos: folder of the converted videos; empty before.
        job: id of its job; empty for none.
        message: the reason of a failure, or the files of a delivery.
        at: time of the last change, in seconds since the epoch.
    """

    key: str
    fingerprint: str
    version: int
    name: str
    folder: str
    state: RenderState
    frames: str
    videos: str
    job: str
    message: str
    at: float

    def document(self) -> dict[str, Any]:
        """Return the row as ``watch status --json`` prints it."""
        return {
            "name": self.name,
            "folder": self.folder,
            "version": self.version,
            "frames": self.frames,
            "state": str(self.state),
            "videos": self.videos or None,
            "job": self.job or None,
            "message": self.message or None,
            "at": self.at,
        }


class Ledger:
    """The ledger of one project, for one thread."""

    def __init__(self, project: Path) -> None:
        self.folder = project / FOLDER
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(self.folder / DATABASE, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def lock(self, key: str) -> FileLock:
        """Return the lock of a shot: one watcher at a time works on it, and a killed one frees it."""
        folder = self.folder / LOCKS
        folder.mkdir(mode=0o700, exist_ok=True)
        return FileLock(folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.lock", timeout=0, mode=0o600)

    def find(self, key: str, fingerprint: str) -> RenderRow | None:
        """Return what is known of a version; None if it is new."""
        rows = self._rows("WHERE key = ? AND fingerprint = ?", (key, fingerprint))
        return rows[0] if rows else None

    def begin(self, key: str, fingerprint: str, *, name: str, folder: Path, frames: str) -> RenderRow:
        """Enter a complete render, unless it is known, and return its row."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            (before,) = self._db.execute("SELECT count(*) FROM renders WHERE key = ?", (key,)).fetchone()
            taken = {row[0] for row in self._db.execute("SELECT name FROM renders WHERE key != ?", (key,))}
            own = f"{Path(folder).parent.name}_{name}" if name in taken else name
            named = own if before == 0 else f"{own}-r{before + 1}"
            self._db.execute(
                "INSERT OR IGNORE INTO renders (key, fingerprint, version, name, folder, state, frames, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (key, fingerprint, before + 1, named, str(folder), str(RenderState.FOUND), frames, time.time()),
            )
            self._db.execute("DELETE FROM waiting WHERE key = ?", (key,))
        finally:
            self._db.execute("COMMIT")
        (row,) = self._rows("WHERE key = ? AND fingerprint = ?", (key, fingerprint))
        return row

    def mark(self, row: RenderRow, state: RenderState, *, videos: str = "", job: str = "", message: str = "") -> None:
        """Note that a version has come further."""
        self._db.execute(
            "UPDATE renders SET state = ?, videos = coalesce(nullif(?, ''), videos),"
            " job = coalesce(nullif(?, ''), job), message = ?, at = ? WHERE key = ? AND fingerprint = ?",
            (str(state), videos, job, message, time.time(), row.key, row.fingerprint),
        )

    def forget(self, row: RenderRow) -> None:
        """Take a version back that turned out to be unfinished."""
        self._db.execute("DELETE FROM renders WHERE key = ? AND fingerprint = ?", (row.key, row.fingerprint))

    def wait_for(self, key: str, *, name: str, folder: Path, reason: str) -> bool:
        """Note what a shot waits for, and return whether that is new."""
        known = self._db.execute("SELECT reason FROM waiting WHERE key = ?", (key,)).fetchone()
        if known and known[0] == reason:
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)", (key, name, str(folder), reason, time.time())
        )
        return True

    def forget_waiting(self, key: str) -> None:
        """Note that a shot waits for nothing."""
        self._db.execute("DELETE FROM waiting WHERE key = ?", (key,))

    def submitted(self) -> list[RenderRow]:
        """Return the versions whose jobs are on their way."""
        return self._rows("WHERE state = ?", (str(RenderState.SUBMITTED),))

    def rows(self) -> list[RenderRow]:
        """Return all versions, the oldest change first."""
        return self._rows("", ())

    def waiting(self) -> list[dict[str, Any]]:
        """Return what each shot waits for, as ``watch status --json`` prints it."""
        found = self._db.execute("SELECT name, folder, reason, at FROM waiting ORDER BY at")
        return [dict(row) for row in found]

    def greet(self, folders: Iterable[Path]) -> None:
        """Note that this process watches."""
        now, names = time.time(), "\n".join(map(str, folders))
        self._db.execute(
            "INSERT INTO watchers VALUES (?, ?, ?, ?) ON CONFLICT (pid) DO UPDATE SET folders = ?, seen = ?",
            (os.getpid(), names, now, now, names, now),
        )

    def leave(self) -> None:
        """Note that this process watches no more."""
        self._db.execute("DELETE FROM watchers WHERE pid = ?", (os.getpid(),))

    def watchers(self) -> list[dict[str, Any]]:
        """Return the processes that watch; one that was killed is gone after two minutes."""
        self._db.execute("DELETE FROM watchers WHERE seen < ?", (time.time() - _ALIVE_S,))
        found = self._db.execute("SELECT pid, folders, since FROM watchers ORDER BY since")
        return [{"pid": row["pid"], "folders": row["folders"].split("\n"), "since": row["since"]} for row in found]

    def _rows(self, where: str, values: tuple[object, ...]) -> list[RenderRow]:
        found = self._db.execute(f"SELECT * FROM renders {where} ORDER BY at", values)  # noqa: S608 - our own words
        return [RenderRow(**{**dict(row), "state": RenderState(row["state"])}) for row in found]
