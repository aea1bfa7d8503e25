"""Check the values of a PromptSpec or RunSpec one by one, so that an error names the wrong value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import structs

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import NAME_PATTERN, PromptSpec, RunSpec

Spec = TypeVar("Spec", PromptSpec, RunSpec)

LONGEST_VALUE = 120
_TAG = "schema"


def validate_spec(model: type[Spec], data: object, where: str, prefix: str = "") -> Spec:
    """Return ``data`` as a spec.

    Args:
        model: PromptSpec or RunSpec.
        data: the content of a file, or the values of a command line.
        where: the name of the data's origin in the error.
        prefix: the prefix of the keys in the error, for a spec inside another spec.

    Raises:
        BadInput: a key or value is invalid; the error names the first one.
    """
    if isinstance(data, model):
        return data
    values = _mapping(data, where, prefix.rstrip("."))
    fields: dict[str, structs.FieldInfo] = {known.name: known for known in structs.fields(model)}
    for key in values:
        if key not in {_TAG, *fields}:
            raise _unknown("key", key, [_TAG, *fields], where, prefix)
    tag = model.__struct_config__.tag
    if values.get(_TAG, tag) != tag:
        raise BadInput(f"{where}: {prefix}{_TAG} = {values[_TAG]!r}", allowed=repr(tag))
    for name, known in fields.items():
        if known.required and name not in values:
            raise BadInput(f"{where}: {prefix + name!r} is missing")
    given = {name: value for name, value in values.items() if name != _TAG}
    return model(**{name: _value(value, fields[name].type, where, prefix + name) for name, value in given.items()})


def describe_allowed(key: str) -> str:
    """Return a description of the allowed values of a key; empty if any text or path is allowed."""
    if key.endswith("name"):
        return "1 to 80 letters, digits, '.', '_' and '-', not beginning with '.' or '-' and not ending with '.'"
    if key.endswith("num_gpu"):
        return "a whole number from 1 to 64"
    if "weights" in key:
        return "a number from 0 to 1"
    return "text, a finite number, true or false" if "parameters" in key else ""


def format_value(value: object) -> str:
    """Return a value as text for an error: one line of limited length."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _value(value: object, kind: Any, where: str, key: str) -> Any:  # noqa: ANN401 - a type, and a value of it
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if plain is PromptSpec:
        return validate_spec(PromptSpec, value, where, f"{key}.")
    if get_origin(plain) is dict:
        names, kind_of_each = get_args(plain)
        given = _mapping(value, where, key)
        controls = [str(control) for control in Control]
        for name in given:
            if names is Control and name not in controls:
                raise _unknown("control", name, controls, where, f"{key}.")
        return {names(name): _value(one, kind_of_each, where, f"{key}.{name}") for name, one in given.items()}
    try:
        found = msgspec.convert(value, kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        expected = "text" if plain is str else "the path of a file"
        raise BadInput(f"{where}: {key} = {format_value(value)}", allowed=describe_allowed(key) or expected) from error
    if complaint := _complaint(key.removeprefix("spec."), found):
        raise BadInput(f"{where}: {key} = {format_value(value)}", allowed=describe_allowed(key) or complaint)
    return found


def _complaint(name: str, value: object) -> str:
    """Return the allowed values if a value has the right type but is invalid; empty if the value is valid."""
    if isinstance(value, float) and not math.isfinite(value):
        return "a finite number"
    if not isinstance(value, str):
        return ""
    if name == "name":
        return "" if re.fullmatch(NAME_PATTERN, value) else "a name"
    if name == "prompt" and not value.strip():
        return "a prompt that is not empty"
    # Python represents bytes of a command line that are not UTF-8 as surrogates, which no UTF-8 file can contain.
    is_prompt = name in {"prompt", "negative_prompt"}
    return "text in UTF-8" if is_prompt and any("\ud800" <= character <= "\udfff" for character in value) else ""


def _mapping(value: object, where: str, key: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}: {key or 'all of it'} = {format_value(value)}", allowed="a mapping of names to values")
    return value


def _unknown(what: str, name: str, known: Iterable[str], where: str, prefix: str) -> BadInput:
    return BadInput(
        f"{where}: unknown {what} {prefix + name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
    )


def _path(kind: type, value: object) -> object:
    """Convert text to a path, because msgspec has no such conversion."""
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError("Expected the path of a file")
