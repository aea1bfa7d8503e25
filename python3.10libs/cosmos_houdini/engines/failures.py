"""Find out why a run failed by matching its output against tables of patterns.

Many engines share the table GENERAL_SYMPTOMS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosmos_houdini.errors import one_line
from cosmos_houdini.model.job import FailureClass, JobFailure

MESSAGE_LENGTH = 300
LINE_LENGTH = 4096
"""The number of characters of a line that are searched.

The search time of a pattern grows with the square of the line's length, and a program may print no line breaks.
"""
SIGKILL_EXIT = 137
NOT_FOR_MEMORY = "the kernel counted no kill for want of memory"
"""Words of the job script after a SIGKILL, where the host's records speak against want of memory."""
CANNOT_EXECUTE_EXITS = frozenset({126, 127})


@dataclass(frozen=True, slots=True)
class Symptom:
    """A pattern of a line that shows a failure; ``retryable`` is False if another attempt would end the same way."""

    failure: FailureClass
    pattern: re.Pattern[str]
    retryable: bool = True


def symptom(failure: FailureClass, pattern: str, *, retryable: bool = True) -> Symptom:
    """Return a Symptom whose pattern is searched in single lines and ignores case."""
    return Symptom(failure, re.compile(pattern, re.IGNORECASE), retryable)


# The order matters: an earlier entry wins, because a cause often also prints the words of a later entry.
GENERAL_SYMPTOMS = (
    symptom(
        FailureClass.OOM,
        r"cuda out of memory|OutOfMemoryError|cuda error: out of memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED"
        # PyTorch asks the driver for the free memory when an allocation fails, and trips over the answer.
        r"|NVML_SUCCESS == r INTERNAL ASSERT FAILED.*CUDACachingAllocator",
    ),
    symptom(FailureClass.DISK_FULL, r"no space left on device|\[errno 28\]|disk quota exceeded|\[errno 122\]"),
    symptom(FailureClass.AUTH, r"GatedRepoError|gated repo|\b40[13] client error|invalid user token"),
    symptom(
        FailureClass.MISSING_CHECKPOINT,
        r"(FileNotFoundError|no such file or directory).*(checkpoint|\.pt\b|\.jit\b|\.safetensors)"
        r"|LocalEntryNotFoundError|is not a local folder and is not a valid model identifier"
        # It may not be downloaded, or it was downloaded in part or as a pointer of Git LFS.
        r"|OfflineModeIsEnabled|SafetensorError: Error while deserializing header|PytorchStreamReader failed"
        r"|UnpicklingError: invalid load key",
    ),
    symptom(FailureClass.STALLED, r"DistStoreError|Watchdog caught collective operation timeout"),
    symptom(FailureClass.TIMEOUT, r"slurmstepd: error: .* DUE TO TIME LIMIT"),
    # Main memory ran out. Another attempt would not help: settings that save GPU memory use more main memory.
    symptom(
        FailureClass.OOM,
        r"exitcode\s*:\s*-9\b|cannot allocate memory|\bMemoryError\b"
        r"|slurmstepd: error: Detected \d+ oom.kill event|srun: error: .*: Out Of Memory$",
        retryable=False,
    ),
)

_ERROR_LINE = re.compile(r"^(?:\[rank\d+\]:\s*)?((?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b.*)$")
_RELAYED = re.compile(r"ChildFailedError|CalledProcessError")


def classify(lines: Iterable[str], symptoms: Iterable[Symptom]) -> JobFailure | None:
    """Return the first symptom of the table that matches a line, with the last matching line as its message."""
    kept = _kept(lines)
    for known in symptoms:
        line = next((line for line in reversed(kept) if known.pattern.search(line)), None)
        if line is not None:
            return JobFailure(failure=known.failure, message=shorten(line), retryable=known.retryable)
    return None


def explain_exit(exit_code: int, lines: Iterable[str]) -> JobFailure:
    """Return an engine_error whose message is the last exception in the output, or the last line.

    SIGKILL is an oom failure, unless the job script has found that memory did not run out.
    """
    kept = _kept(lines)
    if exit_code == SIGKILL_EXIT:
        return explain_kill(kept)
    errors = [found.group(1) for line in kept if (found := _ERROR_LINE.match(line)) and not _RELAYED.search(line)]
    last = errors[-1] if errors else (kept[-1] if kept else "it printed nothing")
    return JobFailure(failure=FailureClass.ENGINE_ERROR, message=shorten(f"exit code {exit_code}: {last}"))


def explain_kill(lines: Sequence[str]) -> JobFailure:
    """Return the failure of a program that SIGKILL ended; without a record, main memory is the most frequent reason."""
    message = f"the program {describe_kill(lines)}"
    if _is_not_for_memory(lines):
        return JobFailure(failure=FailureClass.ENGINE_ERROR, message=message)
    return JobFailure(failure=FailureClass.OOM, message=message, retryable=False)


def describe_kill(lines: Sequence[str]) -> str:
    """Return how SIGKILL ended a program, with the evidence for or against want of memory, if there is any."""
    if _is_not_for_memory(lines):
        return f"was killed (SIGKILL) by a person or another program: {NOT_FOR_MEMORY}"
    return "was killed (SIGKILL), most often for want of main memory; the host has no readable record of the reason"


def _is_not_for_memory(lines: Sequence[str]) -> bool:
    return any(NOT_FOR_MEMORY in line for line in lines)


def explain_missing_marker(
    exit_code: int, lines: Iterable[str], symptoms: Iterable[Symptom], marker: str
) -> JobFailure:
    """Return why a run failed if its log lacks the line that shows success."""
    kept = list(lines)
    if known := classify(kept, symptoms):
        return known
    if exit_code == 0:
        message = f"it ended without the line '{marker}': nothing was saved"
        return JobFailure(failure=FailureClass.ENGINE_ERROR, message=message)
    return explain_exit(exit_code, kept)


def _kept(lines: Iterable[str]) -> list[str]:
    return [line for line in (line.strip()[:LINE_LENGTH] for line in lines) if line]


def shorten(text: str) -> str:
    """Return ``text`` as one line of at most MESSAGE_LENGTH characters."""
    line = one_line(text)
    return line if len(line) <= MESSAGE_LENGTH else f"{line[: MESSAGE_LENGTH - 3]}..."
