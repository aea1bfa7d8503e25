"""The batches of a project in the store: their jobs and order, whether they are paused, and the processes on them."""

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

REMOVED_MESSAGE = "removed from the batch before it was started"
REMOVED = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message=REMOVED_MESSAGE))
CANCELLED = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message="cancelled with its batch"))

_ENQUEUE = "UPDATE jobs SET batch = ?, place = ? WHERE id = ?"
_LIST = "INSERT OR IGNORE INTO batch_jobs (batch, host, file, job) VALUES (?, ?, ?, ?)"
_LEAVE_OUT = "DELETE FROM batch_jobs WHERE batch = ? AND host = ? AND file = ? AND job = ?"
_LISTED = "SELECT DISTINCT job FROM batch_jobs WHERE batch IN (SELECT value FROM json_each(?))"
_COUNT_LISTED = """
SELECT state, count(DISTINCT job) AS n FROM batch_jobs JOIN jobs ON jobs.id = job
WHERE batch_jobs.batch = ? AND batch_jobs.host = ? AND file = ? GROUP BY state
"""
_ACTIVE = """
SELECT id FROM jobs WHERE batch = ? AND host = ? AND state IN ('staging', 'pending', 'running', 'collecting')
"""
# Jobs that share a process use its GPUs one after the other.
_GPUS_IN_USE = """
SELECT coalesce(sum(gpus), 0) AS gpus FROM (
    SELECT max(json_extract(request, '$.num_gpu')) AS gpus FROM jobs
    WHERE host = ? AND state IN ('staging', 'pending', 'running', 'collecting')
    GROUP BY coalesce(nullif(shared_process, ''), id))
"""
_FAILED_AS = """
SELECT failure_message FROM jobs WHERE batch = ? AND host = ? AND state = 'failed' AND failure_class = ?
ORDER BY updated_at LIMIT 1
"""
_OF_JOB = "SELECT batch FROM batch_jobs WHERE job = ? GROUP BY batch ORDER BY min(rowid)"
_RESTORED = """
SELECT id FROM jobs WHERE batch IS NULL AND state = 'cancelled' AND failure_message = ?
    AND id IN (SELECT value FROM json_each(?))
"""
_NO_LONGER_LISTED = """
SELECT id FROM jobs WHERE batch = ? AND host = ? AND state = 'queued' AND owner IS NULL
    AND id NOT IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A running process that works on a batch.

    Attributes:
        pid: its process id on this machine.
        log: file with its messages; empty if they go to a terminal.
        max_parallel: the most jobs that it keeps active at a time.
        held: why it starts no jobs; empty while it starts them.
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
        name: its name, from its file.
        host: where its jobs run.
        file: its file, absolute; None for a batch that was made in memory.
        paused: whether a person has paused it.
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
        """How many of its jobs have not ended."""
        return count_unfinished(self.counts)


def points_file(project: Path) -> Path:
    """Return the file that keeps the points of a project's adaptive batches."""
    return project / FOLDER / "adaptive.db"


def count_unfinished(counts: Mapping[JobState, int]) -> int:
    """Return how many jobs have not ended.

    >>> count_unfinished({JobState.SUCCEEDED: 3, JobState.RUNNING: 1, JobState.QUEUED: 2})
    3
    """
    return sum(count for state, count in counts.items() if not state.final)


def count_gpus_in_use(store: Store, host: str) -> int:
    """Return how many GPUs the active jobs of a host use, in all batches."""
    return int(store.rows(_GPUS_IN_USE, (host,))[0]["gpus"])


def find_failure(store: Store, batch: str, host: str, failure: FailureClass) -> str:
    """Return the message of a job of a batch that failed in this way; empty if none did."""
    found = store.rows(_FAILED_AS, (batch, host, str(failure)))
    return str(found[0]["failure_message"]) if found else ""


def list_jobs_of(store: Store, names: Iterable[str]) -> list[str]:
    """Return the ids of the jobs that were queued for batches of some names, on whichever host."""
    return [row["job"] for row in store.rows(_LISTED, (json.dumps(list(names)),))]


def list_names_of_job(store: Store, job_id: str) -> tuple[str, ...]:
    """Return the names of the batches that a job was queued for, the first one first."""
    return tuple(row["batch"] for row in store.rows(_OF_JOB, (job_id,)))


def enqueue(store: Store, batch: str, host: str, file: Path | None, records: Sequence[JobRecord]) -> int:
    """Queue the jobs of a batch in the given order, all of them or none.

    Processes that work on the batch see the jobs at once. Jobs that are in the store already keep their states. Queued
    jobs of the batch that are no longer listed are cancelled, or go back to another batch that lists them. They are
    queued again when they are listed again.

    Args:
        store: the store of the project.
        batch: name of the batch.
        host: where it runs.
        file: file of the batch, absolute; None for a batch in memory.
        records: all its jobs.

    Returns:
        How many jobs are no longer listed.

    Raises:
        BadInput: another batch has this name and has not ended.
    """
    with store.writing() as db:
        refuse_namesake(store, batch, host, file)
        db.execute(
            "INSERT INTO batches (name, host, file) VALUES (?, ?, ?)"
            " ON CONFLICT (name, host) DO UPDATE SET file = excluded.file, ended_at = NULL",
            (batch, host, str(file or "")),
        )
        store.insert(records)
        ids = json.dumps([record.id for record in records])
        for job in _found(store, _RESTORED, (REMOVED_MESSAGE, ids)):
            store.step(job, JobState.QUEUED)
        db.executemany(_ENQUEUE, [(batch, place, record.id) for place, record in enumerate(records)])
        db.executemany(_LIST, [(batch, host, str(file or ""), record.id) for record in records])
        left_out = _found(store, _NO_LONGER_LISTED, (batch, host, ids))
        for job in left_out:
            db.execute(_LEAVE_OUT, (batch, host, str(file or ""), job.id))
            others = list_names_of_job(store, job.id)
            if not others:
                store.step(job, JobState.CANCELLED, REMOVED)
            db.execute("UPDATE jobs SET batch = ? WHERE id = ?", (others[0] if others else None, job.id))
    return len(left_out)


def list_batches(store: Store, name: str | None = None) -> list[Batch]:
    """Return all batches, the oldest first, or those with one name: a batch may run on several hosts.

    Raises:
        BadInput: no batch has this name; the error gives the nearest name.
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
            counts=_count_listed(store, row["name"], row["host"], row["file"]),
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


def _count_listed(store: Store, batch: str, host: str, file: str) -> dict[JobState, int]:
    """Return how many jobs of a batch are in each state, those included that another batch has queued again."""
    return {JobState(row["state"]): row["n"] for row in store.rows(_COUNT_LISTED, (batch, host, file))}


def list_workers(store: Store, batch: str, host: str) -> tuple[WorkerRow, ...]:
    """Return the running processes that work on a batch, the oldest first."""
    found = store.rows("SELECT * FROM workers WHERE batch = ? AND host = ? ORDER BY since", (batch, host))
    return tuple(
        WorkerRow(
            pid=row["pid"], log=row["log"], max_parallel=row["max_parallel"], held=row["held"], since=row["since"]
        )
        for row in found
        if not is_dead(store, row["id"])
    )


def is_paused(store: Store, batch: str, host: str) -> bool:
    """Whether a person has paused a batch."""
    return bool(store.rows("SELECT 1 FROM batches WHERE name = ? AND host = ? AND paused", (batch, host)))


def list_active(store: Store, batch: str, host: str) -> list[str]:
    """Return the ids of the active jobs of a batch, whichever process works on them."""
    return [row["id"] for row in store.rows(_ACTIVE, (batch, host))]


def set_paused(store: Store, batch: str, *, paused: bool) -> None:
    """Pause or resume a batch; while it is paused, no process claims another of its jobs."""
    with store.writing() as db:
        db.execute("UPDATE batches SET paused = ? WHERE name = ?", (paused, batch))


def prioritise(store: Store, batch: str, priority: int, patterns: Iterable[str] = ()) -> int:
    """Set the priority of runs of a batch, and return the number of these runs.

    Args:
        store: the store.
        batch: a batch.
        priority: higher priorities start first; a new run has priority 0.
        patterns: names of runs with ``*`` and ``?`` as wildcards, or job ids; none for all runs.

    Raises:
        BadInput: a pattern matches no run.
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
    """Cancel the queued jobs of a batch, and return their number."""
    with store.writing():
        queued = _found(store, "SELECT id FROM jobs WHERE batch = ? AND state = 'queued'", (batch,))
        for record in queued:
            store.step(record, JobState.CANCELLED, CANCELLED)
    return len(queued)


def mark_ended(store: Store, batch: str, host: str) -> bool:
    """Record that a batch has ended; only the first caller gets True."""
    with store.writing() as db:
        ended = db.execute(
            "UPDATE batches SET ended_at = ? WHERE name = ? AND host = ? AND ended_at IS NULL",
            (time.time(), batch, host),
        )
    return ended.rowcount == 1


def _found(store: Store, query: str, values: Sequence[object]) -> list[JobRecord]:
    """Return the full records of the jobs that a query finds."""
    return store.records(row["id"] for row in store.rows(query, values))


def refuse_namesake(store: Store, batch: str, host: str, file: Path | None) -> None:
    """Refuse a batch whose name belongs to another file: the queued runs of that file would be cancelled.

    A batch in memory may take the name of another batch in memory, because only the name identifies it.

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
