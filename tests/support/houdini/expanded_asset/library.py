"""The folder of an asset library: its index, its lists of sections, and the names that sections have as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

INDEX = "INDEX_SECTION"
MARKER = "houdini.hdalibrary"
LIST = "Sections.list"
CONTENTS = "Contents.gz"
CONTENTS_FOLDER = "Contents.dir"
DATE = "%a %b %d %H:%M:%S %Y"

_MANGLED = {"_": "__", "/": "_1", ":": "_8"}
_INDEX_KEYS = ("Operator", "Label", "Path", "Icon", "Table", "License", "Extra", "User", "Inputs")
_INDEX_FLAGS = ("Subnet", "Python", "Empty")


class FormError(ValueError):
    """A file is not of the form; the sentence begins with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What INDEX_SECTION says of one operator."""

    operator: str
    label: str
    path: str
    icon: str
    table: str
    extra: str
    inputs: tuple[int, int]
    outputs: int
    is_subnet: bool
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator: its index, and its sections as files by name; the contents are a folder of their own."""

    index: Index
    folder: Path
    sections: Mapping[str, Path]

    def text(self, section: str) -> str:
        """Return a section's text."""
        return read_text(self.sections[section])


def read_library(folder: Path) -> tuple[Operator, ...]:
    """Return the operators of an expanded library in the index's order.

    Raises:
        FormError: something in the folder is not of the form.
    """
    listed = _sections(folder)
    for name in (INDEX, MARKER):
        if name not in listed:
            raise FormError(f"{folder / LIST}: no {name}")
    indices = read_index(folder / mangle(INDEX))
    folders = {name: path for name, path in listed.items() if name not in {INDEX, MARKER}}
    paths = [index.path for index in indices]
    if sorted(paths) != sorted(f"oplib:/{name}?{name}" for name in folders):
        raise FormError(f"{folder}: the index has {paths}, the list has {sorted(folders)}")
    return tuple(
        Operator(index=index, folder=path, sections=_sections(path))
        for index in indices
        for name, path in folders.items()
        if index.path.endswith(f"?{name}")
    )


def read_index(path: Path) -> tuple[Index, ...]:
    """Return the blocks of INDEX_SECTION: ``Key:`` padded to 14 columns, then the value; a blank line ends a block.

    Raises:
        FormError: a key is missing, unknown, or in another place.
    """
    blocks = read_text(path).split("\n\n")
    if blocks.pop():
        raise FormError(f"{path}: no blank line at the end")
    return tuple(_index(path, block) for block in blocks)


def mangle(section: str) -> str:
    """Return the file name of a section.

    >>> mangle("labs::Top/extract_metadata::1.0")
    'labs_8_8Top_1extract__metadata_8_81.0'
    """
    return "".join(_MANGLED.get(character, character) for character in section)


def unmangled(name: str) -> str:
    """Return the section whose file has a name.

    >>> unmangled("INDEX__SECTION")
    'INDEX_SECTION'

    Raises:
        ValueError: no section is written so.
    """
    back = {pair[1]: character for character, pair in _MANGLED.items()}
    if "_" in re.sub("|".join(_MANGLED.values()), "", name):
        raise ValueError(f"{name!r}: an underscore that stands for nothing")
    return re.sub(r"_(.)", lambda match: back[match[1]], name)


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        FormError: it is missing or no text.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(f"{path}: {error}") from error


def _sections(folder: Path) -> dict[str, Path]:
    """Return the files of a folder's list by section; each is there, but for the contents, which are a folder."""
    path = folder / LIST
    lines = read_text(path).split("\n")
    if lines[0] != '""' or lines[-1]:
        raise FormError(f'{path}: not a first line "" and a line break at the end')
    found: dict[str, Path] = {}
    for number, line in enumerate(lines[1:-1], start=2):
        name, tab, section = line.partition("\t")
        if not tab or not section or name != mangle(section) or section in found:
            raise FormError(f"{path}:{number}: {line!r}")
        found[section] = folder / (CONTENTS_FOLDER if section == CONTENTS else name)
        if not found[section].exists():
            raise FormError(f"{path}:{number}: there is no {found[section].name}")
    return found


def _index(path: Path, block: str) -> Index:
    values: dict[str, str] = {}
    for line in block.split("\n"):
        match = re.fullmatch(r"([A-Z][a-z]+):( *)(.*)", line)
        if not match or (match[3] and len(match[1]) + 1 + len(match[2]) != 14) or match[1] in values:
            raise FormError(f"{path}: {line!r}")
        values[match[1]] = match[3]
    expected = [*_INDEX_KEYS, *(["Outputs"] if "Outputs" in values else []), *_INDEX_FLAGS, "Modified"]
    if list(values) != expected:
        raise FormError(f"{path}: the keys are {', '.join(values)}; expected {', '.join(expected)}")
    inputs = re.fullmatch(r"(\d+) to (\d+)", values["Inputs"])
    flags = [values[key] for key in _INDEX_FLAGS]
    if not inputs or not set(flags) <= {"true", "false"}:
        raise FormError(f"{path}: Inputs {values['Inputs']!r}, flags {flags}")
    return Index(
        operator=values["Operator"],
        label=values["Label"],
        path=values["Path"],
        icon=values["Icon"],
        table=values["Table"],
        extra=values["Extra"],
        inputs=(int(inputs[1]), int(inputs[2])),
        outputs=int(values.get("Outputs", "1")),
        is_subnet=values["Subnet"] == "true",
        modified=datetime.strptime(values["Modified"], DATE),  # noqa: DTZ007 - Houdini writes no zone
    )
