"""What counts as done: exit code, marker, and every output file as it was asked for. Anything else is a failure."""

from __future__ import annotations

import re

from cosmos_houdini.engines.base import Engine, EngineLog
from cosmos_houdini.model.job import FailureClass, JobFailure
from cosmos_houdini.model.request import Clip, ExpectedOutput

TELLING_LINES = 3
LINE_LENGTH = 240

# Colours and cursor movements of terminals, ECMA-48 section 5.4.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def run_failure(engine: Engine, exit_code: int, log: EngineLog, *, oom_killed: bool) -> JobFailure | None:
    """Return why a program that has ended is no success, or None; its output files are judged elsewhere."""
    if oom_killed:
        return _told(FailureClass.OOM, "the host ended the program because its memory ran out", log)
    found = engine.failure(exit_code, log)
    if found:
        return _told(found.failure, found.message, log)
    if exit_code != 0:
        return _told(FailureClass.ENGINE_ERROR, f"the program ended with exit code {exit_code}", log)
    return None


def lost(message: str, log: EngineLog) -> JobFailure:
    """Return the failure of a job that went away without an exit code."""
    return _told(FailureClass.LOST, message, log)


def ended(verdict: JobFailure, log: EngineLog) -> JobFailure:
    """Return the failure of a job that the scheduler of its cluster ended."""
    return _told(verdict.failure, verdict.message, log)


def corrupt(message: str) -> JobFailure:
    """Return the failure of a job whose output is not what was asked for."""
    return JobFailure(failure=FailureClass.CORRUPT_OUTPUT, message=message)


def output_failure(expected: ExpectedOutput, clip: Clip) -> JobFailure | None:
    """Return how a decoded output differs from what was asked for, or None."""
    if clip.frames != expected.frames:
        return corrupt(f"{expected.path} has {clip.frames} frames instead of {expected.frames}")
    if clip.size != expected.size:
        has, wanted = ("x".join(map(str, size)) for size in (clip.size, expected.size))
        return corrupt(f"{expected.path} has {has} pixels instead of {wanted}")
    return None


def largest_bytes(expected: ExpectedOutput) -> int:
    """Return a size that no honest video of these frames has: more than its raw RGB pixels take."""
    width, height = expected.size
    return 16 * 2**20 + expected.frames * width * height * 3


def telling(log: EngineLog) -> str:
    r"""Return the last lines that say something: of standard error, or of standard output where that is silent.

    >>> telling(EngineLog(stdout="loading\n", stderr="10%\r20%\rTraceback ...\nValueError: x\n"))
    'Traceback ... | ValueError: x'
    """
    lines = _lines(log.stderr) or _lines(log.stdout)
    return " | ".join(line[-LINE_LENGTH:] for line in lines[-TELLING_LINES:])


def _lines(text: str) -> list[str]:
    # A progress bar draws over its own line: what stands after the last carriage return is what was seen.
    seen = (line.rstrip("\r").rpartition("\r")[2] for line in _ESCAPES.sub("", text).split("\n"))
    return [line.strip() for line in seen if line.strip()]


def _told(failure: FailureClass, message: str, log: EngineLog) -> JobFailure:
    last = telling(log)
    if last and last not in message:
        message = f"{message}; the log ends: {last}"
    return JobFailure(failure=failure, message=message)
