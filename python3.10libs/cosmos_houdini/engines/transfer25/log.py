"""Interpret the output of cosmos-transfer2.5.

It prints records to standard output. To standard error it prints Python's tracebacks and, for each chunk, a tqdm
progress bar that counts diffusion steps. Beside the result it writes a file with the arguments that it used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Sequence
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord
from cosmos_houdini.engines.cosmos.records import find_failure, messages
from cosmos_houdini.engines.cosmos.stages import SAMPLED_SHARE, Stages, during
from cosmos_houdini.engines.failures import shorten, symptom
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.request import FramePlan

_SAVED = "Generated video saved to "
_BLOCKED = ("GUARDRAIL BLOCKED", "Guardrail blocked generation")
_CHUNK = re.compile(r"Generating chunk (?P<number>\d{1,9})/(?P<chunks>\d{1,9})", re.ASCII)
_BAR = re.compile(r"Generating samples:[ \t]*\d{1,3}%\|[^|\r\n]*\| (?P<done>\d{1,9})/(?P<total>\d{1,9}) \[", re.ASCII)
_FINISHED = re.compile(r"\| (?P<total>\d{1,9})/(?P=total) \[[^\r\n]*\n", re.ASCII)
"""A progress bar ends its line when it is complete."""

_STAGES = Stages(
    early={
        "Downloading checkpoint": "loading models",
        "Saved config to": "models are loaded",
        "Saved arguments to": "reading the request",
        "Running guardrail check on prompt": "checking the prompt",
        "Processing the following paths": "reading the videos",
        "Computing prompt text embeddings": "reading the prompt",
    },
    late={
        "Average time per chunk": "generated",
        "Running guardrail check on video": "checking the result",
        _SAVED: "saved",
    },
)

_TRANSFER25_SYMPTOMS = (
    symptom(FailureClass.BAD_INPUT, r"samplename .* not unique|No input frames; cannot pad|Invalid video extension"),
)


def begins(number: int, count: int, name: str) -> str:
    """Return the text that upstream prints when it begins a sample.

    >>> begins(2, 3, "street/result")
    '[2/3] Processing sample street/result'
    """
    return f"[{number}/{count}] Processing sample {name}"


def progress(log: EngineLog, plan: FramePlan) -> Progress | None:
    """Return the progress of the run, or None before its first line."""
    said = messages(log.stdout)
    if late := _STAGES.after(said):
        return late
    chunk = next((int(found["number"]) for message in reversed(said) if (found := _CHUNK.match(message))), None)
    if chunk is None:
        return _STAGES.before(said)
    share, steps = _of_current(log.stderr, chunk)
    return during(chunk - 1 + share, plan.chunks, f"chunk {chunk} of {plan.chunks}{steps}")


def _of_current(stderr: str, chunk: int) -> tuple[float, str]:
    """Return the fraction of a chunk that is made, and the words for it."""
    bars = list(_BAR.finditer(stderr))
    if not bars:
        return 0.0, ""
    done, total = int(bars[-1]["done"]), int(bars[-1]["total"])
    # A chunk begins before its progress bar. Until its bar appears, the last bar is that of the previous chunk.
    if stderr[bars[-1].end() :].partition("\r")[0].endswith("\n") and len(_FINISHED.findall(stderr)) < chunk:
        return 0.0, ""
    return SAMPLED_SHARE * min(done / max(total, 1), 1.0), f", step {done} of {total}"


def failure(exit_code: int, log: EngineLog) -> JobFailure | None:
    """Return why a finished run failed.

    If a prompt or video is blocked, a process with one GPU ends with exit code 0, and one with more GPUs ends with an
    exception.
    """
    return find_failure(exit_code, log, marker=_SAVED, blocked=_blocked, symptoms=_TRANSFER25_SYMPTOMS)


def _blocked(errors: Sequence[str], saved: bool) -> JobFailure | None:  # noqa: FBT001 - see find_failure
    found = [message for message in errors if message.startswith(_BLOCKED)]
    if not found or saved:
        return None
    # The first message says what blocked it. The second says whether it blocked the prompt or the negative prompt.
    return JobFailure(failure=FailureClass.GUARDRAIL_BLOCKED, message=shorten("; ".join(found)))


def record(log: EngineLog, known: Container[str]) -> EngineRecord | None:
    """Return the arguments and weights from the file that the program writes before it generates.

    Args:
        log: the log, with the text of that file.
        known: the names of the parameters that a request can have.
    """
    try:
        arguments = json.loads(log.record)
        weights = {str(kind): _weight(arguments[kind]) for kind in Control if arguments.get(kind) is not None}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return EngineRecord(
        parameters={name: value for name, value in arguments.items() if name in known},
        weights=weights,
        prompt=log.prompt,
    )


def _weight(control: dict[str, Any]) -> float:
    return float(control["control_weight"])
