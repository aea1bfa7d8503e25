"""The claims of processes on the jobs of a batch, in the store; a process loses its claims when it ends.

A worker holds a file lock as long as it is alive, and the system frees the lock however the process ends. So no clock
decides whether a worker is alive: a worker that is stopped, or whose machine slept, keeps its claims.
"""

from __future__ import annotations

import math
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.lock import acquire
from cosmos_houdini.jobs.store.record import JobRecord

FOLDER = "workers"
MOST_PER_PROCESS = 16
"""The most jobs of one process: enough that loading the model hardly counts, few enough that its end costs little."""
LOOK_AHEAD = 200
"""The number of queued jobs that are searched for jobs that can share a process."""

# RETURNING is not used: SQLite has it since 3.35, and the Python of Rocky Linux 9 comes with 3.34.
_FIRST_IN_LINE = """
SELECT id, priority FROM jobs
WHERE batch = :batch AND host = :host AND owner IS NULL AND state IN ('queued', 'staging')
    AND NOT EXISTS (SELECT 1 FROM batches WHERE name = :batch AND host = :host AND paused)
ORDER BY priority DESC, place LIMIT 1
"""
# Jobs that share a process count as one.
_ON_THEIR_WAY = """
SELECT count(*), coalesce(sum(gpus), 0) FROM (
    SELECT max(json_extract(request, '$.num_gpu')) AS gpus FROM jobs
    WHERE owner IS NOT NULL AND host = :host GROUP BY coalesce(nullif(shared_process, ''), id))
"""
_UNFINISHED = """
SELECT count(*) FROM jobs
WHERE batch = :batch AND host = :host AND state IN ('queued', 'staging', 'pending', 'running', 'collecting')
"""
_NEXT_IN_LINE = """
SELECT id FROM jobs
WHERE batch = :batch AND host = :host AND owner IS NULL AND state IN ('queued', 'staging') AND id <> :job
    AND priority = (SELECT priority FROM jobs WHERE id = :job)
ORDER BY place LIMIT :limit
"""
# The query looks at the most urgent job of each other batch that has a worker on the same host.
_MORE_URGENT = """
SELECT 1 FROM workers LEFT JOIN batches ON batches.name = batch AND batches.host = workers.host
WHERE workers.host = :host AND batch <> :batch AND held = '' AND NOT coalesce(paused, 0)
    AND :priority < (
        SELECT priority FROM jobs WHERE jobs.batch = workers.batch AND jobs.host = :host
            AND owner IS NULL AND state IN ('queued', 'staging')
        ORDER BY priority DESC, place LIMIT 1)
"""
_CLAIM = "UPDATE jobs SET owner = :worker, shared_process = :shared_process WHERE id = :job"
_LEFT_ON_HOST = """
SELECT 1 FROM jobs
WHERE batch = :batch AND host = :host AND state IN ('pending', 'running', 'collecting') AND owner IS NULL LIMIT 1
"""
_TAKE_WHAT_WAS_LEFT = """
UPDATE jobs SET owner = :worker
WHERE batch = :batch AND host = :host AND state IN ('pending', 'running', 'collecting') AND owner IS NULL
"""
# The jobs that the dead worker had begun still use the host. The new worker claims them, so that no other job can take
# their room.
_INHERIT = """
UPDATE jobs SET owner = CASE WHEN batch = :batch AND host = :host AND state <> 'queued' THEN :worker END
WHERE owner = :dead
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSlot:
    """The jobs of one batch on one host, and the limit on the host's active jobs.

    Attributes:
        batch: name of the batch.
        host: name of the host.
        max_parallel: the most active jobs on the host, over all workers and batches; None for as many as its GPUs can
            take. Jobs that share a process count as one.
        gpus: number of GPUs of the host; each GPU counts once for each job that may share it.
        num_gpu: number of GPUs that one job of the batch uses.
    """

    batch: str
    host: str
    max_parallel: int | None = None
    gpus: int = 1
    num_gpu: int = 1

    @property
    def width(self) -> int:
        """How many jobs of the batch are active when the host has no others."""
        return self.max_parallel or max(1, self.gpus // self.num_gpu)


class Worker:
    """One process, or one thread of it, that works on a slot.

    Args:
        store: the store of the project.
        slot: the batch and host on which it works.
        log: file in which its messages go; empty for a terminal.
        load: returns a text that must be equal for jobs that share a process; empty for a job that needs its own.
    """

    def __init__(
        self, store: Store, slot: BatchSlot, *, log: str = "", load: Callable[[JobRecord], str] = lambda _: ""
    ) -> None:
        self.id = uuid.uuid4().hex
        self.slot = slot
        self._store = store
        self._load = load
        path = _lock_file(store, self.id)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._lock = FileLock(path, mode=0o600)
        # The worker takes its lock before the store lists it: a listed worker with a free lock counts as dead.
        acquire(self._lock)
        with store.writing() as db:
            db.execute(
                "INSERT INTO workers (id, batch, host, pid, log, since, max_parallel) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self.id, slot.batch, slot.host, os.getpid(), log, time.time(), slot.width),
            )

    def may_claim(self) -> bool:
        """Whether a job waits, its batch is not paused, and the host has room; another worker may still be faster."""
        return self._next() is not None

    def claim(self) -> str | None:
        """Claim the next job in the queue and return its id; return None where ``may_claim`` is False.

        The worker also claims further jobs that can share the process of this job. Together they are at most
        MOST_PER_PROCESS, and few enough that the host's other GPUs get their share of the batch.
        """
        with self._store.writing() as db:
            job = self._next()
            if job is not None:
                others = self._others_for(job)
                for one in (job, *others):
                    db.execute(_CLAIM, {"worker": self.id, "job": one, "shared_process": job if others else ""})
        return job

    def in_shared_processes(self) -> list[str]:
        """Return the ids of this worker's pending and running jobs that share a process."""
        found = self._store.rows(
            "SELECT id FROM jobs WHERE owner = ? AND state IN ('pending', 'running') AND shared_process <> ''",
            (self.id,),
        )
        return [row["id"] for row in found]

    def take_over(self) -> None:
        """Claim the batch's jobs on the host that have no living worker, and free the other jobs of dead workers."""
        dead = [worker for worker in self._others() if is_dead(self._store, worker)]
        if not dead and not self._store.rows(_LEFT_ON_HOST, self._values):
            return
        with self._store.writing() as db:
            for worker in dead:
                db.execute(_INHERIT, {**self._values, "dead": worker})
                db.execute("DELETE FROM workers WHERE id = ?", (worker,))
            db.execute(_TAKE_WHAT_WAS_LEFT, self._values)
        for worker in dead:
            _remove(_lock_file(self._store, worker))

    def mine(self) -> list[str]:
        """Return the ids of the jobs that this worker has claimed and that have not ended."""
        return [row["id"] for row in self._store.rows("SELECT id FROM jobs WHERE owner = ?", (self.id,))]

    def hold(self, reason: str) -> None:
        """Record for others why this worker starts no jobs; an empty reason means that it starts them."""
        with self._store.writing() as db:
            db.execute("UPDATE workers SET held = ? WHERE id = ?", (reason, self.id))

    def close(self) -> None:
        """Release the claims of this worker; jobs that are on a host continue."""
        with self._store.writing() as db:
            db.execute("UPDATE jobs SET owner = NULL WHERE owner = ?", (self.id,))
            db.execute("DELETE FROM workers WHERE id = ?", (self.id,))
        self._lock.release()
        _remove(_lock_file(self._store, self.id))

    @property
    def _values(self) -> dict[str, object]:
        return {"worker": self.id, "batch": self.slot.batch, "host": self.slot.host}

    def _next(self) -> str | None:
        values = {"batch": self.slot.batch, "host": self.slot.host}
        found = self._store.rows(_FIRST_IN_LINE, values)
        if not found or not self._has_room():
            return None
        if self._store.rows(_MORE_URGENT, {**values, "priority": found[0]["priority"]}):
            return None
        return str(found[0]["id"])

    def _others_for(self, job: str) -> list[str]:
        """Return the next jobs in the queue that can run after ``job`` in the same process."""
        load = self._load(self._store.get(job))
        if not load:
            return []
        ((unfinished,),) = self._store.rows(_UNFINISHED, self._values)
        more = min(MOST_PER_PROCESS, math.ceil(unfinished / self.slot.width)) - 1
        line = self._store.rows(_NEXT_IN_LINE, {**self._values, "job": job, "limit": LOOK_AHEAD})
        records = {record.id: record for record in self._store.records(row["id"] for row in line)}
        fitting = (row["id"] for row in line if self._load(records[row["id"]]) == load)
        return list(islice(fitting, more))

    def _has_room(self) -> bool:
        ((jobs, gpus),) = self._store.rows(_ON_THEIR_WAY, {"host": self.slot.host})
        if self.slot.max_parallel is not None:
            return int(jobs) < self.slot.max_parallel
        # A job that needs more GPUs than the host has is let through: its launcher reports the error.
        return int(jobs) == 0 or int(gpus) + self.slot.num_gpu <= self.slot.gpus

    def _others(self) -> list[str]:
        return [row["id"] for row in self._store.rows("SELECT id FROM workers WHERE id <> ?", (self.id,))]


def is_dead(store: Store, worker: str) -> bool:
    """Whether the process of a worker has ended; nobody can tell where the store can only be read."""
    path = _lock_file(store, worker)
    if store.obstacle:
        return False
    if not path.exists():
        return True
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        acquire(lock)
    except Timeout:
        return False
    lock.release()
    return True


def _lock_file(store: Store, worker: str) -> Path:
    return store.path.parent / FOLDER / f"{worker}.lock"


def _remove(path: Path) -> None:
    # On Windows a file cannot be removed while another process has it open; a leftover file does no harm.
    with suppress(OSError):
        path.unlink()
