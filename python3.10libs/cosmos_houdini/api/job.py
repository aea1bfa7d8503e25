"""A job of a project, wherever it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cosmos_houdini.api.result import Result, result_of
from cosmos_houdini.api.session import Session
from cosmos_houdini.errors import JobError
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.follow import follow_jobs
from cosmos_houdini.jobs.logs import LogReader
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState, JobStatus

MOMENT_S = 1.0
"""How long the jobs of one project are followed before those of the next, where there are several."""


class Job:
    """A handle on a job; it holds no connection, and any thread may use it.

    A job continues without its handle. ``Project.job`` makes a new one from the id, in another process too.

    Attributes:
        id: short name and content hash.
    """

    def __init__(self, job_id: str, session: Session) -> None:
        self.id = job_id
        self.session = session

    def __repr__(self) -> str:
        return f"<Job {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and (self.id, self.session.folder) == (other.id, other.session.folder)

    def __hash__(self) -> int:
        return hash((self.id, self.session.folder))

    @property
    def state(self) -> JobState:
        """The state that was seen last; the host is not asked."""
        return self._record().state

    @property
    def name(self) -> str:
        """The name of the run."""
        return self._record().job.name

    def status(self) -> JobStatus:
        """Ask the job's host once and return the job with what happens now.

        Results that wait on the host are fetched and verified.

        Raises:
            HostError: the host does not answer.
        """
        with self.session.client() as client:
            return _observed(client, self.id).status

    def done(self) -> bool:
        """Ask the job's host once and return whether the job is at its end; errors as for ``status``."""
        return self.status().job.state.final

    def wait(self, timeout: float | None = None) -> Result:
        """Follow the job to its end and return its verified result.

        Args:
            timeout: the longest time to wait, in seconds; None for as long as it takes.

        Raises:
            JobFailed: the job has no results.
            TimeoutError: the job has not ended; it continues.
            HostError: the host stayed out of reach; the job keeps its state.
            Cancelled: the user pressed Ctrl-C; the job continues.
        """
        with self.session.client() as client:
            (record,) = follow_jobs(client, [self.id], self.session.reporter, timeout_s=timeout)
        return self._result(record)

    def result(self) -> Result:
        """Return the verified result of a job that has succeeded, without asking its host.

        Raises:
            JobFailed: the job has no results, or is still on its way.
        """
        return self._result(self._record())

    def exception(self, timeout: float | None = None) -> JobError | None:
        """Follow the job to its end and return why it has no results, or None where it has; else as ``wait``."""
        try:
            self.wait(timeout)
        except JobError as error:
            return error
        return None

    def cancel(self) -> JobState:
        """Stop the job, on its host too, and return its state; a job that is at its end stays as it is.

        Raises:
            HostError: the host cannot be reached; the job keeps its state.
        """
        with self.session.client() as client:
            return commands.cancel(client, self.id).state

    def retry(self) -> Job:
        """Start a new attempt of a job without results, and return the job once it is on its host.

        Raises:
            BadInput: the job is on its way or has results, or its inputs are gone.
            HostError: the host cannot be reached.
        """
        with self.session.client() as client:
            commands.retry(client, self.id)
            follow_jobs(client, [self.id], self.session.reporter, detach=True)
        return self

    def fetch(self, folder: str | Path | None = None) -> tuple[Path, ...]:
        """Fetch and verify the outputs again and return their paths.

        Args:
            folder: where they go; None for the folder of the result.

        Raises:
            BadInput: the job is still on its way.
            JobError: the job has no good outputs.
            HostError: the connection failed, or the host no longer has the job.
        """
        with self.session.client() as client:
            paths = commands.fetch(client, self.id, Path(folder).absolute() if folder else None)
        return tuple(Path(path) for path in paths)

    def log(self, *, stderr: bool = False, attempt: int | None = None) -> str:
        """Return what the job has printed so far.

        Args:
            stderr: standard error instead of standard output.
            attempt: from 1; None for the last one.

        Raises:
            BadInput: there is no such attempt.
            HostError: the host does not answer.
        """
        name = "stderr.log" if stderr else "stdout.log"
        with self.session.client() as client:
            return LogReader(client=client, job_id=self.id, name=name, attempt=attempt).read(to_end=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the job as ``status --json`` prints it, as it was seen last."""
        return self._record().status.document()

    def _record(self) -> JobRecord:
        with self.session.client() as client:
            return client.store.get(self.id)

    def _result(self, record: JobRecord) -> Result:
        if record.state is not JobState.SUCCEEDED:
            raise commands.job_error(record)
        return result_of(record, self.session.config, self.session.reporter)


def as_completed(jobs: Collection[Job], timeout: float | None = None) -> Iterator[Job]:
    """Yield each job once, when it ends, in success or failure; ``Job.result`` gives the result or raises.

    Args:
        jobs: of any projects and hosts.
        timeout: the longest time to wait, in seconds; None for as long as it takes.

    Raises:
        TimeoutError: some jobs have not ended; they continue.
        HostError: a host stayed out of reach; its jobs keep their state.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    by_project: dict[Path, list[Job]] = {}
    for job in dict.fromkeys(jobs):
        by_project.setdefault(job.session.folder, []).append(job)
    while by_project:
        for folder, waiting in list(by_project.items()):
            ended = _ended(waiting, deadline, alone=len(by_project) == 1)
            yield from ended
            left = [job for job in waiting if job not in ended]
            by_project[folder] = left
            if not left:
                del by_project[folder]


def _ended(jobs: list[Job], deadline: float | None, *, alone: bool) -> list[Job]:
    """Wait until one of a project's jobs has ended, or for a moment where other projects have jobs too."""
    left_s = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
    slice_s = left_s if alone else min(MOMENT_S, left_s)
    session = jobs[0].session
    try:
        with session.client() as client:
            records = follow_jobs(client, [job.id for job in jobs], session.reporter, enough=any, timeout_s=slice_s)
    except TimeoutError:
        if left_s <= slice_s:
            raise
        return []
    ids = {record.id for record in records if record.state.final}
    return [job for job in jobs if job.id in ids]


def _observed(client: Client, job_id: str) -> JobRecord:
    for error in runner.advance(client, [job_id], start=False).values():
        raise error
    return client.store.get(job_id)
