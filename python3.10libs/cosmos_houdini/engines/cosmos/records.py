"""Read the records in the logs of NVIDIA's Cosmos programs, and find in them why a run failed.

A record has the form ``[MM-DD HH:MM:SS|LEVEL|file:line:function] message`` and is printed to standard output.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.engines.failures import GENERAL_SYMPTOMS, Symptom, exceptions_in, explain_missing_marker
from cosmos_houdini.model.job import JobFailure

# A record must begin its line. So a prompt that the program prints back, escaped, is not mistaken for a record.
RECORD = re.compile(r"^\[\d\d-\d\d \d\d:\d\d:\d\d\|(?P<level>[A-Z]+)\s*\|[^\]\n]*\] (?P<message>.*)$", re.MULTILINE)
ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})


def records(stdout: str) -> Iterator[tuple[str, str]]:
    """Yield the level and the first line of each record."""
    for found in RECORD.finditer(stdout):
        yield found["level"], found["message"]


def messages(stdout: str) -> list[str]:
    """Return the first line of each record."""
    return [message for _, message in records(stdout)]


def find_failure(
    exit_code: int,
    log: EngineLog,
    *,
    marker: str,
    blocked: Callable[[Sequence[str], bool], JobFailure | None],
    symptoms: Iterable[Symptom],
) -> JobFailure | None:
    """Return why a finished run failed, or None if both its exit code and its records show success.

    Args:
        exit_code: the exit code of the program.
        log: the whole log.
        marker: the words with which the record of a saved video begins.
        blocked: takes the messages of errors, and whether a video was saved, and returns the guardrail's failure.
        symptoms: the symptoms of this program, which are checked before the general ones.
    """
    found = list(records(log.stdout))
    saved = any(message.startswith(marker) for _, message in found)
    if exit_code == 0 and saved:
        return None
    errors = [message for level, message in found if level in ERROR_LEVELS]
    if by_guardrail := blocked(errors, saved):
        return by_guardrail
    lines = [*exceptions_in(log.stdout), *log.stderr.replace("\r", "\n").splitlines(), *errors]
    return explain_missing_marker(exit_code, lines, (*symptoms, *GENERAL_SYMPTOMS), marker.strip())
