"""Take a job from ``pending`` to its end: read its state on the host, fetch its outputs, decide its success."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cosmos_houdini.engines.base import RECORD_FILE, EngineLog, RecordsElsewhere
from cosmos_houdini.errors import JobError
from cosmos_houdini.jobs import collect, retry_policy, verdict
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.conversions import copy_conversion, kept_conversion
from cosmos_houdini.jobs.frame_words import frame_words, numbering
from cosmos_houdini.jobs.progress_recorder import noting
from cosmos_houdini.jobs.secrets import redacted
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.launchers.job_folder import NOT_STARTED, HostJobState, Observation
from cosmos_houdini.launchers.staging import find_damaged_inputs
from cosmos_houdini.model.job import AttemptOptions, FailureClass, JobFailure, JobState
from cosmos_houdini.model.request import Clip, ExpectedOutput

RESULT_SCHEMA = "cosmos-houdini/result/1"
LEAST_FRACTION = 0.02
ENDED_AS = {FailureClass.CANCELLED: JobState.CANCELLED, FailureClass.LOST: JobState.LOST}
"""The final state of a job for each failure that does not end in ``failed``."""
FROM_INPUTS = frozenset({FailureClass.CORRUPT_OUTPUT, FailureClass.BAD_INPUT, FailureClass.ENGINE_ERROR})
"""The failures that an input which was damaged on the host can cause."""
CANCELLED = Change(failure=JobFailure(failure=FailureClass.CANCELLED, message="cancelled on request"))


def note_progress(client: Client, record: JobRecord, seen: Observation) -> None:
    """Store the need of a waiting job, or the progress and remaining time of a running job."""
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
    first, step = numbering(kept_conversion(client.store.path.parent, record))
    stage = frame_words(stage, plan, first=first, step=step)
    stage = ", ".join(text for text in (seen.scheduler, stage) if text)
    client.store.note(running, stage, progress.fraction if progress else None, eta_s, began_s=seen.began_s)


def finish(client: Client, job_id: str, seen: Observation, *, again: bool = False) -> None:
    """Collect a job that has ended and decide its final state; do nothing while another client does so.

    A job that failed is ``queued`` again if the retry policy says so.

    Args:
        client: the client of the project.
        job_id: the id of the job.
        seen: the host's observation of the job.
        again: whether to check a failed job again; such a job is not run again automatically.
    """
    collectable = {JobState.PENDING, JobState.RUNNING, JobState.COLLECTING, *([JobState.FAILED] if again else [])}
    with client.lock(job_id) as mine:
        record: JobRecord | None = client.store.get(job_id)
        if not mine or record is None or record.state not in collectable:
            return
        if record.state is JobState.PENDING and seen.began_s is not None:
            # The program started and ended between two polls.
            record = client.store.move(record, JobState.RUNNING)
        if record is not None and record.state is not JobState.COLLECTING:
            record = client.store.move(record, JobState.COLLECTING)
        if record is not None:
            _collect(client, record, seen, last=again)


def lose(client: Client, job_id: str, message: str, *, begun: bool = True) -> None:
    """End an attempt that left no exit code, stop what is left of it on the host, and keep its log.

    If ``begun`` is False, the attempt never started: queue the job again. The attempt does not count then.
    """
    with client.lock(job_id) as mine:
        record = client.store.get(job_id)
        if not mine or record.state not in {JobState.PENDING, JobState.RUNNING, JobState.COLLECTING}:
            return
        # The program may still run after the script that watched it died. Its results could never be collected.
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
    """Fetch and verify the outputs of a job that ended successfully, write ``result.json``, and return their paths.

    Raises:
        CorruptOutput: an output is missing or not as requested.
        HostError: the connection failed.
        DiskFull: this machine has no disk space left.
    """
    collect.check_folder(results, record.id)
    results.mkdir(parents=True, exist_ok=True)
    expected = client.engine(record).invocation(record.inference(), client.site(record)).outputs
    report = noting(client, record, "fetching the results")
    clips = collect.fetch_outputs(
        client.host(record), client.site(record), expected, results, ffmpeg=client.config.ffmpeg, on_progress=report
    )
    copy_conversion(client.store.path.parent, record, results)
    collect.write_result(results, _result(client, record, expected, clips))
    return tuple(str(results / output.path) for output in expected)


def _collect(client: Client, record: JobRecord, seen: Observation, *, last: bool) -> None:
    client.store.note(record, "fetching and verifying the results", began_s=seen.began_s)
    secrets = client.secrets(record)
    engine = client.engine(record)
    record_file = engine.record_file if isinstance(engine, RecordsElsewhere) else RECORD_FILE
    log, made_with = collect.fetch_log(
        client.host(record), client.site(record).folder, secrets, record_file=record_file
    )
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
        # On a host with a full disk, the file of the exit code can be empty.
        _fail(client, record, verdict.lost("its exit code was not written", log), last=last)
        return
    failure = verdict.run_failure(engine, seen.exit_code, log, oom_killed=seen.oom_killed, stopped=seen.stopped)
    if failure is None and record_file != RECORD_FILE and not log.record:
        failure = verdict.corrupt(f"it left no {record_file}")
    outputs: tuple[str, ...] = ()
    failure = failure or _misread(client, record, again=False)
    if failure is None:
        try:
            outputs = fetch_verified(client, record, record.results)
        except collect.CorruptOutput as error:
            failure = error.failure
    if failure and failure.failure in FROM_INPUTS:
        failure = _misread(client, record, again=True) or failure
    if failure is None:
        client.store.move(record, JobState.SUCCEEDED, Change(outputs=outputs))
    else:
        _fail(client, record, replace(failure, message=redacted(failure.message, secrets)), last=last)


def _misread(client: Client, record: JobRecord, *, again: bool) -> JobFailure | None:
    """Return the failure of a job whose inputs on the host are not those that were sent, or None if they are."""
    damaged = find_damaged_inputs(client.host(record), client.site(record), again=again)
    if not damaged:
        return None
    names = ", ".join(record.inputs.get(sha256, sha256) for sha256 in damaged)
    return verdict.corrupt(f"what the host holds of its input {names} is damaged; the next attempt sends it again")


def _fail(client: Client, record: JobRecord, failure: JobFailure, *, last: bool = False, stopped: bool = False) -> None:
    """End an attempt; queue the job again if the retry policy allows another attempt, and end it otherwise.

    Args:
        client: the client of the project.
        record: the job.
        failure: the failure of the attempt.
        last: whether the job ends in any case.
        stopped: whether it is certain that no program of the attempt still runs.
    """
    options = None if last else _next_options(client, record, failure)
    if options is None:
        client.store.move(record, ENDED_AS.get(failure.failure, JobState.FAILED), Change(failure=failure))
        return
    if failure.failure is FailureClass.LOST and not stopped:
        # The lost attempt may still run, and a job must not run twice at the same time.
        client.launcher(record).cancel(client.host(record), client.site(record), record.id)
    collect.set_aside(record.results, record.job.attempt)
    client.store.move(record, JobState.QUEUED, Change(failure=failure, options=options))


def _put_back(client: Client, record: JobRecord, message: str) -> None:
    """Queue a job again after an attempt that did not start, as if this attempt had never existed."""
    failure = JobFailure(failure=FailureClass.LOST, message=f"not begun: {message}")
    if not _can_be_sent(record):
        client.store.move(record, JobState.LOST, Change(failure=failure, begun=False))
        return
    collect.set_aside(record.results, record.job.attempt)
    options = replace(record.options, reason="not begun before")
    client.store.move(record, JobState.QUEUED, Change(failure=failure, options=options, begun=False))


def _can_be_sent(record: JobRecord) -> bool:
    """Return whether a job's inputs are on this machine; the inputs of a job from another machine are not."""
    return all(path.is_file() for path in record.input_paths())


def _next_options(client: Client, record: JobRecord, failure: JobFailure) -> AttemptOptions | None:
    if not _can_be_sent(record):
        # Another attempt could not start. The current failure says more than that.
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
