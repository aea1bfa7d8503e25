"""Find out why a run failed: match its output against tables of symptoms, and name the cause in one line."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Iterator, Sequence

from cosmos_houdini.engines.symptoms import GENERAL_SYMPTOMS, Symptom, symptom
from cosmos_houdini.errors import one_line
from cosmos_houdini.model.job import FailureClass, JobFailure

__all__ = ["GENERAL_SYMPTOMS", "Symptom", "classify", "explain_exit", "explain_missing_marker", "shorten", "symptom"]

MESSAGE_LENGTH = 300
LINE_LENGTH = 4096
"""The number of characters of a line that are searched.

The search time of a pattern grows with the square of the line's length, and a program may print no line breaks.
"""
SIGKILL_EXIT = 137
NOT_FOR_MEMORY = "the kernel counted no kill for want of memory"
"""Words of the job script after a SIGKILL, where the host's records speak against want of memory."""
CANNOT_EXECUTE_EXITS = frozenset({126, 127})
_CONTAINER_EXIT = 125
_TIMEOUT_EXIT = 124
_FIRST_SIGNAL_EXIT = 128
_LAST_SIGNAL = 64

_PREFIX = r"(?:\[[^\]\n]{0,60}\]:?\s*|\([\w=, .-]{1,60}\)\s*|[EWI]\d{4} \S+ |\d{1,4}:\s+)*"
"""The words that torchrun, NCCL, vLLM and srun put before a line: the rank, the process, the time."""
_ERROR_LINE = re.compile(rf"^{_PREFIX}((?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt|Fault)\b(?:$|:.*|\s.*))$")
_BARE_ERROR = re.compile(rf"^{_PREFIX}(?:\w+\.)*\w+:?$")
_RELAYED = re.compile(r"ChildFailedError|CalledProcessError|ProcessRaisedException|ProcessExitedException")
_SIGNAL_LINE = re.compile(r"Signal (\d{1,2}) \((SIG\w+)\) received|exitcode\s*:\s*-(\d{1,2})\b")
_LAST_ERROR = re.compile(rf"^{_PREFIX}Last error:$")
_WARNING = re.compile(r"\b\w*Warning: |\|\s*WARNING\s*\||^W\d{4} |^(\[[^\]]*\]\s*)?WARN(ING)?\b", re.IGNORECASE)
_HINT = re.compile(
    r"^(Search for `|For debugging consider|Compile with `|CUDA kernel errors might|Please (refer|see|report))"
)
_FRAME = re.compile(rf'^{_PREFIX}File ".*", line \d+')
_RULER = re.compile(r"^[\s=\-_*#~^.+|]*$")
_NAMES_A_THING = re.compile(r"""https?://|['"`][^'"`]+['"`]|(?<![\w.])/\w|\w/\w""")


def classify(lines: Iterable[str], symptoms: Iterable[Symptom]) -> JobFailure | None:
    """Return the first symptom of the table that matches a line; the line becomes the message.

    Of several lines that match, the last one that names a file, a program or an address is the message.
    """
    kept = list(_telling_lines(lines))
    for known in symptoms:
        found = [line for line in kept if known.pattern.search(line)]
        if found:
            line = next((line for line in reversed(found) if _NAMES_A_THING.search(line)), found[-1])
            words = re.sub(f"^{_PREFIX}", "", line) or line
            message = f"{known.meaning}: {words}" if known.meaning else words
            return JobFailure(failure=known.failure, message=shorten(message), retryable=known.retryable)
    return None


def explain_exit(exit_code: int, lines: Iterable[str]) -> JobFailure:
    """Return the failure of a program whose output has no known symptom: by its exit code, else an engine_error.

    The message has the last exception in the output, or the signal that ended the program, or the last line. SIGKILL is
    an oom failure, unless the job script has found that memory did not run out.
    """
    raw = list(lines)
    kept = [line for line in _kept(raw) if not _RULER.match(line)]
    if exit_code == SIGKILL_EXIT:
        return explain_kill(kept)
    last = kept[-1] if kept else "it printed nothing"
    if exit_code in CANNOT_EXECUTE_EXITS:
        message = f"the host has no such program, or cannot start it (exit code {exit_code}): {last}"
        return JobFailure(failure=FailureClass.HOST_SETUP, message=shorten(message))
    if exit_code == _CONTAINER_EXIT:
        message = f"the container did not start (exit code {exit_code}): {last}"
        return JobFailure(failure=FailureClass.HOST_SETUP, message=shorten(message))
    if exit_code == _TIMEOUT_EXIT:
        message = f"the host ended it at a time limit (exit code {exit_code}): {last}"
        return JobFailure(failure=FailureClass.TIMEOUT, message=shorten(message))
    cause = _exception(raw) or _signal(exit_code, kept) or last
    return JobFailure(failure=FailureClass.ENGINE_ERROR, message=shorten(f"exit code {exit_code}: {cause}"))


def _exception(raw: Sequence[str]) -> str:
    """Return the last exception in the output, with the line of code where it has no words of its own."""
    kept, code, found = _kept(raw), "", ""
    for index, line in enumerate(kept):
        if _LAST_ERROR.match(line) and index + 1 < len(kept):
            # NCCL tells the cause in the line after this one.
            return re.sub(f"^{_PREFIX}", "", kept[index + 1])
        if _FRAME.match(line) and index + 1 < len(kept):
            code = re.sub(f"^{_PREFIX}", "", kept[index + 1])
        error = _ERROR_LINE.match(line)
        if error and not _RELAYED.search(line):
            following = kept[index + 1] if index + 1 < len(kept) else ""
            words = error.group(1)
            if words.endswith(":") and following:
                words = f"{words} {following}"
            elif _BARE_ERROR.match(line) and code:
                words = f"{words} in: {code}"
            found = words
    return found


def _signal(exit_code: int, kept: Sequence[str]) -> str:
    """Return the words for the signal that ended a program: by the records of torchrun, else by the exit code."""
    for line in kept:
        if found := _SIGNAL_LINE.search(line):
            return _signal_words(int(found[1] or found[3]))
    number = exit_code - _FIRST_SIGNAL_EXIT if exit_code > _FIRST_SIGNAL_EXIT else -exit_code
    if 0 < number <= _LAST_SIGNAL:
        last = f": {kept[-1]}" if kept else ""
        return f"{_signal_words(number)}{last}"
    return ""


_SIGNAL_MEANINGS = {
    4: "an instruction that the processor does not have",
    6: "it gave up by itself",
    7: "a part of its memory was not there",
    8: "a wrong computation",
    9: "it was killed",
    11: "a crash in compiled code",
    15: "somebody or something ended it",
}


def _signal_words(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = _SIGNAL_MEANINGS.get(number)
    return f"the program ended by {name}" + (f" ({meaning})" if meaning else "")


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


def exceptions_in(stdout: str) -> list[str]:
    """Return the exceptions whose tracebacks a program printed to standard output, without the lines of code."""
    found: list[str] = []
    inside = False
    for line in _kept(stdout.splitlines()):
        if "Traceback (most recent call last)" in line:
            inside = True
        elif inside and (error := _ERROR_LINE.match(line)):
            found.append(error.group(1))
            inside = False
    return found


def _telling_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines that can show a cause: no warnings, no hints of PyTorch, no lines of code in a traceback."""
    in_frame = False
    for line in _kept(lines):
        if _FRAME.match(line):
            in_frame = True
            continue
        if in_frame:
            in_frame = False
            # Not every frame is followed by its code.
            if not _ERROR_LINE.match(line):
                continue
        if not _WARNING.search(line) and not _HINT.match(line):
            yield line


def _kept(lines: Iterable[str]) -> list[str]:
    return [line for line in (line.strip()[:LINE_LENGTH] for line in lines) if line]


def shorten(text: str) -> str:
    """Return ``text`` as one line of at most MESSAGE_LENGTH characters."""
    line = one_line(text)
    return line if len(line) <= MESSAGE_LENGTH else f"{line[: MESSAGE_LENGTH - 3]}..."
