"""Read and write PromptSpec and RunSpec files.

An error in reading names the wrong key or value. A file is written completely or not at all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path, PurePath
from typing import Any

import msgspec
from msgspec import structs

from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import LARGEST_FILE, read_json, read_json_file
from cosmos_houdini.model.spec import PROMPT_SPEC_SCHEMA, RUN_SPEC_SCHEMA, PromptSpec, RunSpec
from cosmos_houdini.specs.values import Spec, validate_spec
from cosmos_houdini.text_file import read_stream
from cosmos_houdini.whole_file import write_whole

STDIN = Path("-")

_SINGLE_PATHS = ("input_video", "guided_generation_mask", "image_context")
_SEVERAL_PATHS = ("controls", "masks", "regions")

_MADE_BY = {PROMPT_SPEC_SCHEMA: "create-spec", RUN_SPEC_SCHEMA: "create-run"}


def load_prompt_spec(path: Path) -> PromptSpec:
    """Read a PromptSpec and make its paths absolute.

    Raises:
        BadInput: the file does not exist, is not JSON, or has an invalid key or value, which is named.
    """
    return change_paths(_load(PromptSpec, PROMPT_SPEC_SCHEMA, path), absolute_from(path))


def load_run_spec(path: Path) -> RunSpec:
    """Read a RunSpec and make its paths absolute; if ``path`` is ``-``, read standard input.

    Raises:
        BadInput: as for load_prompt_spec.
    """
    run = _load(RunSpec, RUN_SPEC_SCHEMA, path)
    return structs.replace(run, spec=change_paths(run.spec, absolute_from(path)))


def save_prompt_spec(spec: PromptSpec, path: Path) -> None:
    """Write a PromptSpec with relative paths for videos below the file's folder, so that the folder can be moved."""
    _write(change_paths(spec, relative_below(path)), path)


def save_run_spec(run: RunSpec, path: Path) -> None:
    """Write a RunSpec with the same relative paths as in save_prompt_spec."""
    _write(structs.replace(run, spec=change_paths(run.spec, relative_below(path))), path)


def spec_document(spec: PromptSpec | RunSpec) -> dict[str, Any]:
    """Return a spec as the JSON data of its file."""
    data: dict[str, Any] = msgspec.to_builtins(spec, enc_hook=str)
    return data


def spec_schema(model: type[PromptSpec | RunSpec]) -> dict[str, Any]:
    """Return the JSON Schema of a file (json-schema.org)."""
    schema = msgspec.json.schema(model, schema_hook=lambda _: {"type": "string", "format": "path"})
    others = schema["$defs"]
    for described in others.values():
        described["description"] = cleandoc(described.get("description", ""))
    return {**others.pop(model.__name__), "$defs": others}


def _load(model: type[Spec], schema: str, path: Path) -> Spec:
    if path == STDIN:
        data = read_json(read_stream(sys.stdin.buffer, "standard input", LARGEST_FILE), "standard input")
    else:
        data = read_json_file(path)
    found = data.get("schema") if isinstance(data, dict) else None
    if found != schema:
        is_other = f", which is made by {_MADE_BY[found]}" if isinstance(found, str) and found in _MADE_BY else ""
        raise BadInput(
            f"{path}: schema = {found!r}{is_other}",
            allowed=repr(schema),
            action=f"{_MADE_BY[schema]} makes such a file",
        )
    return validate_spec(model, data, str(path))


def change_paths(spec: PromptSpec, change: Callable[[Path], Path]) -> PromptSpec:
    """Return a spec with each of its paths changed."""
    several = {name: {key: change(path) for key, path in getattr(spec, name).items()} for name in _SEVERAL_PATHS}
    single = {name: change(path) if (path := getattr(spec, name)) else None for name in _SINGLE_PATHS}
    return structs.replace(spec, **several, **single)


def absolute_from(file: Path) -> Callable[[Path], Path]:
    """Return a function that makes the paths in a file absolute."""
    folder = _absolute(file).parent
    return lambda path: _absolute(folder / path)


def relative_below(file: Path) -> Callable[[Path], Path]:
    """Return a function that makes paths below a file's folder relative to it, so that the folder can be moved."""
    folder = _absolute(file).parent

    def change(path: Path) -> Path:
        absolute = _absolute(path)
        return absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute

    return change


def _absolute(path: Path) -> Path:
    # abspath and not resolve: a symbolic link beside the spec must stay a link.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _portable(data: dict[str, Any]) -> dict[str, Any]:
    """Change relative paths to use '/', which every system reads."""
    spec = data.get("spec", data)
    for name in _SINGLE_PATHS:
        spec[name] = with_slashes(spec[name]) if spec[name] else None
    for name in _SEVERAL_PATHS:
        spec[name] = {key: with_slashes(path) for key, path in spec[name].items()}
    for name in (*_SINGLE_PATHS, *_SEVERAL_PATHS):
        # An older version knows only these two, and refuses others.
        if not spec[name] and name not in {"input_video", "controls"}:
            del spec[name]
    return data


def with_slashes(path: str) -> str:
    """Return the path with '/' if it is relative, because every system reads '/'; an absolute path stays unchanged."""
    return path if PurePath(path).is_absolute() else PurePath(path).as_posix()


def _write(spec: PromptSpec | RunSpec, path: Path) -> None:
    text = json.dumps(_portable(spec_document(spec)), indent=2, ensure_ascii=False) + "\n"
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{path} cannot be written: the path of a video is no UTF-8") from error
    write_whole(path, data)
