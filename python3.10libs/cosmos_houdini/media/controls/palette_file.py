"""Reads and writes the file that keeps the segmentation colours of a show the same in all its shots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.controls.palette import Color
from cosmos_houdini.media.controls.segmentation import ColorTable
from cosmos_houdini.whole_file import write_whole

_PATIENCE_S = 60


def assign_colors(path: Path | None, keys: Iterable[str], wishes: Mapping[str, Color]) -> dict[str, Color]:
    """Return the colour of each key, and add new keys to the file.

    Args:
        path: path of the table, which is created if it does not exist; None to use no file.
        keys: keys of the objects.
        wishes: the colour that each object should get, if no other object has it.

    Raises:
        BadInput: the file is not a colour table, there are more objects than colours, or another program locks it.
    """
    wanted = list(keys)
    if path is None:
        table = ColorTable().extend(wanted, wishes)
        return {key: table.colors[key] for key in wanted}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=_PATIENCE_S):
            known = _read(path)
            table = _extended(known, wanted, wishes, path)
            if table != known:
                _write(path, table)
    except Timeout as error:
        raise BadInput(f"{path} is locked by another conversion", action="try again") from error
    return {key: table.colors[key] for key in wanted}


def _extended(known: ColorTable, wanted: list[str], wishes: Mapping[str, Color], path: Path) -> ColorTable:
    try:
        return known.extend(wanted, wishes)
    except BadInput as error:
        if not known.colors:
            raise
        taken = f"the show's other {len(known.colors)} stand in {path}: move it away to begin its colours anew"
        raise BadInput(error.problem, allowed=error.allowed, action=f"{error.action}; {taken}") from error


def _read(path: Path) -> ColorTable:
    if not path.exists():
        return ColorTable()
    try:
        document = read_json_file(path)
    except BadInput as error:
        action = "correct it, or move it away to begin again"
        raise BadInput(error.problem, allowed=error.allowed, action=action) from error
    if not isinstance(document, dict):
        raise BadInput(f"{path} is no table of segmentation colours", action="move it away to begin again")
    return ColorTable.from_document(document)


def _write(path: Path, table: ColorTable) -> None:
    write_whole(path, (json.dumps(table.document(), indent=1, ensure_ascii=False) + "\n").encode())
