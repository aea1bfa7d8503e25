"""Patterns of OpenSSH, with ``*``, ``?`` and a ``!`` before what is left out (ssh_config(5), PATTERNS)."""

from __future__ import annotations

import re


def is_match(pattern: str, text: str) -> bool:
    """Whether one pattern fits the whole of a text, upper and lower case told apart.

    >>> is_match("gpu0?", "gpu01"), is_match("gpu[01]", "gpu0")
    (True, False)
    """
    wildcard = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(wildcard, text, re.DOTALL) is not None


def is_in_list(patterns: str, text: str) -> bool:
    """Whether a list of patterns with commas has a text; one that fits behind a ``!`` leaves it out.

    >>> is_in_list("*.example,!bad.example", "gpu.example"), is_in_list("*.example,!bad.example", "bad.example")
    (True, False)
    """
    listed = patterns.split(",")
    if any(is_match(pattern[1:], text) for pattern in listed if pattern.startswith("!")):
        return False
    return any(is_match(pattern, text) for pattern in listed if not pattern.startswith("!"))
