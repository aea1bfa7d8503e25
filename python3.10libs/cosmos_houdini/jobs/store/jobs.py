"""The jobs of one project, in SQLite: any number of clients read and write it at once.

A client changes the state of a job only if the job is still in the state that the client saw. So if two clients want to
change the state of one job, only one of them does.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from cosmos_houdini.errors import BadInput, CosmosError, DiskFull, did_you_mean
from cosmos_houdini.jobs.store import rows
from cosmos_houdini.jobs.store.access import find_obstacle, open_snapshot
from cosmos_houdini.jobs.store.lock import acquire
from cosmos_houdini.jobs.store.provenance import Provenance
from cosmos_houdini.jobs.store.record import NEXT, REASONS, Change, Event, JobRecord
from cosmos_houdini.jobs.store.schema import migrate
from cosmos_houdini.model.job import Attempt, FailureClass, Job, JobState

FOLDER = ".cosmos"
DATABASE = "jobs.db"
BUSY_TIMEOUT_MS = 30_000
NEAREST_OF = 500

_NOTHING = Change()
T = TypeVar("T")

# The schema is not the one that the version of the file stands for, or a value is not what the schema takes.
_DAMAGED = re.compile(r"no such (table|column)|duplicate column|table \w+ already exists|malformed JSON")


def store_path(project: Path) -> Path:
    """Return the database of a project folder, which need not exist."""
    return project / FOLDER / DATABASE


class Store:
    """The job store of one project, for one thread of one process.

    Attributes:
        path: the database.
        obstacle: why it can only be read, in words; empty where it can be written, or where no job has been yet. It is
            read as it was when opened.

    Raises:
        BadInput: the file is no job store, or a newer program wrote it, or it is another user's alone, or its disk
            locks no files.
        DiskFull: there is no room for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.obstacle = ""
        self._is_made = path.parent.exists()
        # Reading a project that has no jobs leaves nothing behind.
        self._opened = self._make() if self._is_made else _empty()

    @property
    def _db(self) -> sqlite3.Connection:
        if not self._is_made and self.path.exists():
            self._replace()
        return self._opened

    def _replace(self) -> None:
        """Take the file instead of the memory that stood for none."""
        made = self._make()
        self._opened.close()
        self._opened, self._is_made = made, True

    def _make(self) -> sqlite3.Connection:
        """Open the file, and make it first where there is none."""
        self.obstacle = find_obstacle(self.path)
        database = open_snapshot(self.path) if self.obstacle else _connected(self.path)
        database.row_factory = sqlite3.Row
        try:
            with self._errors():
                if self.obstacle:
                    migrate(database)
                else:
                    self._prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Bring the file to the newest version.

        SQLite does not wait for other clients when it switches to WAL. The first clients of a project may all switch at
        once, so a lock file makes them wait.
        """
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), mode=0o600)
        acquire(lock)
        try:
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                database.execute(f"PRAGMA {pragma}")
            migrate(database)
        finally:
            lock.release()

    @classmethod
    def of(cls, project: Path) -> Store:
        """Open the store of a project folder; the first job makes it."""
        return cls(store_path(project))

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def add(self, record: JobRecord) -> JobRecord:
        """Add a job and return it; if its id is in the store already, return the stored job."""
        self.add_all([record])
        return self.get(record.id)

    def add_all(self, records: Iterable[JobRecord]) -> None:
        """Add jobs, all of them or none; a job whose id is in the store already stays as it is."""
        with self.writing():
            self.insert(records)

    def insert(self, records: Iterable[JobRecord]) -> None:
        """Add jobs as ``add_all`` does, within a transaction."""
        now = time.time()
        for record in records:
            job = record.job
            if self._db.execute(rows.INSERT, rows.insertion(record, now)).rowcount:
                self._db.execute(rows.ADD_ATTEMPT, (job.id, job.attempt, json.dumps(record.options.document())))
                self._log(job.id, now, job.attempt, job.state, "")

    def get(self, job_id: str) -> JobRecord:
        """Return one job.

        Raises:
            BadInput: no job has this id; the error names the nearest id.
        """
        with self._errors():
            row = self._db.execute(rows.SELECT_RECORD + " WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise self._unknown(job_id)
        return self._read(rows.record_of, row)

    def find(self, word: str) -> str:
        """Return the id that equals ``word``, else the only id that begins with it.

        Raises:
            BadInput: no id begins with ``word`` (the error names the nearest id), or several ids do.
        """
        with self._errors():
            found = self._db.execute(
                "SELECT id FROM jobs WHERE id = ? OR (id > ? AND id < ?) ORDER BY id LIMIT 6",
                (word, word, word + "\U0010ffff"),
            ).fetchall()
        ids = [str(row["id"]) for row in found]
        if word in ids or len(ids) == 1:
            return ids[0]
        if not ids or not word:
            raise self._unknown(word)
        raise BadInput(f"several jobs begin with {word!r}", allowed=", ".join(ids), action="give more of the id")

    def jobs(self, ids: Iterable[str] | None = None) -> list[Job]:
        """Return jobs, the oldest first; return all jobs if no ids are given."""
        return [self._read(rows.job_of, row) for row in self._select(rows.SELECT_JOB, ids)]

    def records(self, ids: Iterable[str] | None = None) -> list[JobRecord]:
        """Return the records of jobs, the oldest first; return all records if no ids are given."""
        return [self._read(rows.record_of, row) for row in self._select(rows.SELECT_RECORD, ids)]

    def unfinished(self, *, in_line: bool = True) -> list[str]:
        """Return the ids of the jobs that have not ended, the oldest first.

        Args:
            in_line: whether to include the queued jobs of batches, which the workers of a batch start.
        """
        return [str(row["id"]) for row in self.rows(rows.UNFINISHED, {"in_line": in_line})]

    def move(self, seen: JobRecord, state: JobState, change: Change = _NOTHING) -> JobRecord | None:
        """Change the state of a job if it is still in the state and attempt of ``seen``.

        A change back to ``queued`` begins a new attempt.

        Returns:
            The job as it is now, or None if another client had changed its state.

        Raises:
            ValueError: ``state`` never follows the state of ``seen``, or ``change`` lacks a failure that the new state
                needs, or ``change`` has a failure that the new state does not take.
        """
        with self.writing():
            moved = self.step(seen, state, change)
        return self.get(seen.id) if moved else None

    def step(self, seen: JobRecord, state: JobState, change: Change = _NOTHING) -> bool:
        """Change the state of a job as ``move`` does, within a transaction, and return whether it changed."""
        if state not in NEXT[seen.state]:
            raise ValueError(f"job {seen.id} cannot go from {seen.state} to {state}")
        needs_failure = state in REASONS or (state is JobState.QUEUED and not seen.state.final)
        if (change.failure is not None) != needs_failure:
            raise ValueError(f"job {seen.id} cannot become {state} with failure {change.failure}")
        now = time.time()
        again = state is JobState.QUEUED
        moved = self._db.execute(
            rows.MOVE,
            {
                **rows.failure_columns(None if again else change.failure),
                "id": seen.id,
                "seen_state": str(seen.state),
                "seen_attempt": seen.job.attempt,
                "state": str(state),
                "attempt": seen.job.attempt + again,
                "outputs": json.dumps(change.outputs),
                "progress": {JobState.QUEUED: 0.0, JobState.SUCCEEDED: 1.0}.get(state),
                "root": change.root,
                "launcher": change.launcher,
                "inputs": None if change.inputs is None else json.dumps(change.inputs, ensure_ascii=False),
                # A job that has ended, or is queued again, belongs to no worker.
                "kept": not (state.final or again),
                "now": now,
            },
        ).rowcount
        if moved:
            if again and change.failure:
                lost = change.failure.failure is FailureClass.LOST
                self._mark(seen.id, seen.job.attempt, JobState.LOST if lost else JobState.FAILED, change, now)
            if not change.begun:
                self._db.execute(rows.NEVER_BEGAN, {"id": seen.id, "attempt": seen.job.attempt})
            self._mark(seen.id, seen.job.attempt + again, state, change, now)
        return bool(moved)

    def note(
        self,
        seen: JobRecord,
        stage: str,
        progress: float | None = None,
        eta_s: float | None = None,
        *,
        began_s: float | None = None,
        place: int | None = None,
    ) -> None:
        """Record how far a job has come; do nothing if its state has changed meanwhile.

        Args:
            seen: the job, in the state that it must still have.
            stage: a few words about what happens now.
            progress: from 0 to 1; None leaves it as it was, and so does less: the end of a long log may tell less.
            eta_s: seconds until the end, if that is known.
            began_s: how many seconds ago the program of the attempt began; 0 while it waits on its host.
            place: place of a pending job among those that wait for the same, from 1.
        """
        with self.writing():
            if began_s is not None:
                began = time.time() - began_s
                self._db.execute(rows.BEGAN, {"began": began, "id": seen.id, "attempt": seen.job.attempt})
            self._db.execute(
                "UPDATE jobs SET stage = ?, progress = max(progress, coalesce(?, 0)), eta_s = ?, waiting_place = ?"
                " WHERE id = ? AND state = ? AND attempt = ?",
                (stage, progress, eta_s, place, seen.id, str(seen.state), seen.job.attempt),
            )

    def note_provenance(self, seen: JobRecord, made_with: Provenance) -> None:
        """Record what the attempt of ``seen`` ran with; an empty value leaves the recorded value as it is."""
        known = {name: value for name, value in made_with.document().items() if value}
        with self.writing():
            self._db.execute(
                "UPDATE attempts SET made_with = json_patch(made_with, ?) WHERE job = ? AND number = ?",
                (json.dumps(known, ensure_ascii=False), seen.id, seen.job.attempt),
            )

    def attempts(self, job_id: str) -> tuple[Attempt, ...]:
        """Return a job's attempts, the first one first."""
        with self._errors():
            found = self._db.execute("SELECT * FROM attempts WHERE job = ? ORDER BY number", (job_id,)).fetchall()
        return tuple(self._read(rows.attempt_of, row) for row in found)

    def events(self, job_id: str) -> tuple[Event, ...]:
        """Return a job's history, the oldest event first."""
        with self._errors():
            found = self._db.execute("SELECT * FROM events WHERE job = ? ORDER BY at, rowid", (job_id,)).fetchall()
        return tuple(self._read(rows.event_of, row) for row in found)

    def rows(self, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows that a query finds."""
        with self._errors():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the database in a transaction; no other client writes meanwhile, and an error undoes all of it.

        Raises:
            BadInput: the store can only be read.
        """
        self.check_writable()
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def check_writable(self) -> None:
        """Make the file where there is none, and refuse a store that can only be read.

        Raises:
            BadInput: this is one, or it cannot be made.
            DiskFull: there is no room for it.
        """
        if not self._is_made:
            self._replace()
        error = self.read_only_error
        if error:
            raise error

    @property
    def read_only_error(self) -> BadInput | None:
        """The error of writing to a store that can only be read; None if it can be written, or was not made yet."""
        if not self.obstacle:
            return None
        return BadInput(
            f"the jobs of {self.path.parent.parent} can only be read: {self.obstacle}",
            action="work in a project folder of your own; `status`, `show` and `report` read this one",
        )

    def _select(self, select: str, ids: Iterable[str] | None) -> list[sqlite3.Row]:
        with self._errors():
            if ids is None:
                return self._db.execute(select + rows.BY_AGE).fetchall()
            return self._db.execute(select + rows.AMONG + rows.BY_AGE, (json.dumps(list(ids)),)).fetchall()

    def _mark(self, job_id: str, attempt: int, state: JobState, change: Change, now: float) -> None:
        """Write a change of state into the attempt's row and the history."""
        detail = change.failure.message if change.failure else ""
        if state is JobState.QUEUED:
            detail = change.options.reason
            self._db.execute(rows.ADD_ATTEMPT, (job_id, attempt, json.dumps(change.options.document())))
        elif state is JobState.PENDING:
            # ``note`` replaces this time with a later one until the program begins.
            self._db.execute("UPDATE attempts SET started_at = ? WHERE job = ? AND number = ?", (now, job_id, attempt))
        elif state.final:
            self._db.execute(
                rows.END_ATTEMPT, {"now": now, "id": job_id, "attempt": attempt, **rows.failure_columns(change.failure)}
            )
        self._log(job_id, now, attempt, state, change.detail or detail)

    def _log(self, job_id: str, now: float, attempt: int, state: JobState, detail: str) -> None:
        self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (job_id, now, attempt, str(state), detail))

    def _unknown(self, word: str) -> BadInput:
        if not self._is_made:
            project = self.path.parent.parent
            return BadInput(f"no job {word!r}: {project} has no jobs yet", action="work in the folder of the project")
        found = self._db.execute("SELECT id FROM jobs ORDER BY created_at DESC LIMIT ?", (NEAREST_OF,)).fetchall()
        hint = did_you_mean(word, [row["id"] for row in found])
        return BadInput(f"no job {word!r} in {self.path}", action=hint or "`cosmos-houdini status` lists the jobs")

    def _read(self, make: Callable[[sqlite3.Row], T], row: sqlite3.Row) -> T:
        """Return what a row says.

        Raises:
            BadInput: it holds values that no program of this project has written.
        """
        try:
            return make(row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            # A row of the attempts or of the history names its job in another column.
            job = row["id" if "id" in row.keys() else "job"]  # noqa: SIM118 - a Row is no mapping
            raise BadInput(
                f"{self.path} is damaged: the row of job {job} cannot be read: {error}",
                action="put a copy of the file into its place, or move it away",
            ) from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of SQLite into errors that name the file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "disk is full" in str(error):
                raise DiskFull(f"no room to write {self.path}", action="free some room, then `attach`") from error
            if isinstance(error, sqlite3.OperationalError) and not _DAMAGED.match(str(error)):
                action = "see whether its disk works and locks files: `cosmos-houdini doctor` tells"
                raise CosmosError(f"job store {self.path}: {error}", action=action) from error
            raise BadInput(f"{self.path} is no job store: {error}", action="move the file away") from error


def _empty() -> sqlite3.Connection:
    """Return an empty store in memory."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.row_factory = sqlite3.Row
    migrate(database)
    return database


def _connected(path: Path) -> sqlite3.Connection:
    # SQLite gives its journal files the mode of the main file, so the main file is created first.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
