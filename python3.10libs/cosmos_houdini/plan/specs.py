"""PromptSpec and RunSpec files: read with every mistake named, written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PROMPT_SPEC_SCHEMA, RUN_SPEC_SCHEMA, PromptSpec, RunSpec

Spec = TypeVar("Spec", PromptSpec, RunSpec)

SHOWN_LENGTH = 120
STDIN = Path("-")

_MADE_BY = {PROMPT_SPEC_SCHEMA: "create-spec", RUN_SPEC_SCHEMA: "create-run"}


def load_prompt_spec(path: Path) -> PromptSpec:
    """Read a PromptSpec; its paths come back absolute.

    Raises:
        BadInput: no such file, no JSON, or a key or value that cannot be used; each is named.
    """
    return _with_paths(_load(PromptSpec, PROMPT_SPEC_SCHEMA, path), absolute_from(path))


def load_run_spec(path: Path) -> RunSpec:
    """Read a RunSpec, from standard input where the path is ``-``; its paths come back absolute.

    Raises:
        BadInput: as for load_prompt_spec.
    """
    run = _load(RunSpec, RUN_SPEC_SCHEMA, path)
    return run.model_copy(update={"spec": _with_paths(run.spec, absolute_from(path))})


def save_prompt_spec(spec: PromptSpec, path: Path) -> None:
    """Write a PromptSpec; videos below the file's folder are named relative to it, so that the folder can be moved."""
    _write(_with_paths(spec, relative_below(path)), path)


def save_run_spec(run: RunSpec, path: Path) -> None:
    """Write a RunSpec; its videos are named as in save_prompt_spec."""
    _write(run.model_copy(update={"spec": _with_paths(run.spec, relative_below(path))}), path)


def document(spec: PromptSpec | RunSpec) -> dict[str, Any]:
    """Return a spec as the JSON data that stands in its file."""
    data: dict[str, Any] = spec.model_dump(mode="json", by_alias=True)
    return data


def validated(model: type[Spec], data: object, where: str) -> Spec:
    """Return ``data`` as a spec.

    Args:
        model: PromptSpec or RunSpec.
        data: what stands in a file, or was put together from a command line.
        where: names its origin in the error.

    Raises:
        BadInput: the first key or value that cannot be used.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _explained(error, model, where) from error


def _load(model: type[Spec], schema: str, path: Path) -> Spec:
    try:
        data = json.loads(sys.stdin.buffer.read() if path == STDIN else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path} is no JSON: {error}") from error
    found = data.get("schema") if isinstance(data, dict) else None
    if found != schema:
        is_other = f", which is made by {_MADE_BY[found]}" if isinstance(found, str) and found in _MADE_BY else ""
        raise BadInput(
            f"{path}: schema = {found!r}{is_other}",
            allowed=repr(schema),
            action=f"{_MADE_BY[schema]} makes such a file",
        )
    return validated(model, data, str(path))


def _explained(error: ValidationError, model: type[BaseModel], where: str) -> BadInput:
    """Say which key holds which value, what is allowed, and the nearest name of an unknown key."""
    first = error.errors(include_url=False)[0]
    # Members of unions and the key itself of a mapping are named in the location too; people know neither.
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    if "parameters" in parts:
        parts = parts[: parts.index("parameters") + 2]
    key = ".".join(parts)
    fields = _fields(PromptSpec if "spec" in parts[:-1] else model)
    if error_of_key := wrong_key(first, parts, fields, where):
        return error_of_key
    return BadInput(f"{where}: {key} = {shown(first['input'])}", allowed=allowed(key, first["msg"]))


def wrong_key(first: ErrorDetails, parts: list[str], fields: Iterable[str], where: str) -> BadInput | None:
    """Return the error of a key that is unknown, missing or no control; None where only its value is wrong.

    Args:
        first: what pydantic says.
        parts: where it says so, in names that people know.
        fields: the keys that are known there.
        where: names the file or command.
    """
    kind, key = first["type"], ".".join(parts)
    if kind == "missing":
        return BadInput(f"{where}: {key!r} is missing")
    if kind == "extra_forbidden":
        known, what = list(fields), "key"
    elif "[key]" in first["loc"]:
        known, what = [str(control) for control in Control], "control"
    else:
        return None
    return BadInput(f"{where}: unknown {what} {key!r}", allowed=", ".join(known), action=did_you_mean(parts[-1], known))


def allowed(key: str, message: str) -> str:
    """Return what is allowed for a key of a spec, from pydantic's message where it says it well."""
    if key.endswith("name"):
        return "1 to 80 letters, digits, '.', '_' and '-', not beginning with '.' or '-' and not ending with '.'"
    if "weights" in key:
        return "a number from 0 to 1"
    if "parameters" in key:
        return "text, a finite number, true or false"
    return message.removeprefix("Value error, ").removeprefix("Input should be ")


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, and not too long."""
    text = repr(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."


def _fields(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _with_paths(spec: PromptSpec, change: Callable[[Path], Path]) -> PromptSpec:
    controls = {kind: change(video) for kind, video in spec.controls.items()}
    return spec.model_copy(update={"input_video": change(spec.input_video), "controls": controls})


def absolute_from(file: Path) -> Callable[[Path], Path]:
    """Return what makes the paths that stand in a file absolute."""
    folder = _absolute(file).parent
    return lambda path: _absolute(folder / path)


def relative_below(file: Path) -> Callable[[Path], Path]:
    """Return what makes paths below a file's folder relative to it, so that the folder can be moved."""
    folder = _absolute(file).parent

    def change(path: Path) -> Path:
        absolute = _absolute(path)
        return absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute

    return change


def _absolute(path: Path) -> Path:
    # abspath, not resolve: a link that somebody put beside the spec is meant to be used as a link.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _portable(data: dict[str, Any]) -> dict[str, Any]:
    """Write relative paths with '/', which every system reads."""
    spec = data.get("spec", data)
    spec["input_video"] = with_slashes(spec["input_video"])
    spec["controls"] = {kind: with_slashes(path) for kind, path in spec["controls"].items()}
    return data


def with_slashes(path: str) -> str:
    """Return a relative path with '/', which every system reads."""
    return path if PurePath(path).is_absolute() else PurePath(path).as_posix()


def _write(spec: PromptSpec | RunSpec, path: Path) -> None:
    text = json.dumps(_portable(document(spec)), indent=2, ensure_ascii=False) + "\n"
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{path} cannot be written: the path of a video is no UTF-8") from error
    write_whole(path, data)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either complete or not there; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
