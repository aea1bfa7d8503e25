"""The rules by which Houdini disables and hides parameters."""

from __future__ import annotations

import re

Test = tuple[str, str, str]

_CLAUSE = re.compile(r"\{([^{}]*)\}\s*")
_TEST = re.compile(r"""\s*([\w:.#]+|hasinput\(\d+\))\s*(==|!=|<=|>=|=~|!~|<|>)\s*("[^"]*"|[^\s"{}=!<>]+)\s*""")


def parse_rule(text: str) -> tuple[tuple[Test, ...], ...]:
    """Return a rule: it holds where all tests between any two braces hold.

    >>> parse_rule("{ mode == 1 count < 2 } { on == 0 }")
    ((('mode', '==', '1'), ('count', '<', '2')), (('on', '==', '0'),))

    Raises:
        ValueError: it is no such rule.
    """
    clauses = _CLAUSE.findall(text)
    if not clauses or _CLAUSE.sub("", text).strip():
        raise ValueError(f"{text!r} is not a row of {{ parameter == value }}")
    found = []
    for clause in clauses:
        tests = [(name, operator, value.strip('"')) for name, operator, value in _TEST.findall(clause)]
        if not tests or _TEST.sub("", clause):
            raise ValueError(f"{clause.strip()!r} is not a row of parameter == value")
        found.append(tuple(tests))
    return tuple(found)
