"""The tables of the job store, and the migration of older files to newer versions."""

from __future__ import annotations

import sqlite3

from cosmos_houdini.errors import BadInput

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, engine TEXT NOT NULL, host TEXT NOT NULL,
        state TEXT NOT NULL, attempt INTEGER NOT NULL, progress REAL NOT NULL, eta_s REAL, stage TEXT NOT NULL,
        failure_class TEXT, failure_message TEXT, outputs TEXT NOT NULL,
        root TEXT NOT NULL, launcher TEXT NOT NULL, results TEXT NOT NULL,
        created_at REAL NOT NULL, updated_at REAL NOT NULL,
        inputs TEXT NOT NULL, request TEXT NOT NULL
    );
    CREATE INDEX jobs_by_state ON jobs (state, host, created_at);
    CREATE INDEX jobs_by_age ON jobs (created_at, id);
    CREATE TABLE attempts (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        started_at REAL, ended_at REAL, failure_class TEXT, failure_message TEXT,
        PRIMARY KEY (job, number)
    );
    CREATE TABLE events (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, at REAL NOT NULL,
        attempt INTEGER NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL
    );
    CREATE INDEX events_by_job ON events (job, at);
    """,
    "ALTER TABLE attempts ADD COLUMN options TEXT NOT NULL DEFAULT '{}'",
    """
    ALTER TABLE jobs ADD COLUMN batch TEXT;
    ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN owner TEXT;
    CREATE INDEX jobs_in_line ON jobs (batch, host, priority DESC, place)
        WHERE owner IS NULL AND state IN ('queued', 'staging');
    CREATE INDEX jobs_owned ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_by_batch ON jobs (batch, host, state) WHERE batch IS NOT NULL;
    CREATE TABLE batches (
        name TEXT NOT NULL, host TEXT NOT NULL, file TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0, ended_at REAL,
        PRIMARY KEY (name, host)
    );
    CREATE TABLE workers (
        id TEXT PRIMARY KEY, batch TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, log TEXT NOT NULL,
        since REAL NOT NULL, max_parallel INTEGER NOT NULL, held TEXT NOT NULL DEFAULT ''
    );
    """,
    "ALTER TABLE attempts ADD COLUMN made_with TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE jobs ADD COLUMN shared_process TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN waiting_place INTEGER",
    # Two batches may ask for the same job, and then it belongs to both.
    """
    CREATE TABLE batch_jobs (
        batch TEXT NOT NULL, host TEXT NOT NULL, file TEXT NOT NULL,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        PRIMARY KEY (batch, host, file, job)
    );
    CREATE INDEX batch_jobs_by_job ON batch_jobs (job);
    INSERT INTO batch_jobs
        SELECT batch, jobs.host, coalesce(batches.file, ''), id
        FROM jobs LEFT JOIN batches ON batches.name = batch AND batches.host = jobs.host
        WHERE batch IS NOT NULL
    """,
)
"""One script for each version of the file; a released script never changes."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version; any number of processes may do so at once.

    Raises:
        BadInput: a newer program wrote the file.
    """
    version = _version(connection)
    if not 0 <= version <= len(MIGRATIONS):
        raise BadInput(
            f"the job store has version {version}",
            allowed=f"0 to {len(MIGRATIONS)}",
            action="use the newer cosmos-houdini that wrote it",
        )
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated the file while this one waited for its turn.
        for script in MIGRATIONS[_version(connection) :]:
            # executescript would commit first, and two processes could then both create the tables.
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
