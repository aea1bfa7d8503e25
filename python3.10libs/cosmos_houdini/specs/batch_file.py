"""Read and write BatchSpec files, in YAML or JSON.

An error in reading names the wrong key or value. A file is written completely or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.model.batch import (
    BATCH_SPEC_SCHEMA,
    BatchItem,
    BatchSpec,
    Constraints,
    Randomization,
    Range,
    Sampler,
)
from cosmos_houdini.model.control import Control
from cosmos_houdini.specs.files import absolute_from, relative_below, with_slashes
from cosmos_houdini.specs.values import describe_allowed, format_value
from cosmos_houdini.whole_file import write_whole
from cosmos_houdini.yaml_text import read_yaml_file

_Model = TypeVar("_Model", BatchSpec, Randomization)

_VALUES: Final = "a list of values, or {min: A, max: B} with a step or without"
# The words that pydantic adds to the location of a mistake: the form of the value, and the type that it tried.
_FORMS: Final = frozenset({"range", "list", "each", "word", "one", "bool", "int", "float", "str", "[key]"})

_KINDS: Final = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of names to values",
}


def load_batch(path: Path) -> BatchSpec:
    """Read a BatchSpec and make the paths of its prompt specs absolute.

    Raises:
        BadInput: the file does not exist, is neither YAML nor JSON, or has an invalid key or value, which is named.
    """
    data = _mapping(path)
    if data.get("schema") != BATCH_SPEC_SCHEMA:
        raise BadInput(
            f"{path}: schema = {data.get('schema')!r}",
            allowed=repr(BATCH_SPEC_SCHEMA),
            action="create-batch makes such a file",
        )
    batch = _validated(BatchSpec, data, path)
    absolute = absolute_from(path)
    items = tuple(item.model_copy(update={"spec": absolute(item.spec)}) for item in batch.items)
    return batch.model_copy(update={"items": items})


def parse_batch(document: Mapping[str, Any], source: str) -> BatchSpec:
    """Return the BatchSpec of a document, with the paths of its prompt specs unchanged.

    Args:
        document: the content of a batch file.
        source: the name of the document in an error.

    Raises:
        BadInput: a key or value is invalid; the error names it.
    """
    return _validated(BatchSpec, document, Path(source))


def load_randomization(path: Path) -> Randomization:
    """Read a randomization from its own file, with or without the top-level key ``randomization``, or from a batch.

    Raises:
        BadInput: as for load_batch.
    """
    data = _mapping(path)
    if data.get("schema") == BATCH_SPEC_SCHEMA:
        return load_batch(path).randomization
    return _validated(Randomization, data["randomization"] if data.keys() == {"randomization"} else data, path)


def save_batch(batch: BatchSpec, path: Path) -> None:
    """Write a BatchSpec as YAML; the paths of prompt specs below the file's folder are relative to that folder."""
    relative = relative_below(path)
    data = batch.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    items = [{**item, "spec": with_slashes(str(relative(Path(item["spec"]))))} for item in data.pop("items")]
    text = yaml.safe_dump(
        {"schema": BATCH_SPEC_SCHEMA, "name": batch.name, **data, "items": items}, sort_keys=False, allow_unicode=True
    )
    try:
        write_whole(path, text.encode())
    except UnicodeEncodeError as error:
        raise BadInput(f"{path} cannot be written: the path of a prompt spec is no UTF-8") from error


def _mapping(path: Path) -> dict[str, Any]:
    # JSON has its own parser because YAML rejects tabs, and some editors indent JSON with tabs.
    data = read_json_file(path) if path.suffix.lower() == ".json" else read_yaml_file(path)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise BadInput(f"{path} holds {format_value(data)}", allowed="a mapping of names to values")
    return data


def _validated(model: type[_Model], data: Mapping[str, Any], path: Path) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explained(error, model, path) from error


def _explained(error: ValidationError, model: type[BaseModel], path: Path) -> BadInput:
    """Return an error with the wrong key, its value, the allowed values, and the closest name of an unknown key."""
    first = error.errors(include_url=False)[0]
    parts = [str(part) for part in first["loc"] if part not in _FORMS]
    key = ".".join(parts)
    if error_of_key := _wrong_key(first, parts, _fields(first["loc"], model), path):
        return error_of_key
    return BadInput(
        f"{path}: {key} = {format_value(first['input'])}",
        allowed=_allowed(first["loc"], first["type"])
        or ("" if "control_weights" in key else describe_allowed(key))
        or first["msg"].removeprefix("Value error, ").removeprefix("Input should be "),
        action=did_you_mean(str(first["input"]), get_args(Sampler)) if parts[-1] == "sampler" else "",
    )


def _wrong_key(first: ErrorDetails, parts: list[str], fields: Iterable[str], path: Path) -> BadInput | None:
    """Return the error for a key that is unknown, missing or not a control; None if only its value is wrong.

    Args:
        first: pydantic's first error.
        parts: the location of the error, in the names of the file.
        fields: the keys that are allowed at that location.
        path: the path of the file.
    """
    kind, key = first["type"], ".".join(parts)
    if kind == "missing":
        return BadInput(f"{path}: {key!r} is missing")
    if kind == "extra_forbidden":
        known, what = list(fields), "key"
    elif "[key]" in first["loc"]:
        known, what = [str(control) for control in Control], "control"
    else:
        return None
    return BadInput(f"{path}: unknown {what} {key!r}", allowed=", ".join(known), action=did_you_mean(parts[-1], known))


def _allowed(loc: tuple[int | str, ...], kind: str) -> str:
    """Return the allowed values at a location, because pydantic's own text names tags, unions and models."""
    if loc[-1] == "items":
        return "a list of shots: {spec: FILE}, and the values of that shot alone"
    if kind.startswith("union_tag") or kind == "too_short":
        return f"random, {_VALUES}" if loc[-1] == "seeds" else _VALUES
    if "seeds" in loc and "word" in loc:
        return f"random, {_VALUES}"
    if _FORMS.intersection(loc) and kind.endswith(("_type", "_number")):
        return "a finite number" if "range" in loc else "numbers, texts, true or false"
    return _KINDS.get(kind, "")


def _fields(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the keys that are allowed at the location of an unknown key."""
    owner: type[BaseModel] = model
    if "range" in loc:
        owner = Range
    elif "constraints" in loc:
        owner = Constraints
    elif loc[:1] == ("items",):
        owner = BatchItem
    return [field.alias or name for name, field in owner.model_fields.items()]
