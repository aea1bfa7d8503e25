"""The room on a disk of a host, as ``df -P -k`` tells it."""

from __future__ import annotations

import re

_AVAILABLE = re.compile(r"\b(\d{1,18})[ \t]+\d{1,3}%\s", re.ASCII)


def free_bytes(answer: str) -> int | None:
    r"""Return the bytes that are free: blocks of 1024 bytes, available ones before the percentage (POSIX ``df``).

    None where the answer does not tell.

    >>> free_bytes("/dev/sda1 1000 600 400 60% /data\n")
    409600
    """
    told = _AVAILABLE.search(answer)
    return int(told[1]) * 1024 if told else None
