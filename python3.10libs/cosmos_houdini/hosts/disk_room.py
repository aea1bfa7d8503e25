"""The room on a disk of a host, from the output of ``df -P -k``."""

from __future__ import annotations

import re

_AVAILABLE = re.compile(r"\b(\d{1,18})[ \t]+\d{1,3}%\s", re.ASCII)


def free_bytes(answer: str) -> int | None:
    r"""Return the free bytes; None if the output does not show them.

    POSIX ``df -k`` counts blocks of 1024 bytes. The number before the percentage is that of the available ones.

    >>> free_bytes("/dev/sda1 1000 600 400 60% /data\n")
    409600
    """
    told = _AVAILABLE.search(answer)
    return int(told[1]) * 1024 if told else None
