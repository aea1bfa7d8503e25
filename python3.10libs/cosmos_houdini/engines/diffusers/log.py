"""Interpret the output of ``diffusers_transfer.py``: its own lines on standard output, tracebacks on standard error."""

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
    symptom,
)
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.request import FramePlan

_LOADING = re.compile(r"^loading ", re.MULTILINE)
_LOADED = re.compile(r"^loaded on ", re.MULTILINE)
_BEGIN = re.compile(r"^\[\d+/\d+\] begin ", re.MULTILINE)
_STEP = re.compile(
    r"^chunk (?P<chunk>\d{1,6}) of (?P<chunks>\d{1,6}), step (?P<step>\d{1,6}) of (?P<steps>\d{1,6})$",
    re.MULTILINE | re.ASCII,
)
_ENCODING = re.compile(r"^encoding$", re.MULTILINE)
_MADE = re.compile(r"^made with (?P<document>\{.*\})$", re.MULTILINE)
_SAVED = re.compile(r"^saved ", re.MULTILINE)
_REFUSED = re.compile(r"^refused: (?P<why>guardrail|bad input|out of memory): (?P<message>.*)$", re.MULTILINE)

_REFUSALS = {
    "guardrail": FailureClass.GUARDRAIL_BLOCKED,
    "bad input": FailureClass.BAD_INPUT,
    "out of memory": FailureClass.OOM,
}
_SYMPTOMS = (symptom(FailureClass.MISSING_CHECKPOINT, r"^no checkpoint: "),)

_LOADING_FRACTION = 0.02
_BEGIN_FRACTION = 0.1
_STEPPED_FRACTION = 0.95


def begin_line(number: int, count: int, name: str) -> str:
    """Return the line that the program prints when it begins a request.

    >>> begin_line(2, 5, "street-1f2e")
    '[2/5] begin street-1f2e'
    """
    return f"[{number}/{count}] begin {name}"


def progress(log: EngineLog, plan: FramePlan) -> Progress | None:
    """Return the progress of the request, or None before the first line."""
    if _SAVED.search(log.stdout):
        return Progress(fraction=1.0, stage="saved")
    if _ENCODING.search(log.stdout):
        return Progress(fraction=_STEPPED_FRACTION, stage="encoding")
    steps = list(_STEP.finditer(log.stdout))
    if steps:
        chunk, step, count = (int(steps[-1][name]) for name in ("chunk", "step", "steps"))
        share = min(1.0, ((chunk - 1) * count + step) / (plan.chunks * max(1, count)))
        return Progress(
            fraction=_BEGIN_FRACTION + (_STEPPED_FRACTION - _BEGIN_FRACTION) * share,
            stage=f"chunk {chunk} of {plan.chunks}, step {step} of {count}",
        )
    if _BEGIN.search(log.stdout) or _LOADED.search(log.stdout):
        return Progress(fraction=_BEGIN_FRACTION, stage="reading the prompt and the control")
    return Progress(fraction=_LOADING_FRACTION, stage="loading the model") if _LOADING.search(log.stdout) else None


def record(log: EngineLog) -> EngineRecord | None:
    """Return the values from the line that is printed with the result, or None if there is no such line."""
    found = _MADE.search(log.stdout)
    if found is None:
        return None
    try:
        document = json.loads(found["document"])
        return EngineRecord(parameters=dict(document["parameters"]), weights=dict(document["weights"]))
    except (ValueError, KeyError, TypeError):
        return None


def failure(exit_code: int, log: EngineLog) -> JobFailure | None:
    """Return why a request failed, or None if both the exit code and the line with the result show success."""
    if exit_code == 0 and _SAVED.search(log.stdout):
        return None
    refused = _REFUSED.search(log.stdout)
    if refused:
        return JobFailure(failure=_REFUSALS[refused["why"]], message=shorten(refused["message"]))
    lines = log.stderr.replace("\r", "\n").splitlines()
    known = classify(lines, (*_SYMPTOMS, *GENERAL_SYMPTOMS))
    if known:
        return known
    if exit_code == 0:
        return JobFailure(failure=FailureClass.ENGINE_ERROR, message="it ended without a result")
    if exit_code in CANNOT_EXECUTE_EXITS:
        return JobFailure(
            failure=FailureClass.HOST_SETUP,
            message="the host has no such Python; name one with torch and diffusers as hosts.<name>.python",
        )
    return explain_exit(exit_code, lines)
