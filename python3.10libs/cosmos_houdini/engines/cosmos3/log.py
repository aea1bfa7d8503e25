"""Interpret the output of cosmos-framework.

It prints records to standard output. To standard error it prints Python's tracebacks and, for each chunk, a tqdm bar of
the diffusion steps; nothing counts the chunks. Beside the result it writes ``sample_outputs.json`` with the values that
it used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from typing import Any, Final

from cosmos_houdini.engines.base import EngineLog, EngineRecord
from cosmos_houdini.engines.cosmos.stages import SAMPLED_SHARE, Stages, during
from cosmos_houdini.engines.cosmos3.hints import CONTROLS
from cosmos_houdini.engines.failures import (
    GENERAL_SYMPTOMS,
    classify,
    exceptions_in,
    explain_missing_marker,
    shorten,
    symptom,
)
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.request import FramePlan

SAVED: Final = "Saved transfer outputs to "

_RECORD = re.compile(
    r"^\[\d\d-\d\d \d\d:\d\d:\d\d\|(?:job=[^|\n]*\|)?(?P<level>[A-Z]+)\s*\|[^\]\n]*\] "
    r"(?:\[RANK \d{1,4}\] )*(?P<message>.*)$",
    re.MULTILINE,
)
_BAR = re.compile(r"Sampling:[ \t]*\d{1,3}%\|[^|\r\n]*\| (?P<done>\d{1,9})/(?P<total>\d{1,9}) \[", re.ASCII)

_STAGES = Stages(
    early={
        "Loaded ": "loading the model",
        "Saved sample args to ": "reading the controls",
        "[transfer] final user prompt": "reading the prompt",
    },
    late={"Saved control video to ": "saving", SAVED: "saved"},
)

_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})
_GUARDRAIL = (symptom(FailureClass.GUARDRAIL_BLOCKED, r"guardrail blocked"),)
_SYMPTOMS = (
    symptom(
        FailureClass.BAD_INPUT,
        r"error validating parameters from|duplicate name: |control_weights must|transfer inference requires",
        r"missing pre-computed control input|conditional_frames (must|> 0)|unrecognized options?:|Extra inputs are not",
    ),
)
_OF_OTHERS = re.compile(r"A different GPU rank failed\.")


def messages(stdout: str) -> list[str]:
    """Return the first line of each record."""
    return [found["message"] for found in _RECORD.finditer(stdout)]


def progress(log: EngineLog, plan: FramePlan) -> Progress | None:
    """Return the progress of the sample, or None before its first line."""
    said = messages(log.stdout)
    if late := _STAGES.after(said):
        return late
    bars, done, total = count_bars(log.stderr)
    if not bars:
        return _STAGES.before(said)
    chunk = min(bars, plan.chunks)
    share = SAMPLED_SHARE * min(done / total, 1.0) if bars <= plan.chunks else 1.0
    return during(chunk - 1 + share, plan.chunks, f"chunk {chunk} of {plan.chunks}, step {done} of {total}")


def count_bars(stderr: str) -> tuple[int, int, int]:
    r"""Return how many bars of chunks have begun, and the steps that the last one has done and has in all.

    A bar belongs to a new chunk where its count is lower than the one before.

    >>> count_bars("\rSampling: 50%|# | 1/2 [0:01]\rSampling: 100%|##| 2/2 [0:02]\n\rSampling:   0%|  | 0/2 [0:00]")
    (2, 0, 2)
    """
    bars, last, total = 0, 0, 1
    for found in _BAR.finditer(stderr):
        done = int(found["done"])
        if not bars or done < last:
            bars += 1
        last, total = done, max(1, int(found["total"]))
    return bars, last, total


def failure(exit_code: int, log: EngineLog) -> JobFailure | None:
    """Return why a sample failed; None if the exit code, the record of the result and its file show success."""
    found = [(match["level"], match["message"]) for match in _RECORD.finditer(log.stdout)]
    saved = any(message.startswith(SAVED) for _, message in found)
    document = _document(log)
    if exit_code == 0 and saved:
        return _told_by_file(document) if document else None
    errors = [message for level, message in found if level in _ERROR_LEVELS]
    lines = [*exceptions_in(log.stdout), *log.stderr.replace("\r", "\n").splitlines(), *errors]
    own = [line for line in lines if not _OF_OTHERS.search(line)] or lines
    # The message of a block repeats the prompt, and any word can stand there.
    if blocked := classify([line for line in own if "uardrail blocked" in line or "GUARDRAIL" in line], _GUARDRAIL):
        return blocked
    return explain_missing_marker(exit_code, own, (*_SYMPTOMS, *GENERAL_SYMPTOMS), SAVED.strip())


def _told_by_file(document: dict[str, Any]) -> JobFailure | None:
    """Return the failure that ``sample_outputs.json`` tells, or None if it tells of success."""
    if document.get("status", "success") == "success":
        return None
    message = str(document.get("message") or f"its status is {document.get('status')!r}")
    known = classify([message, *str(document.get("stack_trace") or "").splitlines()], (*_SYMPTOMS, *GENERAL_SYMPTOMS))
    return known or JobFailure(failure=FailureClass.ENGINE_ERROR, message=shorten(message))


def record(log: EngineLog, known: Container[str]) -> EngineRecord | None:
    """Return the values that upstream ran with, from the file that it writes with the result.

    Args:
        log: the log, with the text of that file.
        known: the names of the parameters that a request can have.
    """
    arguments = (_document(log) or {}).get("args")
    if not isinstance(arguments, dict):
        return None
    try:
        weights = {
            str(control): float(arguments[hint]["weight"])
            for hint, control in CONTROLS.items()
            if arguments.get(hint) is not None
        }
    except (KeyError, TypeError, ValueError):
        return None
    return EngineRecord(parameters={name: value for name, value in arguments.items() if name in known}, weights=weights)


def _document(log: EngineLog) -> dict[str, Any] | None:
    try:
        found = json.loads(log.record)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
