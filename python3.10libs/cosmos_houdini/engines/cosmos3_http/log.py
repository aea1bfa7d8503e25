"""Interpret the output of the package ``client``: its own lines on standard output, tracebacks on standard error."""

from __future__ import annotations

import json
import re

from cosmos_houdini.engines.base import EngineLog, EngineRecord
from cosmos_houdini.engines.failures import (
    CANNOT_EXECUTE_EXITS,
    GENERAL_SYMPTOMS,
    classify,
    explain_exit,
    shorten,
)
from cosmos_houdini.model.finding import Finding, failed, passed
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress

_ASKING = re.compile(r"^asking ", re.MULTILINE)
_STAGE = re.compile(
    r"^(?:uploaded (?P<sent>\d{1,15}) of (?P<total>\d{1,15}) bytes"
    r"|server: (?P<state>\w{1,40})(?: for (?P<for>\d{1,9}) s)?"
    r"|(?P<said>waiting for the server|the server loads its model|downloading the video|encoding))",
    re.MULTILINE | re.ASCII,
)
_IS = re.compile(r"^it is (?P<kind>.+)$", re.MULTILINE)
_START = "start the server on or near the host, or correct hosts.<name>.server"
_BEGIN = re.compile(r"^\[\d+/\d+\] begin ", re.MULTILINE)
_MADE = re.compile(r"^made with (?P<document>\{.*\})$", re.MULTILINE)
_SAVED = re.compile(r"^saved ", re.MULTILINE)
_FAILED = re.compile(r"^failed (?P<document>\{.*\})$", re.MULTILINE)

# A server tells no progress, so no time is left to be computed from a fraction before the video has come.
_UPLOADED_FRACTION = 0.01
_WORKING_FRACTION = 0.02
_FRACTIONS = {"the server loads its model": 0.0, "downloading the video": 0.95, "encoding": 0.97}
_SECONDS_PER_MINUTE = 60


def begin_line(number: int, count: int, name: str) -> str:
    """Return the line that the program prints when it begins a request.

    >>> begin_line(2, 5, "street-1f2e")
    '[2/5] begin street-1f2e'
    """
    return f"[{number}/{count}] begin {name}"


def progress(log: EngineLog) -> Progress | None:
    """Return the progress of the request, or None before the first line; a request that is sent again goes not back."""
    if _SAVED.search(log.stdout):
        return Progress(fraction=1.0, stage="saved")
    stages = [_stage(found) for found in _STAGE.finditer(log.stdout)]
    if stages:
        return Progress(fraction=max(stage.fraction for stage in stages), stage=stages[-1].stage)
    asked = _ASKING.search(log.stdout) or _BEGIN.search(log.stdout)
    return Progress(fraction=0.0, stage="asking the server") if asked else None


def _stage(found: re.Match[str]) -> Progress:
    if found["sent"]:
        share = min(1.0, int(found["sent"]) / max(1, int(found["total"])))
        return Progress(fraction=_UPLOADED_FRACTION * share, stage=f"uploading, {share:.0%}".replace("%", " %"))
    if found["state"]:
        return Progress(fraction=_WORKING_FRACTION, stage=_words(found["state"], int(found["for"] or 0)))
    return Progress(fraction=_FRACTIONS.get(found["said"], _WORKING_FRACTION), stage=found["said"])


def _words(state: str, seconds: int) -> str:
    words = {"queued": "queued on the server", "in_progress": "the server works"}.get(state, f"the server says {state}")
    return f"{words}, {seconds // _SECONDS_PER_MINUTE} min" if seconds >= _SECONDS_PER_MINUTE else words


def record(log: EngineLog) -> EngineRecord | None:
    """Return the values from the line that is printed with the result, or None if there is no such line."""
    found = _MADE.search(log.stdout)
    try:
        document = json.loads(found["document"]) if found else {}
        return EngineRecord(parameters=dict(document["parameters"]), weights=dict(document["weights"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def failure(exit_code: int, log: EngineLog) -> JobFailure | None:
    """Return why a request failed, or None if both the exit code and the line with the result show success."""
    if exit_code == 0 and _SAVED.search(log.stdout):
        return None
    told = [found["document"] for found in _FAILED.finditer(log.stdout)]
    if told and (named := _named(told[-1])):
        return named
    lines = log.stderr.replace("\r", "\n").splitlines()
    known = classify(lines, GENERAL_SYMPTOMS)
    if known:
        return known
    if exit_code == 0:
        return JobFailure(failure=FailureClass.ENGINE_ERROR, message="it ended without a result")
    if exit_code in CANNOT_EXECUTE_EXITS or any("SyntaxError" in line for line in lines):
        return JobFailure(
            failure=FailureClass.HOST_SETUP,
            message="the host has no Python 3.10 or newer of that name; name one as hosts.<name>.python",
        )
    return explain_exit(exit_code, lines)


def finding(exit_code: int, stdout: str) -> Finding:
    """Return what ``client.ask`` has found out about the server."""
    if exit_code == 0 and (told := _IS.search(stdout)):
        return passed("server", told["kind"])
    told_failure = failure(exit_code, EngineLog(stdout=stdout, stderr=""))
    seen = told_failure.message if told_failure else "it gave no answer"
    action = "set COSMOS_SERVER_KEY here and name it in the host's secrets" if _is_key(told_failure) else _START
    return failed("server", seen, action)


def _is_key(found: JobFailure | None) -> bool:
    return found is not None and found.failure is FailureClass.AUTH


def _named(document: str) -> JobFailure | None:
    try:
        found = json.loads(document)
        return JobFailure(
            failure=FailureClass(found["class"]),
            message=shorten(str(found["message"])),
            retryable=found["retryable"] is True,
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
