"""Follow jobs to their ends, and raise the errors that they end with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.errors import Cancelled, HostError
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.conversions import keep_conversions
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import Job, JobState
from cosmos_houdini.reporter import Reporter


def run_job(client: Client, prepared: Prepared, reporter: Reporter, *, detach: bool = False) -> JobRecord:
    """Queue a job, or reuse an existing job that does the same work, and follow it to its end.

    Args:
        client: the client of the project.
        prepared: the job.
        reporter: shows the job.
        detach: whether to follow the job only until it is started on its host.

    Returns:
        The job, whether it succeeded or not; see ``raise_failure``.

    Raises:
        Cancelled: the user interrupted; the job continues.
        HostError: the host cannot be reached at first, and nothing was queued; or the host remained unreachable later,
            and the job keeps its state.
    """
    record = queue_job(client, prepared, reporter)
    return record if record.state.final else follow_jobs(client, [record.id], reporter, detach=detach)[0]


def queue_job(client: Client, prepared: Prepared, reporter: Reporter) -> JobRecord:
    """Queue a job, or reuse an existing job that does the same work, and return it without following it.

    A job that has already succeeded is returned as it is; missing results are fetched.

    Raises:
        HostError: the host cannot be reached; nothing was queued.
    """
    if not client.store.jobs([prepared.record.id]):
        runner.reach(client.host(prepared.record), on_trouble=lambda error: reporter.say(f"{error}; asking again"))
    keep_conversions(client.store.path.parent, [prepared.record])
    record = client.store.add(prepared.record)
    if record.state is JobState.SUCCEEDED:
        return _repeat(client, record, prepared.record.results, reporter)
    if record.state.final:
        failure = record.job.failure
        reporter.say(
            f"{record.id} {record.state} before ({failure.message if failure else ''}); this is its next attempt"
        )
        return commands.retry(client, record.id, prepared.record.inputs)
    if not record.untouched:
        reporter.say(f"{record.id} is {record.state} already; its results go to {record.results}")
    return record


def follow_jobs(
    client: Client,
    ids: Collection[str],
    reporter: Reporter,
    *,
    detach: bool = False,
    enough: Callable[[Iterable[bool]], bool] = all,
    timeout_s: float | None = None,
) -> list[JobRecord]:
    """Follow jobs to their ends or, with ``detach``, until they are started on their hosts.

    Args:
        client: the client of the project.
        ids: the ids of the jobs.
        reporter: shows the jobs.
        detach: whether to follow the jobs only until they are started on their hosts.
        enough: ``all`` to return when all jobs have reached that point, ``any`` to return when one has.
        timeout_s: the longest time to wait, in seconds; None for no limit.

    Raises:
        TimeoutError: the time is over; the jobs continue.
        Cancelled: the user interrupted; the jobs continue.
        HostError: a host remained unreachable; its jobs keep their state.
    """
    attach = f"cosmos-houdini attach {' '.join(ids)}"
    try:
        with reporter.following() as display:
            # The jobs are shown before their inputs are sent, because sending may take minutes. From now on, a program
            # that follows the output can stop a job.
            display.update([record.status for record in client.store.records(ids)])
            return runner.wait(
                client,
                ids,
                on_update=lambda records: display.update([record.status for record in records]),
                on_trouble=display.host_error,
                until=runner.on_host if detach else runner.at_end,
                enough=enough,
                timeout_s=timeout_s,
            )
    except HostError:
        reporter.say(f"{_left_alone(client.store.jobs(ids), 'given up')}: {attach}")
        raise
    except KeyboardInterrupt:
        raise Cancelled(_left_alone(client.store.jobs(ids), "interrupted"), action=attach) from None


def raise_failure(records: Sequence[JobRecord], reporter: Reporter) -> None:
    """Report how jobs ended.

    Raises:
        JobError: a job did not succeed. If several jobs failed, the error is for the last one, and the reporter gets
            a sentence for each of the others.
    """
    failed = [record for record in records if record.job.failure]
    for record in records:
        if record.state is JobState.SUCCEEDED:
            reporter.say(f"{record.id} succeeded; {record.results / 'result.json'} says how it was made")
        elif not record.state.final:
            reporter.say(f"{record.id} is {record.state} on {record.job.host}; cosmos-houdini attach {record.id}")
    for record in failed[:-1]:
        reporter.say(f"error: {commands.job_error(record)}")
    if failed:
        raise commands.job_error(failed[-1])


def _repeat(client: Client, record: JobRecord, results: Path, reporter: Reporter) -> JobRecord:
    """Return a job that has already succeeded; fetch its results if they are missing or wanted in another folder."""
    reporter.say(f"{record.id} has succeeded before; nothing is run")
    if results == record.results and all(Path(path).is_file() for path in record.job.outputs):
        return record
    outputs = commands.fetch(client, record.id, results)
    return replace(record, job=replace(record.job, outputs=outputs), results=results)


def _left_alone(jobs: Sequence[Job], why: str) -> str:
    left = [job for job in jobs if not job.state.final]
    waiting = [job for job in left if job.state in runner.BEFORE_HOST]
    if waiting:
        return f"{why}; {waiting[0].id} is {waiting[0].state} and not on {waiting[0].host} yet; to go on"
    return f"{why}; {len(left) or 'no'} job{'s' * (len(left) != 1)} still running; to follow again"
