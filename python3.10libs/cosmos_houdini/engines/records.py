"""The records of a log of NVIDIA's Cosmos programs.

They read ``[MM-DD HH:MM:SS|LEVEL|file:line:function] message`` and go to standard output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A record begins its line, so that a prompt that is printed back, escaped, cannot pass for one.
RECORD = re.compile(r"^\[\d\d-\d\d \d\d:\d\d:\d\d\|(?P<level>[A-Z]+)\s*\|[^\]\n]*\] (?P<message>.*)$", re.MULTILINE)
LOUD = frozenset({"ERROR", "CRITICAL"})


def records(stdout: str) -> Iterator[tuple[str, str]]:
    """Yield level and first line of each record."""
    for found in RECORD.finditer(stdout):
        yield found["level"], found["message"]
