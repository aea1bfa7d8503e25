"""Decide whether a job succeeded: its exit code, its success marker and every output file must be as expected."""

from __future__ import annotations

import re
from dataclasses import replace

from cosmos_houdini.engines.base import Engine, EngineLog
from cosmos_houdini.engines.failures import SIGKILL_EXIT, describe_kill
from cosmos_houdini.model.job import FailureClass, JobFailure
from cosmos_houdini.model.request import Clip, ExpectedOutput

TELLING_LINES = 3
LINE_LENGTH = 240
QUOTED = 80
"""The characters of a line by which a message is known to tell it."""
SHORT_LINE = 12
"""Lines up to this length say too little to be recognised."""
SIGTERM_EXIT = 143

OOM_KILLED = "the program was killed because main memory ran out, by the host's own record"

_STOPPED = {
    "stalled": "it stood still and was stopped",
    "timeout": "it was stopped at the host's time limit",
    "lost": "it was ended by someone else",
    "bad_input": "the host cannot run it",
}

# The escape sequences for terminal colours and cursor movements, from ECMA-48 section 5.4.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def run_failure(
    engine: Engine, exit_code: int, log: EngineLog, *, oom_killed: bool, stopped: str = ""
) -> JobFailure | None:
    """Return why a program that has ended failed, or None if it succeeded; its output files are checked elsewhere.

    Args:
        engine: the engine, which interprets its log.
        exit_code: the exit code of the program.
        log: the program's output, or the end of it.
        oom_killed: whether the host ended the program because its memory ran out.
        stopped: the failure class for which the job's own script stopped the program; empty if it did not.
    """
    if oom_killed:
        memory = JobFailure(failure=FailureClass.OOM, message=OOM_KILLED, retryable=False)
        return _told(memory, log)
    if stopped and exit_code != 0:
        # The exit code only shows the script's own signal. The program's output before that may show the cause.
        found = engine.failure(SIGTERM_EXIT, log)
        if found is None or found.failure is FailureClass.ENGINE_ERROR:
            found = JobFailure(failure=FailureClass(stopped), message=_STOPPED[stopped])
        return _told(found, log)
    found = engine.failure(exit_code, log)
    if found:
        return _told(found, log)
    if exit_code != 0:
        how = f"ended with exit code {exit_code}"
        if exit_code == SIGKILL_EXIT:
            how = describe_kill(log.stderr.splitlines())
        return _told(JobFailure(failure=FailureClass.ENGINE_ERROR, message=f"the program {how}"), log)
    return None


def lost(message: str, log: EngineLog) -> JobFailure:
    """Return the failure of a job that disappeared without an exit code."""
    return _told(JobFailure(failure=FailureClass.LOST, message=message), log)


def ended(verdict: JobFailure, log: EngineLog) -> JobFailure:
    """Return the failure of a job that its cluster's scheduler ended."""
    return _told(verdict, log)


def corrupt(message: str) -> JobFailure:
    """Return the failure of a job whose output is not as requested."""
    return JobFailure(failure=FailureClass.CORRUPT_OUTPUT, message=message)


def output_failure(expected: ExpectedOutput, clip: Clip) -> JobFailure | None:
    """Return how a decoded output differs from the request, or None if it does not."""
    if clip.frames != expected.frames:
        return corrupt(f"{expected.path} has {clip.frames} frames instead of {expected.frames}")
    if clip.size != expected.size:
        has, wanted = ("x".join(map(str, size)) for size in (clip.size, expected.size))
        return corrupt(f"{expected.path} has {has} pixels instead of {wanted}")
    return None


def largest_bytes(expected: ExpectedOutput) -> int:
    """Return a size in bytes that no valid video of these frames exceeds: the raw RGB pixels plus 16 MiB."""
    width, height = expected.size
    return 16 * 2**20 + expected.frames * width * height * 3


def telling(log: EngineLog) -> str:
    r"""Return the last non-empty lines of standard error, or of standard output if standard error is empty.

    >>> telling(EngineLog(stdout="loading\n", stderr="10%\r20%\rTraceback ...\nValueError: x\n"))
    'Traceback ... | ValueError: x'
    """
    lines = _lines(log.stderr) or _lines(log.stdout)
    return " | ".join(line[-LINE_LENGTH:] for line in lines[-TELLING_LINES:])


def _lines(text: str) -> list[str]:
    # A progress bar overwrites its own line, so only the text after the last carriage return was visible.
    seen = (line.rstrip("\r").rpartition("\r")[2] for line in _ESCAPES.sub("", text).split("\n"))
    return [line.strip() for line in seen if line.strip()]


def _told(failure: JobFailure, log: EngineLog) -> JobFailure:
    """Return a failure with the end of the log, where its message tells no line of this end already."""
    last = telling(log)
    said = last.split(" | ")
    if last and not any(line[:QUOTED].rstrip(".") in failure.message for line in said if len(line) > SHORT_LINE):
        return replace(failure, message=f"{failure.message.rstrip('.')}; the log ends: {last}")
    return failure
