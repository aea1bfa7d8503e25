"""From ``pending`` to the end: what the host says about a job, what it wrote, and whether that is a success."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.errors import JobError
from cosmos_houdini.jobs import collect, retry_policy, verdict
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.progress_recorder import noting
from cosmos_houdini.jobs.secrets import redacted
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.launchers.job_folder import NOT_STARTED, HostJobState, Observation
from cosmos_houdini.model.job import AttemptOptions, FailureClass, JobFailure, JobState
from cosmos_houdini.model.request import Clip, ExpectedOutput

RESULT_SCHEMA = "cosmos-houdini/result/1"
LEAST_FRACTION = 0.02
ENDED_AS = {FailureClass.CANCELLED: JobState.CANCELLED, FailureClass.LOST: JobState.LOST}
"""The states in which failures end a job, where that is not ``failed``."""
CANCELLED = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message="cancelled on request"))


def note_progress(client: Client, record: JobRecord, seen: Observation) -> None:
    """Write down whether a started job waits or runs: what it waits for, or how far it is and when it will end."""
    if seen.state is HostJobState.PENDING:
        _note_waiting(client, record, seen)
    elif seen.state is HostJobState.RUNNING:
        _note_running(client, record, seen)


def _note_waiting(client: Client, record: JobRecord, seen: Observation) -> None:
    waiting = record if record.state is JobState.PENDING else client.store.move(record, JobState.PENDING)
    if waiting:
        stage = seen.scheduler or f"waiting for {seen.waits_for or 'its start'}"
        client.store.note(waiting, redacted(stage, client.secrets(record)), began_s=0.0, place=seen.place)


def _note_running(client: Client, record: JobRecord, seen: Observation) -> None:
    running = record if record.state is JobState.RUNNING else client.store.move(record, JobState.RUNNING)
    if running is None:
        return
    engine = client.engine(record)
    plan = engine.plan(record.inference())
    progress = engine.progress(EngineLog(stdout=seen.stdout_tail, stderr=seen.stderr_tail), plan)
    fraction = progress.fraction if progress else 0.0
    eta_s = None
    if seen.run_s is not None and fraction > LEAST_FRACTION:
        eta_s = seen.run_s / fraction - seen.run_s
    elif seen.run_s is not None and plan.estimate_s is not None:
        eta_s = max(0.0, plan.estimate_s - seen.run_s)
    stage = redacted(progress.stage, client.secrets(record)) if progress else ""
    stage = ", ".join(text for text in (seen.scheduler, stage) if text)
    client.store.note(running, stage, progress.fraction if progress else None, eta_s, began_s=seen.began_s)


def finish(client: Client, job_id: str, seen: Observation, *, again: bool = False) -> None:
    """Collect a job that has ended and judge it; nothing happens while another client does so.

    One that failed is ``queued`` again where the policy says so.

    Args:
        client: what to work with.
        job_id: the job.
        seen: what its host said of it.
        again: judge a job anew that has failed; it is not run again by itself.
    """
    collectable = {JobState.PENDING, JobState.RUNNING, JobState.COLLECTING, *([JobState.FAILED] if again else [])}
    with client.lock(job_id) as mine:
        record: JobRecord | None = client.store.get(job_id)
        if not mine or record is None or record.state not in collectable:
            return
        if record.state is JobState.PENDING and seen.began_s is not None:
            # Its program ran between two polls.
            record = client.store.move(record, JobState.RUNNING)
        if record is not None and record.state is not JobState.COLLECTING:
            record = client.store.move(record, JobState.COLLECTING)
        if record is not None:
            _collect(client, record, seen, last=again)


def lose(client: Client, job_id: str, message: str, *, begun: bool = True) -> None:
    """Give up an attempt that left no exit code behind, and stop what is left of it; its log is kept.

    One that was not ``begun`` is made up for, and costs the job none of those that it has.
    """
    with client.lock(job_id) as mine:
        record = client.store.get(job_id)
        if not mine or record.state not in {JobState.PENDING, JobState.RUNNING, JobState.COLLECTING}:
            return
        # Its program may have outlived the script that watched over it, and could never be collected.
        stopped = False
        with suppress(JobError):
            client.launcher(record).cancel(client.host(record), client.site(record), record.id)
            stopped = True
        log, made_with = collect.fetch_log(client.host(record), client.site(record).folder, client.secrets(record))
        collect.keep_log(log, record.results)
        client.store.note_provenance(record, made_with)
        if begun:
            _fail(client, record, verdict.lost(message, log), stopped=stopped)
        else:
            _put_back(client, record, message)


def fetch_verified(client: Client, record: JobRecord, results: Path) -> tuple[str, ...]:
    """Fetch the outputs of a job that has ended well, verify them, write ``result.json``, and return their paths.

    Raises:
        CorruptOutput: an output is missing or not what was asked for.
        HostError: the road failed.
        DiskFull: no room on this machine.
    """
    collect.check_folder(results, record.id)
    results.mkdir(parents=True, exist_ok=True)
    expected = client.engine(record).invocation(record.inference(), client.site(record)).outputs
    report = noting(client, record, "fetching the results")
    clips = collect.fetch_outputs(
        client.host(record), client.site(record), expected, results, ffmpeg=client.ffmpeg, on_progress=report
    )
    collect.write_result(results, _result(client, record, expected, clips))
    return tuple(str(results / output.path) for output in expected)


def _collect(client: Client, record: JobRecord, seen: Observation, *, last: bool) -> None:
    client.store.note(record, "fetching and verifying the results", began_s=seen.began_s)
    secrets = client.secrets(record)
    log, made_with = collect.fetch_log(client.host(record), client.site(record).folder, secrets)
    collect.keep_log(log, record.results)
    client.store.note_provenance(record, made_with)
    if seen.cancelled:
        client.store.move(record, JobState.CANCELLED, CANCELLED)
        return
    if seen.stopped == NOT_STARTED:
        _put_back(client, record, "the process that was to make it after others ended, or went on without it")
        return
    if seen.scheduler_failure:
        _fail(client, record, verdict.ended(seen.scheduler_failure, log), last=last)
        return
    if seen.exit_code is None:
        # A host whose disk is full keeps an empty file where the exit code should stand.
        _fail(client, record, verdict.lost("its exit code was not written", log), last=last)
        return
    failure = verdict.run_failure(
        client.engine(record), seen.exit_code, log, oom_killed=seen.oom_killed, stopped=seen.stopped
    )
    outputs: tuple[str, ...] = ()
    if failure is None:
        try:
            outputs = fetch_verified(client, record, record.results)
        except collect.CorruptOutput as error:
            failure = error.failure
    if failure is None:
        client.store.move(record, JobState.SUCCEEDED, Change(outputs=outputs))
    else:
        _fail(client, record, replace(failure, message=redacted(failure.message, secrets)), last=last)


def _fail(client: Client, record: JobRecord, failure: JobFailure, *, last: bool = False, stopped: bool = False) -> None:
    """End an attempt, and with it the job unless the policy knows a next one that may do better.

    Args:
        client: what to work with.
        record: the job.
        failure: of the attempt.
        last: whether the job ends in any case.
        stopped: whether it is known that nothing of the attempt runs any more.
    """
    options = None if last else _next_options(client, record, failure)
    if options is None:
        client.store.move(record, ENDED_AS.get(failure.failure, JobState.FAILED), Change(failure=failure))
        return
    if failure.failure is FailureClass.LOST and not stopped:
        # What was lost from sight may still run, and nothing is to run twice.
        client.launcher(record).cancel(client.host(record), client.site(record), record.id)
    collect.set_aside(record.results, record.job.attempt)
    client.store.move(record, JobState.QUEUED, Change(failure=failure, options=options))


def _put_back(client: Client, record: JobRecord, message: str) -> None:
    """Queue a job again whose attempt was not begun, as if there had been none."""
    failure = JobFailure(failure=FailureClass.LOST, message=f"not begun: {message}")
    if not _can_be_sent(record):
        client.store.move(record, JobState.LOST, Change(failure=failure, begun=False))
        return
    collect.set_aside(record.results, record.job.attempt)
    options = replace(record.options, reason="not begun before")
    client.store.move(record, JobState.QUEUED, Change(failure=failure, options=options, begun=False))


def _can_be_sent(record: JobRecord) -> bool:
    """Whether a job's inputs are on this machine; those of one that came from another machine are not."""
    return all(path.is_file() for path in record.input_paths())


def _next_options(client: Client, record: JobRecord, failure: JobFailure) -> AttemptOptions | None:
    if not _can_be_sent(record):
        # What failed now is worth more than that it cannot start.
        return None
    return retry_policy.next_options(
        failure,
        record.inference().parameters,
        record.options,
        attempts=client.config.settings.defaults.attempts,
        offload=client.engine(record).offload,
        shared=client.settings(record).jobs_per_gpu > 1,
    )


def _result(
    client: Client, record: JobRecord, expected: tuple[ExpectedOutput, ...], clips: tuple[Clip, ...]
) -> dict[str, Any]:
    attempt = client.store.attempts(record.id)[-1]
    recorded = client.engine(record).record(collect.kept_log(record.results))
    return {
        "schema": RESULT_SCHEMA,
        "job": record.id,
        "host": record.job.host,
        "root": record.root,
        "launcher": record.launcher,
        "attempt": record.job.attempt,
        "created_at": record.created_at,
        "started_at": attempt.started_at,
        "verified_at": time.time(),
        "made_with": attempt.made_with,
        "request": dict(record.sent),
        "options": record.options.document(),
        "recorded": recorded.document() if recorded else None,
        "outputs": [
            {"path": str(output.path), "role": output.role, **clip.document()}
            for output, clip in zip(expected, clips, strict=True)
        ],
    }
