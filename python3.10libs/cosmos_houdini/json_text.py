"""JSON that strangers wrote: a mapping or list of limited depth, with numbers and texts that every program can hold.

Python's own parser also takes ``NaN``, numbers beyond the range of a float, and texts that no UTF-8 file can hold
(RFC 8259, sections 6 and 8.2, leaves the last two to the reader).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final, NoReturn

from cosmos_houdini.errors import BadInput
from cosmos_houdini.text_file import DEEPEST, LONGEST_NUMBER, MIB, read_text, unusable_character

LARGEST_FILE: Final = 16 * MIB
"""The most bytes of a JSON file; the documents of this program stay far below."""


def read_json_file(path: Path, limit: int = LARGEST_FILE) -> Any:  # noqa: ANN401 - any JSON
    """Return the content of a JSON file.

    Raises:
        BadInput: the file cannot be read, is longer than ``limit`` bytes, or as for ``read_json``.
    """
    return read_json(read_text(path, limit), str(path))


def read_json(text: str, origin: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the content of a JSON text.

    >>> read_json('{"seed": 3}', "run.json")
    {'seed': 3}

    Raises:
        BadInput: the text is no JSON, is nested too deeply, or holds a number or a character that cannot be used; the
            message names ``origin``.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite)
    except _Refused as error:
        raise BadInput(f"{origin}: {error}", allowed=error.allowed) from error
    except json.JSONDecodeError as error:
        raise BadInput(f"{origin} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise _too_deep(origin) from error
    _check(found, origin, has_escapes="\\u" in text)
    return found


class _Refused(Exception):
    """A number cannot be used."""

    def __init__(self, problem: str, allowed: str) -> None:
        super().__init__(problem)
        self.allowed = allowed


def _refuse_constant(word: str) -> NoReturn:
    raise _Refused(f"{word} is no number of JSON", "a finite number")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _Refused(f"a number has {len(digits)} digits", f"at most {LONGEST_NUMBER}")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Refused(f"the number {digits[:LONGEST_NUMBER]} is too large", "up to about 1.8e308")
    return number


def _check(found: object, origin: str, *, has_escapes: bool) -> None:
    """Refuse a value that is nested too deeply, or one of its texts; only escapes can make such a text."""
    level = [found]
    for _ in range(DEEPEST + 1):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
                if has_escapes:
                    inner += value
            elif isinstance(value, list):
                inner += value
            elif has_escapes and isinstance(value, str) and (character := unusable_character(value)):
                raise BadInput(f"{origin}: a text holds {character}", allowed="characters of UTF-8 but U+0000")
        if not inner:
            return
        level = inner
    raise _too_deep(origin)


def _too_deep(origin: str) -> BadInput:
    return BadInput(f"{origin} is nested too deeply", allowed=f"at most {DEEPEST} levels")
