"""Interpret the output of cosmos-transfer1.

It prints records to standard output. It prints Python's tracebacks and a tqdm progress bar, which counts chunks, to
standard error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Sequence
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord
from cosmos_houdini.engines.cosmos.records import RECORD, find_failure, messages
from cosmos_houdini.engines.cosmos.stages import SAMPLED_SHARE, Stages, during
from cosmos_houdini.engines.failures import classify, symptom
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.request import FramePlan

# The progress bar of the chunks has no label, unlike the bars that appear while models are loaded.
_BAR = re.compile(r"(?:^|[\r\n])[ \t]*\d{1,3}%\|[^|\r\n]*\| (?P<done>\d{1,9})/(?P<total>\d{1,9}) \[", re.ASCII)
_SAVED = "Saved video to "
_ENHANCED = re.compile(r"^Upsampled prompt: (?P<prompt>.*)\Z", re.MULTILINE | re.DOTALL)

_STAGES = Stages(
    early={
        "final args:": "loading models",
        "running preprocessor": "loading models",
        "Running guardrail checks on all prompts": "checking the prompt",
        "Starting T5 compute": "reading the prompt",
        "Starting data augmentation": "reading the videos",
    },
    late={
        "Finish generation": "generated",
        "Run guardrail on generated videos": "checking the result",
        _SAVED: "saved",
    },
)

_GUARDRAIL = (
    symptom(FailureClass.GUARDRAIL_BLOCKED, r"GUARDRAIL BLOCKED"),
    symptom(FailureClass.GUARDRAIL_BLOCKED, r"is not safe|failed safety checks|guardrail blocked generation"),
)
_TRANSFER1_SYMPTOMS = (
    symptom(FailureClass.BAD_INPUT, r"transfer\.py: error:|ValueError: Invalid hint_key|Control weight for \w+ must"),
)


def progress(log: EngineLog, plan: FramePlan) -> Progress | None:
    """Return the progress of the run, or None before its first line."""
    said = messages(log.stdout)
    if late := _STAGES.after(said):
        return late
    done = min(max(_decoded(said), _bar(log.stderr, plan.chunks)), plan.chunks)
    share = _share_of_current(said)
    if not said or (share is None and not done):
        return _STAGES.before(said)
    return during(done + (share or 0), plan.chunks, f"chunk {min(done + 1, plan.chunks)} of {plan.chunks}")


def failure(exit_code: int, log: EngineLog) -> JobFailure | None:
    """Return why a finished run failed.

    If a video is blocked, the program ends with exit code 0 or with a TypeError, depending on the point of the block.
    """
    if exit_code == 0 and enhanced_prompt(log):
        return None
    return find_failure(exit_code, log, marker=_SAVED, blocked=_blocked, symptoms=_TRANSFER1_SYMPTOMS)


def _blocked(errors: Sequence[str], saved: bool) -> JobFailure | None:  # noqa: ARG001, FBT001 - see find_failure
    return classify(errors, _GUARDRAIL)


def record(log: EngineLog, known: Container[str]) -> EngineRecord | None:
    """Return the arguments and weights from the documents that the program prints before it loads anything.

    Args:
        log: the whole log; if its beginning was cut off, the result is None.
        known: the names of the parameters that a request can have.
    """
    if prompt := enhanced_prompt(log):
        return EngineRecord(parameters={}, weights={}, prompt=prompt)
    arguments, controls = (_document(log.stdout, title) for title in ("final args: ", "control_inputs: "))
    if arguments is None or controls is None:
        return None
    return EngineRecord(
        parameters={name: value for name, value in arguments.items() if name in known},
        weights={kind: control["control_weight"] for kind, control in controls.items() if "control_weight" in control},
        prompt=log.prompt,
    )


def enhanced_prompt(log: EngineLog) -> str:
    """Return the prompt that upstream's language model prints at its end; empty if it has printed none."""
    found = _ENHANCED.search(log.stdout)
    return found["prompt"].strip() if found else ""


def _document(stdout: str, title: str) -> dict[str, Any] | None:
    """Return the JSON document that begins in the first record with this title and continues on the next lines."""
    begin = next(
        (found.start("message") for found in RECORD.finditer(stdout) if found["message"].startswith(title)), None
    )
    if begin is None:
        return None
    try:
        document, _ = json.JSONDecoder().raw_decode(stdout, begin + len(title))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _decoded(messages: list[str]) -> int:
    return sum(message == "Completed VAE decode" for message in messages)


def _bar(stderr: str, chunks: int) -> int:
    """Return the count of the last progress bar of all chunks; it is correct even if the log's beginning is missing."""
    counts = [int(found["done"]) for found in _BAR.finditer(stderr) if int(found["total"]) == chunks]
    return counts[-1] if counts else 0


def _share_of_current(messages: list[str]) -> float | None:
    shares = {
        "Starting latent encoding": 0.0,
        "Starting diffusion sampling": 0.0,
        "Completed diffusion sampling": SAMPLED_SHARE,
        "Starting VAE decode": SAMPLED_SHARE,
        "Completed VAE decode": 0.0,
    }
    return next((shares[message] for message in reversed(messages) if message in shares), None)
