"""The SQL statements of the job store, and the conversion of rows to records."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from cosmos_houdini.jobs.store.record import Event, JobRecord, request_from
from cosmos_houdini.model.job import Attempt, AttemptOptions, FailureClass, Job, JobFailure, JobState
from cosmos_houdini.model.request import SCHEMA

SELECT_JOB = """
SELECT id, name, engine, host, state, attempt, progress, eta_s, failure_class, failure_message, outputs FROM jobs
"""
SELECT_RECORD = """
SELECT jobs.*, options FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id AND attempts.number = jobs.attempt
"""
# All ids go into one variable, because SQLite limits the number of variables.
AMONG = " WHERE id IN (SELECT value FROM json_each(?))"
BY_AGE = " ORDER BY created_at, id"

INSERT = """
INSERT INTO jobs (
    id, name, engine, host, state, attempt, progress, eta_s, stage, failure_class, failure_message, outputs,
    root, launcher, results, created_at, updated_at, inputs, request)
VALUES (
    :id, :name, :engine, :host, :state, :attempt, :progress, :eta_s, :stage, :failure_class, :failure_message, :outputs,
    :root, :launcher, :results, :now, :now, :inputs, :request)
ON CONFLICT (id) DO NOTHING
"""
MOVE = """
UPDATE jobs SET state = :state, attempt = :attempt, failure_class = :failure_class, failure_message = :failure_message,
    outputs = :outputs, stage = '', waiting_place = NULL, eta_s = NULL,
    progress = coalesce(:progress, progress), updated_at = :now,
    root = coalesce(nullif(:root, ''), root), launcher = coalesce(nullif(:launcher, ''), launcher),
    inputs = coalesce(:inputs, inputs), owner = CASE WHEN :kept THEN owner END,
    shared_process = CASE WHEN :state = 'queued' THEN '' ELSE shared_process END
WHERE id = :id AND state = :seen_state AND attempt = :seen_attempt
"""
ADD_ATTEMPT = "INSERT INTO attempts (job, number, options) VALUES (?, ?, ?)"
UNFINISHED = """
SELECT id FROM jobs WHERE state IN ('queued', 'staging', 'pending', 'running', 'collecting')
    AND (:in_line OR batch IS NULL OR state <> 'queued')
ORDER BY created_at, id
"""
# Hosts report times in whole seconds. Two such times may each be off by a second.
BEGAN = """
UPDATE attempts SET started_at = :began
WHERE job = :id AND number = :attempt AND ended_at IS NULL AND started_at < :began - 2
"""
NEVER_BEGAN = "UPDATE attempts SET started_at = NULL WHERE job = :id AND number = :attempt"
END_ATTEMPT = """
UPDATE attempts SET ended_at = :now, failure_class = :failure_class, failure_message = :failure_message
WHERE job = :id AND number = :attempt
"""


def insertion(record: JobRecord, now: float) -> dict[str, object]:
    """Return the values of INSERT."""
    job = record.job
    return {
        "id": job.id,
        "name": job.name,
        "engine": job.engine,
        "host": job.host,
        "state": str(job.state),
        "attempt": job.attempt,
        "progress": job.progress,
        "eta_s": job.eta_s,
        "stage": record.stage,
        **failure_columns(job.failure),
        "outputs": json.dumps(job.outputs),
        "root": record.root,
        "launcher": record.launcher,
        "results": str(record.results),
        "now": now,
        "inputs": json.dumps(record.inputs, ensure_ascii=False),
        "request": json.dumps(record.request, ensure_ascii=False),
    }


def failure_columns(failure: JobFailure | None) -> dict[str, str | None]:
    """Return the two columns of a failure, both NULL where there is none."""
    return {
        "failure_class": str(failure.failure) if failure else None,
        "failure_message": failure.message if failure else None,
    }


def failure_of(row: sqlite3.Row) -> JobFailure | None:
    """Return the failure of a row of ``jobs`` or ``attempts``."""
    if row["failure_class"] is None:
        return None
    return JobFailure(failure=FailureClass(row["failure_class"]), message=row["failure_message"])


def options_of(row: sqlite3.Row) -> AttemptOptions:
    """Return the options of a row of ``attempts``."""
    return AttemptOptions(**_object(row, "options"))


def attempt_of(row: sqlite3.Row) -> Attempt:
    """Return the attempt of a row of ``attempts``."""
    return Attempt(
        number=row["number"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        failure=failure_of(row),
        made_with=_object(row, "made_with"),
        options=options_of(row),
    )


def event_of(row: sqlite3.Row) -> Event:
    """Return the event of a row of ``events``."""
    return Event(at=row["at"], attempt=row["attempt"], state=JobState(row["state"]), detail=row["detail"])


def _object(row: sqlite3.Row, column: str) -> dict[str, Any]:
    """Return the JSON object of a column.

    Raises:
        TypeError: it holds something else.
        ValueError: it holds no JSON.
    """
    found = json.loads(row[column] or "{}")
    if not isinstance(found, dict):
        raise TypeError(f"{column} is {row[column]!r}")
    return found


def job_of(row: sqlite3.Row) -> Job:
    """Return the job of a row of ``jobs``, as people see it."""
    outputs: list[str] = json.loads(row["outputs"]) if row["outputs"] != "[]" else []
    return Job(
        id=row["id"],
        name=row["name"],
        engine=row["engine"],
        host=row["host"],
        state=JobState(row["state"]),
        attempt=row["attempt"],
        progress=row["progress"],
        eta_s=row["eta_s"],
        failure=failure_of(row),
        outputs=tuple(outputs),
    )


def record_of(row: sqlite3.Row) -> JobRecord:
    """Return the whole record of a row of ``jobs``."""
    inputs: dict[str, str] = _object(row, "inputs")
    request = _object(row, "request")
    # Only what a request of this version lacks is told here; another version is told where it is used.
    if request.get("schema") == SCHEMA:
        request_from(request, inputs)
    return JobRecord(
        job=job_of(row),
        request=request,
        inputs=inputs,
        root=row["root"],
        launcher=row["launcher"],
        results=Path(row["results"]),
        options=options_of(row),
        shared_process=row["shared_process"],
        stage=row["stage"],
        place=row["waiting_place"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
