"""Commands for a job: cancel it, run it again, or fetch its results again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.errors import BadInput, HostError, JobFailed
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.ownership import check_owned
from cosmos_houdini.jobs.advice import advise
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import set_aside
from cosmos_houdini.jobs.finish import CANCELLED, fetch_verified, finish
from cosmos_houdini.jobs.runner import observe
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.shared_process import WITHDRAWN
from cosmos_houdini.launchers.shell import words
from cosmos_houdini.model.job import FailureClass, JobState, JobStatus
from cosmos_houdini.reporter import Reporter

LOCK_TIMEOUT_S = 60.0


def cancel(client: Client, job_id: str) -> JobRecord:
    """Stop a job, including its program on the host, and return it; a job that has ended stays as it is.

    Raises:
        HostError: the host could not stop the job, or was not reached; the job keeps its state.
    """
    for patience_s in (0.0, LOCK_TIMEOUT_S):
        with client.lock(job_id, timeout_s=patience_s) as mine:
            if _is_cancelled(client, job_id, mine=mine):
                break
    return client.store.get(job_id)


def _is_cancelled(client: Client, job_id: str, *, mine: bool) -> bool:
    """Stop a job as far as possible; return False if another client must release the job's lock first.

    A client that sends inputs holds the lock for a long time. It notices by itself that the job is cancelled, and stops
    sending. A client that has just started the job releases the lock at once.
    """
    record = client.store.get(job_id)
    if record.state is JobState.COLLECTING:
        # The client that collects a job of a shared process may find that the job was not started, and queue it again.
        return mine or not record.shared_process
    if record.state.final:
        return True
    if mine and record.state is not JobState.QUEUED:
        client.launcher(record).cancel(client.host(record), client.site(record), record.id)
    has_say = mine or record.state not in {JobState.PENDING, JobState.RUNNING}
    return has_say and client.store.move(record, JobState.CANCELLED, CANCELLED) is not None


def withdraw_waiting(client: Client, records: Collection[JobRecord]) -> None:
    """End the jobs of one host that wait for their turn in a shared process; jobs that have started continue.

    Raises:
        HostError: the host was not reached.
    """
    files = [str(client.site(record).folder / WITHDRAWN) for record in records]
    client.host(next(iter(records))).run(f"touch {words(files)} 2>/dev/null || :")


def retry(client: Client, job_id: str, inputs: Mapping[str, str] | None = None) -> JobRecord:
    """Queue a new attempt of a job that did not succeed, or whose results no longer exist.

    The new attempt uses the host's root and launcher from the current configuration.

    Args:
        client: the client of the project.
        job_id: the id of a job.
        inputs: the current path of each clip, by its SHA-256; replaces the paths in the job's row.

    Raises:
        BadInput: the job is unfinished, the job has results, or its inputs are not on this machine.
        HostError: the host of a lost job could not stop what may be left of the job, or a host could not be asked
            for results.
    """
    record = client.store.get(job_id)
    if not record.state.final:
        raise BadInput(f"job {job_id} is {record.state}", action=f"follow it with `cosmos-houdini attach {job_id}`")
    if record.state is JobState.SUCCEEDED and (_is_here(record) or _on_host(client, record)):
        raise BadInput(
            f"job {job_id} has succeeded", action=f"`cosmos-houdini fetch {job_id}` brings its results again"
        )
    paths = replace(record, inputs=inputs or record.inputs).input_paths()
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise BadInput(
            f"job {job_id} cannot be sent again: {missing[0]} is not on this machine",
            action="retry it from the machine that has its inputs",
        )
    _, settings = client.config.settings.host(record.job.host)
    root = str(open_host(record.job.host, settings, project=client.config.project).root)
    if record.state is JobState.LOST:
        # The lost attempt may still run, and a job must not run twice at the same time.
        client.launcher(record).cancel(client.host(record), client.site(record), job_id)
    set_aside(record.results, record.job.attempt)
    client.store.move(record, JobState.QUEUED, Change(root=root, launcher=settings.launcher, inputs=inputs))
    return client.store.get(job_id)


def fetch(client: Client, job_id: str, results: Path | None = None) -> tuple[str, ...]:
    """Fetch and verify the outputs of a job again and return their paths.

    If the job failed because of corrupt outputs, check the outputs again; the job can then succeed.

    Args:
        client: the client of the project.
        job_id: the id of a job.
        results: the folder for the outputs, instead of the job's own.

    Raises:
        BadInput: the job is unfinished.
        JobError: the job has no good outputs.
        HostError: the connection failed, or the host no longer has the job.
    """
    record = client.store.get(job_id)
    if not record.state.final:
        raise BadInput(f"job {job_id} is {record.state}", action=f"follow it with `cosmos-houdini attach {job_id}`")
    arrived_wrong = record.job.failure is not None and record.job.failure.failure is FailureClass.CORRUPT_OUTPUT
    if record.state is not JobState.SUCCEEDED and not arrived_wrong:
        raise job_error(record)
    seen = _on_host(client, record)
    if seen is None:
        again = f"`cosmos-houdini retry {job_id}` makes it again"
        action = f"its results are in {record.results}" if not arrived_wrong and _is_here(record) else again
        raise HostError(f"host {record.job.host} has job {job_id} no more", action=action)
    if arrived_wrong:
        finish(client, job_id, seen, again=True)
        record = client.store.get(job_id)
        if record.state is not JobState.SUCCEEDED:
            raise job_error(record)
    return fetch_verified(client, record, results or record.results)


def cancel_jobs(client: Client, words: Iterable[str], reporter: Reporter) -> list[JobStatus]:
    """Stop jobs, including their programs on the hosts, and return their status.

    Args:
        client: the client of the project.
        words: ids, or beginnings of ids.
        reporter: receives a sentence for each job.

    Raises:
        BadInput: a word is the beginning of no id, or of several ids; no job was stopped.
        HostError: as for ``cancel``; the jobs before the failing one were stopped.
    """
    stopped = []
    for job_id in [client.store.find(word) for word in words]:
        before = client.store.get(job_id).state
        after = cancel(client, job_id)
        if after.state is JobState.CANCELLED and before is not JobState.CANCELLED:
            reporter.say(f"{job_id} cancelled")
        else:
            reporter.say(f"{job_id} is {after.state}; nothing was stopped")
        stopped.append(after.status)
    return stopped


def retry_jobs(client: Client, words: Iterable[str], reporter: Reporter) -> list[str]:
    """Queue a new attempt of each job and return the ids.

    Args:
        client: the client of the project.
        words: ids, or beginnings of ids.
        reporter: receives a sentence for each job.

    Raises:
        BadInput: a word is the beginning of no id, or of several ids; or as for ``retry``.
        HostError: as for ``retry``.
    """
    ids = [client.store.find(word) for word in words]
    for job_id in ids:
        reporter.say(f"{job_id}: attempt {retry(client, job_id).job.attempt}")
    return ids


def fetch_jobs(client: Client, words: Iterable[str], output: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Fetch and verify the outputs of jobs again, and return their paths by id.

    Args:
        client: the client of the project.
        words: ids, or beginnings of ids.
        output: the folder for the outputs, where each of several jobs gets its own subfolder; None for each job's own
            results folder.

    Raises:
        CosmosError: as for ``fetch``.
    """
    ids = [client.store.find(word) for word in words]
    fetched = {}
    for job_id in ids:
        folder = output / job_id if output and len(ids) > 1 else output
        fetched[job_id] = fetch(client, job_id, folder.absolute() if folder else None)
    return fetched


def _is_here(record: JobRecord) -> bool:
    return all(Path(path).is_file() for path in record.job.outputs)


def _on_host(client: Client, record: JobRecord) -> Observation | None:
    """Return the host's observation of a job that has ended, or None if the host no longer has the job.

    Raises:
        HostError: the connection failed, or another user could have changed the job's folder.
    """
    seen = observe(client, [record]).get(record.id)
    if seen and seen.state is HostJobState.FOREIGN:
        check_owned(client.host(record), client.site(record).folder)
    return seen if seen and seen.state is HostJobState.ENDED else None


def job_error(record: JobRecord) -> JobFailed:
    """Return the error that says how a job failed and what to do next."""
    failure = record.job.failure
    if failure is None:
        return JobFailed(f"job {record.id} is {record.state}", job_id=record.id)
    return JobFailed(
        f"job {record.id} {record.state} ({failure.failure}): {failure.message}",
        job_id=record.id,
        failure=str(failure.failure),
        action=f"{advise(record.job)}; logs: {record.results}",
    )
