"""JSON that strangers wrote: a mapping or list of limited depth, with numbers and texts that every program can hold.

Python's own parser also takes ``NaN``, numbers beyond the range of a float, and texts that no UTF-8 file can hold
(RFC 8259, sections 6 and 8.2, leaves the last two to the reader).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

from cosmos_houdini.errors import BadInput
from cosmos_houdini.text_file import DEEPEST, LONGEST_NUMBER, MIB, half_character, read_text

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
        found = json.loads(text, parse_int=_whole)
    except _Refused as error:
        raise BadInput(f"{origin}: {error}", allowed=f"at most {LONGEST_NUMBER}") from error
    except json.JSONDecodeError as error:
        raise BadInput(f"{origin} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise _too_deep(origin) from error
    _check(found, origin)
    return found


class _Refused(Exception):
    """A number cannot be used."""


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _Refused(f"a number has {len(digits)} digits")
    return int(digits)


def _check(found: object, origin: str) -> None:
    """Refuse a value that is nested too deeply, a number that is not finite, and a text that no UTF-8 can hold."""
    level: list[tuple[str, object]] = [("", found)]
    for _ in range(DEEPEST + 1):
        inner: list[tuple[str, object]] = []
        for key, value in level:
            if isinstance(value, dict):
                inner += ((f"{key}.{name}".lstrip("."), one) for name, one in value.items())
            elif isinstance(value, list):
                inner += ((f"{key}.{index}".lstrip("."), one) for index, one in enumerate(value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise BadInput(f"{origin}: {key} = {value}", allowed="a finite number")
            if half := half_character(f"{key}{value}" if isinstance(value, str) else key):
                raise BadInput(f"{origin}: a text holds half of a character ({half})", allowed="characters of UTF-8")
        if not inner:
            return
        level = inner
    raise _too_deep(origin)


def _too_deep(origin: str) -> BadInput:
    return BadInput(f"{origin} is nested too deeply", allowed=f"at most {DEEPEST} levels")
