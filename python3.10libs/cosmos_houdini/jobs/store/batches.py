"""The batches of a project as the store knows them: their jobs and order, paused or not, and who works on them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.store.jobs import FOLDER, Store
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.jobs.store.worker import is_dead
from cosmos_houdini.model.job import FailureClass, JobFailure, JobState

TAKEN_OUT_MESSAGE = "taken out of the batch's file before it was started"
TAKEN_OUT = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message=TAKEN_OUT_MESSAGE))
CANCELLED = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message="cancelled with its batch"))

_ENQUEUE = "UPDATE jobs SET batch = ?, place = ? WHERE id = ?"
_ON_THEIR_WAY = """
SELECT id FROM jobs WHERE batch = ? AND host = ? AND state IN ('staging', 'running', 'collecting')
"""
# Of the jobs that one process makes, one at a time has the GPUs.
_GPUS_IN_USE = """
SELECT coalesce(sum(gpus), 0) AS gpus FROM (
    SELECT max(json_extract(request, '$.num_gpu')) AS gpus FROM jobs
    WHERE host = ? AND state IN ('staging', 'running', 'collecting') GROUP BY coalesce(nullif(convoy, ''), id))
"""
_NAMES = "SELECT name FROM jobs WHERE batch = ? AND state <> 'cancelled'"
_PUT_BACK = """
SELECT id FROM jobs WHERE batch IS NULL AND state = 'cancelled' AND failure_message = ?
    AND id IN (SELECT value FROM json_each(?))
"""
_LEFT_OUT = """
SELECT id FROM jobs WHERE batch = ? AND host = ? AND state = 'queued' AND owner IS NULL
    AND id NOT IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A living process that works on a batch.

    Attributes:
        pid: its process id on this machine.
        log: file with its messages; empty where they go to a terminal.
        max_parallel: how many jobs it lets be on their way.
        held: why it starts nothing; empty when it does.
        since: seconds since the epoch.
    """

    pid: int
    log: str
    max_parallel: int
    held: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch on one host.

    Attributes:
        name: from its file.
        host: where its jobs run.
        file: its file, absolute; None for a batch that was made in memory.
        paused: whether a person has ordered that nothing more of it is started.
        counts: how many of its jobs are in each state.
        workers: the processes that work on it.
    """

    name: str
    host: str
    file: Path | None
    paused: bool
    counts: Mapping[JobState, int]
    workers: tuple[WorkerRow, ...]

    @property
    def unfinished(self) -> int:
        """How many of its jobs are not at their end."""
        return count_unfinished(self.counts)


def points_file(project: Path) -> Path:
    """Return the file that keeps the points of a project's adaptive batches."""
    return project / FOLDER / "adaptive.db"


def count_unfinished(counts: Mapping[JobState, int]) -> int:
    """Return how many jobs are not at their end.

    >>> count_unfinished({JobState.SUCCEEDED: 3, JobState.RUNNING: 1, JobState.QUEUED: 2})
    3
    """
    return sum(count for state, count in counts.items() if not state.final)


def count_gpus_in_use(store: Store, host: str) -> int:
    """Return how many GPUs the jobs have that are on their way on a host, of whatever batch."""
    return int(store.rows(_GPUS_IN_USE, (host,))[0]["gpus"])


def list_run_names(store: Store, batch: str) -> set[str]:
    """Return the names of a batch's runs that were not cancelled."""
    return {str(row["name"]) for row in store.rows(_NAMES, (batch,))}


def enqueue(store: Store, batch: str, host: str, file: Path | None, records: Sequence[JobRecord]) -> int:
    """Put the jobs of a batch in line, in this order, all of them or none; workers on it see them at once.

    Those that are known stay as they are. What waits in the batch's line and is not among them was taken out of its
    file: it is cancelled until it is put back.

    Returns:
        How many were cancelled so.

    Raises:
        BadInput: another file's batch has this name and is not at its end.
    """
    with store.writing() as db:
        _refuse_namesake(store, batch, host, file)
        db.execute(
            "INSERT INTO batches (name, host, file) VALUES (?, ?, ?)"
            " ON CONFLICT (name, host) DO UPDATE SET file = excluded.file, ended_at = NULL",
            (batch, host, str(file or "")),
        )
        store.insert(records)
        ids = json.dumps([record.id for record in records])
        for job in _found(store, _PUT_BACK, (TAKEN_OUT_MESSAGE, ids)):
            store.step(job, JobState.QUEUED)
        db.executemany(_ENQUEUE, [(batch, place, record.id) for place, record in enumerate(records)])
        left_out = _found(store, _LEFT_OUT, (batch, host, ids))
        for job in left_out:
            store.step(job, JobState.CANCELLED, TAKEN_OUT)
            db.execute("UPDATE jobs SET batch = NULL WHERE id = ?", (job.id,))
    return len(left_out)


def list_batches(store: Store, name: str | None = None) -> list[Batch]:
    """Return all batches in order of their first job, or those of one name: it may run on several hosts.

    Raises:
        BadInput: there is none of this name; the nearest is told.
    """
    found = store.rows(
        "SELECT name, host, file, paused FROM batches WHERE ? IN ('', name) ORDER BY rowid", [name or ""]
    )
    if name and not found:
        known = {row["name"] for row in store.rows("SELECT name FROM batches")}
        raise BadInput(
            f"no batch {name!r} in {store.path}",
            allowed=", ".join(sorted(known)),
            action=did_you_mean(name, known) or "`cosmos-houdini run-batch FILE` runs a batch",
        )
    return [
        Batch(
            name=row["name"],
            host=row["host"],
            file=Path(row["file"]) if row["file"] else None,
            paused=bool(row["paused"]),
            counts=count_states(store, row["name"], row["host"]),
            workers=list_workers(store, row["name"], row["host"]),
        )
        for row in found
    ]


def count_states(store: Store, batch: str, host: str) -> dict[JobState, int]:
    """Return how many jobs of a batch are in each state."""
    found = store.rows(
        "SELECT state, count(*) AS n FROM jobs WHERE batch = ? AND host = ? GROUP BY state", (batch, host)
    )
    return {JobState(row["state"]): row["n"] for row in found}


def list_workers(store: Store, batch: str, host: str) -> tuple[WorkerRow, ...]:
    """Return the living processes that work on a batch, the oldest first."""
    found = store.rows("SELECT * FROM workers WHERE batch = ? AND host = ? ORDER BY since", (batch, host))
    return tuple(
        WorkerRow(
            pid=row["pid"], log=row["log"], max_parallel=row["max_parallel"], held=row["held"], since=row["since"]
        )
        for row in found
        if not is_dead(store, row["id"])
    )


def is_paused(store: Store, batch: str, host: str) -> bool:
    """Whether a person has ordered that nothing more of a batch is started."""
    return bool(store.rows("SELECT 1 FROM batches WHERE name = ? AND host = ? AND paused", (batch, host)))


def list_active(store: Store, batch: str, host: str) -> list[str]:
    """Return the ids of the jobs of a batch that somebody has begun, whichever worker they belong to."""
    return [row["id"] for row in store.rows(_ON_THEIR_WAY, (batch, host))]


def set_paused(store: Store, batch: str, *, paused: bool) -> None:
    """Let nothing more of a batch be started, or go on; no worker claims a job after this has returned."""
    with store.writing() as db:
        db.execute("UPDATE batches SET paused = ? WHERE name = ?", (paused, batch))


def prioritise(store: Store, batch: str, priority: int, patterns: Iterable[str] = ()) -> int:
    """Put runs of a batch before those of a lower priority, and return how many they are.

    Args:
        store: the store.
        batch: a batch.
        priority: higher comes first; every run begins with 0.
        patterns: names of runs, in which ``*`` and ``?`` stand for others, or ids of jobs; none means all runs.

    Raises:
        BadInput: a pattern fits no run.
    """
    changed = set()
    with store.writing() as db:
        for pattern in tuple(patterns) or ("*",):
            fitting = db.execute(
                "SELECT id FROM jobs WHERE batch = :batch AND (name GLOB :pattern OR id = :pattern)",
                {"batch": batch, "pattern": pattern},
            ).fetchall()
            if not fitting:
                names = [row["name"] for row in db.execute("SELECT name FROM jobs WHERE batch = ?", (batch,))]
                raise BadInput(f"batch {batch!r} has no run {pattern!r}", action=did_you_mean(pattern, names))
            changed |= {row["id"] for row in fitting}
        db.executemany("UPDATE jobs SET priority = ? WHERE id = ?", [(priority, job) for job in changed])
    return len(changed)


def cancel_queued(store: Store, batch: str) -> int:
    """Cancel what nobody has begun of a batch, and return how many jobs these were."""
    with store.writing():
        queued = _found(store, "SELECT id FROM jobs WHERE batch = ? AND state = 'queued'", (batch,))
        for record in queued:
            store.step(record, JobState.CANCELLED, CANCELLED)
    return len(queued)


def mark_ended(store: Store, batch: str, host: str) -> bool:
    """Write down that nothing of a batch runs any more; True for the one caller who is the first to do so."""
    with store.writing() as db:
        ended = db.execute(
            "UPDATE batches SET ended_at = ? WHERE name = ? AND host = ? AND ended_at IS NULL",
            (time.time(), batch, host),
        )
    return ended.rowcount == 1


def _found(store: Store, query: str, values: Sequence[object]) -> list[JobRecord]:
    """Return the whole rows of the jobs that a query names."""
    return store.records(row["id"] for row in store.rows(query, values))


def _refuse_namesake(store: Store, batch: str, host: str, file: Path | None) -> None:
    """Refuse a batch whose name belongs to another file: its queued runs would be cancelled.

    A batch in memory takes the name of another batch in memory; the name is all that identifies it.

    Raises:
        BadInput: the other batch has not ended.
    """
    found = store.rows("SELECT file FROM batches WHERE name = ? AND host = ?", (batch, host))
    other = found[0]["file"] if found else ""
    if not found or other == str(file or "") or (other and not Path(other).is_file()):
        return
    if any(not state.final for state in count_states(store, batch, host)):
        raise BadInput(
            f"another batch {batch!r}, of {other or 'a Python program'}, has not ended",
            action=f"give {file or 'this batch'} another 'name', or `cosmos-houdini batch cancel {batch}` first",
        )
