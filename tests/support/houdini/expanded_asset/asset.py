"""A whole digital asset: its dialog, its network, its options."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from support.houdini.expanded_asset.contents import Contents, read_contents
from support.houdini.expanded_asset.dialog import read_dialog
from support.houdini.expanded_asset.interface import Dialog
from support.houdini.expanded_asset.library import CONTENTS, FormError, Operator, read_library, read_text

REQUIRED = ("DialogScript", "CreateScript", "ExtraFileOptions")

_CREATION = re.compile(
    r"# Automatically generated script\n\\set noalias = 1\n#\n#  Creation script for (.+) operator\n#\n\n"
    r'if \( "\$arg1" == "" \) then\n    echo This script is intended as a creation script\n    exit\nendif\n'
)
_SCRIPT_FLAGS = {"Cursor", "IsExpr", "IsPython", "IsScript", "IsViewerState", "Source", "CodeGenInput"}
_JSON_TYPES = {"bool": bool, "string": str, "intarray": list, "int": int, "float": float}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset.

    Attributes:
        operator: its index and its sections.
        dialog: its interface.
        contents: its network; None where it has none.
        created_for: the operator that its creation script names.
        created: the commands of that script.
        options: its type properties.
        extra: of each script section, how Houdini has to take it.
    """

    operator: Operator
    dialog: Dialog
    contents: Contents | None
    created_for: str
    created: tuple[str, ...]
    options: Mapping[str, int]
    extra: Mapping[str, Mapping[str, Any]]


def read_assets(folder: Path) -> tuple[Asset, ...]:
    """Return every asset of an expanded library.

    Raises:
        FormError: something in it is not of the form.
    """
    return tuple(_asset(operator) for operator in read_library(folder))


def _asset(operator: Operator) -> Asset:
    if missing := [name for name in REQUIRED if name not in operator.sections]:
        raise FormError(f"{operator.folder}: no {', '.join(missing)}")
    dialog = read_dialog(operator.sections["DialogScript"])
    if "Tools.shelf" in operator.sections:
        _read_tools(operator.sections["Tools.shelf"])
    created_for, created = _read_commands(operator.sections["CreateScript"])
    return Asset(
        operator=operator,
        dialog=dialog,
        contents=read_contents(operator.sections[CONTENTS]) if CONTENTS in operator.sections else None,
        created_for=created_for,
        created=created,
        options=_read_options(operator.sections["TypePropertiesOptions"])
        if "TypePropertiesOptions" in operator.sections
        else {},
        extra=_read_extra(operator.sections["ExtraFileOptions"]),
    )


def _read_commands(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the operator and the commands of a creation script.

    Raises:
        FormError: it has no head, or no guard against being called without a node.
    """
    head = _CREATION.match(text := read_text(path))
    if not head:
        raise FormError(f"{path}: not the beginning of a creation script")
    lines = text[head.end() :].splitlines()
    return head[1], tuple(line for line in lines if line and not line.startswith("#"))


def _read_options(path: Path) -> dict[str, int]:
    """Return ``Key := number;`` of every line.

    Raises:
        FormError: a line is of another form.
    """
    found = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        match = re.fullmatch(r"([A-Za-z]+) := (\d+);", line)
        if not match:
            raise FormError(f"{path}:{number}: {line!r}")
        found[match[1]] = int(match[2])
    return found


def _read_extra(path: Path) -> dict[str, dict[str, Any]]:
    """Return ExtraFileOptions as section, then key, then value.

    Raises:
        FormError: an entry has a type that its value is not of, or a key that none of the published files has.
    """
    found: dict[str, dict[str, Any]] = {}
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise FormError(f"{path}: {error}") from error
    for name, entry in document.items():
        section, slash, key = name.rpartition("/")
        kind = _JSON_TYPES.get(entry.get("type"))
        if not slash or key not in _SCRIPT_FLAGS or set(entry) != {"type", "value"} or kind is None:
            raise FormError(f"{path}: {name}: {entry}")
        if type(entry["value"]) is not kind:
            raise FormError(f"{path}: {name}: {entry['value']!r} is no {entry['type']}")
        found.setdefault(section, {})[key] = entry["value"]
    return found


def _read_tools(path: Path) -> None:
    """Check that Tools.shelf is XML with at least one tool that has a script.

    Raises:
        FormError: it is not.
    """
    try:
        root = ET.fromstring(read_text(path))  # noqa: S314 - a file of this checkout, or one that a person named
    except ET.ParseError as error:
        raise FormError(f"{path}: {error}") from error
    if root.tag != "shelfDocument" or any(tool.find("script") is None for tool in root.iter("tool")):
        raise FormError(f"{path}: a tool without a script")
