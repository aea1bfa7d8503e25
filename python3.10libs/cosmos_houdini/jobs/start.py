"""Take a job from ``queued`` to ``pending``: send its inputs to the host and start it there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput, Cancelled, CosmosError, DiskFull, JobError
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.progress_recorder import noting
from cosmos_houdini.jobs.secrets import redacted
from cosmos_houdini.jobs.store.provenance import Provenance, code_version
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.launchers import shared_process
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.job import FailureClass, JobFailure, JobState

SCHEMA = "cosmos-houdini/job/1"


def bring(client: Client, ids: Collection[str]) -> None:
    """Send jobs to their host and start them there; skip the jobs that another client is sending.

    All jobs have the same host and launcher. A client that dies in the middle leaves its jobs in ``staging``. The next
    client repeats every step, which costs little: files that the host has are not sent again, and a job that has
    started is not started again.
    """
    with ExitStack() as locks:
        staged = [one for job_id in ids if (one := _staged(client, job_id, locks))]
        fresh = [one for one in staged if one.fresh]
        first = staged[0].record if staged else None
        if first and len(staged) > 1 and client.traits(first).submits_arrays:
            client.launcher(first).start_together(client.host(first), [one.task for one in staged])
        elif len(fresh) > 1:
            _start_shared_process(client, fresh)
            staged = [one for one in staged if not one.fresh]
        for one in staged:
            _start(client, one.record, one.task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    """A job whose files are on its host; ``fresh`` is True if it was not started there before."""

    record: JobRecord
    task: Task
    fresh: bool


def _staged(client: Client, job_id: str, locks: ExitStack) -> _Staged | None:
    """Lock a job and send its files to its host; return None if the job is not to be started."""
    mine = locks.enter_context(client.lock(job_id))
    record: JobRecord | None = client.store.get(job_id)
    if mine and record and record.state is JobState.QUEUED:
        record = client.store.move(record, JobState.STAGING)
    if not mine or record is None or record.state is not JobState.STAGING:
        return None
    try:
        _check_inputs(record)
        task = client.task(record)
        report = noting(client, record, "sending inputs", check=partial(_stop_if_cancelled, client, record))
        fresh = stage(client.host(record), task, job_document(record), on_progress=report)
        client.store.note_provenance(record, Provenance(code_version=code_version(), price=client.price(record.job)))
    except Cancelled:
        return None
    except (BadInput, DiskFull, JobError) as error:
        _fail(client, record, error)
        return None
    return _Staged(record=record, task=task, fresh=fresh)


def _start_shared_process(client: Client, staged: Sequence[_Staged]) -> None:
    """Start one process that runs several jobs after loading their model once, and mark each job as started."""
    first, task = staged[0].record, staged[0].task
    site = shared_process.process_site(task.site)
    try:
        plan = client.engine(first).share([(one.record.inference(), one.task.site) for one in staged], site)
        process = replace(
            task,
            job_id=site.folder.name,
            site=site,
            invocation=plan.invocation,
            members=tuple(one.task.site.folder for one in staged),
        )
        launcher, settings = client.launcher(first), client.settings(first)
        shared_process.start(launcher, client.host(first), settings, process, begins=plan.begins, links=plan.links)
    except (BadInput, DiskFull, JobError) as error:
        for one in staged:
            _fail(client, one.record, error)
        return
    for one in staged:
        _note_start(client, one.record, one.task)


def _start(client: Client, record: JobRecord, task: Task) -> None:
    try:
        client.launcher(record).start(client.host(record), task)
    except (BadInput, DiskFull, JobError) as error:
        _fail(client, record, error)
        return
    _note_start(client, record, task)


def _note_start(client: Client, record: JobRecord, task: Task) -> None:
    if client.store.move(record, JobState.PENDING) is None:
        # Another client cancelled the job between the last check and the start.
        client.launcher(record).cancel(client.host(record), task.site, record.id)


def job_document(record: JobRecord) -> dict[str, Any]:
    """Return the content of ``request.json`` in the job's folder, which lets another machine take over the job."""
    return {
        "schema": SCHEMA,
        "id": record.id,
        "attempt": record.job.attempt,
        "launcher": record.launcher,
        "options": record.options.document(),
        "request": dict(record.request),
    }


def _check_inputs(record: JobRecord) -> None:
    """Refuse inputs that are missing or have changed since the job was created.

    Raises:
        BadInput: a clip is missing, or its content has changed.
    """
    for sha256, path in record.inputs.items():
        if not Path(path).is_file():
            raise BadInput(f"the input {path} is gone")
        if sha256_of(Path(path)) != sha256:
            raise BadInput(f"the input {path} has changed since the job was made", action="run its RunSpec again")


def _stop_if_cancelled(client: Client, record: JobRecord) -> None:
    if client.store.get(record.id).state is not JobState.STAGING:
        raise Cancelled(f"job {record.id} was cancelled")


def _fail(client: Client, record: JobRecord, error: CosmosError) -> None:
    failure = FailureClass.ENGINE_ERROR
    if isinstance(error, BadInput):
        failure = FailureClass.BAD_INPUT
    elif isinstance(error, DiskFull):
        failure = FailureClass.DISK_FULL
    message = redacted(str(error), client.secrets(record))
    client.store.move(record, JobState.FAILED, Change(failure=JobFailure(failure=failure, message=message)))
