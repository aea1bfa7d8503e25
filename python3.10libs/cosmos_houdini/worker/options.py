"""Typed options from JSON values, checked one by one, so that an error names the option that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.specs.values import format_value

Options = TypeVar("Options")

_PLAIN = {str: "text", bool: "true or false", int: "a whole number", float: "a finite number", Path: "a path"}


def decode(kind: type[Options], given: Mapping[str, object], command: str) -> Options:
    """Return the options of a command.

    Args:
        kind: a dataclass; its fields are the options.
        given: JSON values by the name of a field.
        command: its name begins an error.

    Raises:
        BadInput: an option that the command does not have, a missing one, or a value of another type.
    """
    return kind(**decode_fields(kind, given, command))


def decode_fields(kind: type, given: Mapping[str, object], command: str) -> dict[str, Any]:
    """Return the values with which ``decode`` makes the options; raises the same errors."""
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind) if each.init}
    for name in given:
        if name not in known:
            raise BadInput(
                f"{command} has no option {name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
            )
    for name, each in known.items():
        if name not in given and each.default is MISSING and each.default_factory is MISSING:
            raise BadInput(f"{command}: the option {name!r} is missing", allowed=describe_type(hints[name]))
    return {name: _convert(value, hints[name], f"{command}: {name}") for name, value in given.items()}


def describe_type(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return in words which JSON values a type takes.

    >>> describe_type(int | None), describe_type(tuple[str, ...]), describe_type(Literal["stop", "hold"])
    ('a whole number', 'a list, each: text', 'stop, hold')
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(map(str, arguments))
    if origin in {Union, UnionType}:
        return " or ".join(describe_type(each) for each in _without_none(arguments))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(member.value) for member in kind)
    if origin is not None and issubclass(origin, Mapping):
        return f"{describe_type(arguments[1])} for each of: {describe_type(arguments[0])}"
    if origin in {tuple, list}:
        return f"a list, each: {describe_type(arguments[0])}"
    return _PLAIN.get(kind, "a value of another type")


def _convert(value: object, kind: Any, where: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    if Path in get_args(kind) and str in get_args(kind):
        # Text is both; msgspec cannot tell them apart.
        kind = str | None
    try:
        found = msgspec.convert(value, kind, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where} = {format_value(value)}", allowed=describe_type(kind)) from error
    numbers = found.values() if isinstance(found, Mapping) else [found]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        raise BadInput(f"{where} = {format_value(value)}", allowed=describe_type(kind))
    return found


def _without_none(kinds: tuple[Any, ...]) -> list[Any]:
    return [kind for kind in kinds if kind is not type(None)]


def _decode_path(kind: type, value: object) -> object:
    """Make a path of text; msgspec knows none."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError("Expected a path")
