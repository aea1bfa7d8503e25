"""The text of the shell scripts that run on a host: fixed parts, and values that are quoted into them.

The fixed parts are the ``.sh`` files of the folder ``scripts``, for ``dash``, ``busybox ash`` and ``bash`` alike.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from cosmos_houdini.errors import BadInput

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def script_part(name: str) -> str:
    """Return the text of ``scripts/<name>.sh``, as in ``common/run``."""
    return (resources.files(__package__) / "scripts" / f"{name}.sh").read_text(encoding="utf-8")


def quoted(text: str) -> str:
    r"""Return ``text`` as one word of a shell script, byte for byte.

    >>> quoted("it's $(here)")
    '\'it\'"\'"\'s $(here)\''

    Raises:
        BadInput: the text holds a NUL character, which no argument of a program can.
    """
    if "\0" in text:
        raise BadInput(f"{text!r} holds a NUL character, which no program takes as an argument")
    return shlex.quote(text)


def words(texts: Iterable[str]) -> str:
    """Return texts as words of a shell command, each byte for byte."""
    return " ".join(quoted(text) for text in texts)


def assignments(**values: object) -> str:
    r"""Return lines that set shell variables to values.

    >>> assignments(here="/data/a b", want=2)
    "here='/data/a b'\nwant=2\n"
    """
    return "".join(f"{name}={quoted(str(value))}\n" for name, value in values.items())


def exports(variables: Mapping[str, str]) -> str:
    """Return lines that set environment variables.

    Raises:
        BadInput: no shell can set a variable of this name.
    """
    return "".join(f"export {variable_name(name)}={quoted(value)}\n" for name, value in variables.items())


def variable_name(name: str) -> str:
    """Return ``name`` if a shell can set a variable of that name.

    Raises:
        BadInput: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of an environment variable", allowed="letters, digits and _")
    return name
