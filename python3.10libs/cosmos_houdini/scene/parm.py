r"""The ``.parm`` entry of a node: one line for each parameter, with its values between tabs.

::

    res<TAB>[ 0<TAB>locks=0 ]<TAB>(<TAB>1280<TAB>720<TAB>)
    t<TAB>[ 0<TAB>locks=0 ]<TAB>(<TAB>[ tx<TAB>1.5 ] <TAB>[ ty<TAB>0 ] <TAB>4<TAB>)

A value is a bare word, a quoted text with ``\"`` and real line breaks, or ``[ channel value ]``. The last form has the
name of the channel that drives it, in the ``.chn`` entry, and its value when the scene was saved.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_HEAD = re.compile(r"^([^\s\[\](){}]+)\t\[ [^\n\]]*\]\t\(\t", re.MULTILINE)
_VALUE = re.compile(
    rf"\[ (?P<channel>[^\s]+)\t(?P<saved>{_QUOTED}|[^\t\n]*?) \] ?\t"
    rf"|(?P<quoted>{_QUOTED})\t|(?P<bare>[^\t\n)][^\t\n]*)\t",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParmValue:
    """One component of a parameter: its text, and the channel that drives it, if any does."""

    text: str
    channel: str | None = None

    @property
    def number(self) -> float | None:
        """The value as a finite number; None if it is no finite number."""
        try:
            number = float(self.text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


Parms = Mapping[str, tuple[ParmValue, ...]]


def unquoted(text: str) -> str:
    r"""Return a value as it was typed: without the quotes around it and the backslashes that escape characters.

    >>> unquoted(r'"a \"b\""'), unquoted("plain")
    ('a "b"', 'plain')
    """
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return _ESCAPE.sub(r"\1", text)


def parse_parms(text: str) -> Parms:
    r"""Return the values of every parameter in a ``.parm`` entry; skip lines that are no parameters.

    >>> parse_parms("{\nversion 0.8\nres\t[ 0\tlocks=0 ]\t(\t1280\t720\t)\n}\n")["res"][1].number
    720.0
    """
    parms: dict[str, tuple[ParmValue, ...]] = {}
    position = 0
    while head := _HEAD.search(text, position):
        values, position = _values(text, head.end())
        parms[head[1]] = values
    return parms


def _values(text: str, position: int) -> tuple[tuple[ParmValue, ...], int]:
    """Return the values from ``position`` on, and the position where they end."""
    values = []
    while match := _VALUE.match(text, position):
        saved = match["saved"] if match["channel"] else match["quoted"] or match["bare"]
        values.append(ParmValue(text=unquoted(saved), channel=match["channel"]))
        position = match.end()
    return tuple(values), position
