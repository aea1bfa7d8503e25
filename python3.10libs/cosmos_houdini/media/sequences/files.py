"""The picture files of folders, grouped into numbered sequences, with what lies beside them and is no frame."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import grouping, pattern
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.sequences.grouping import Numbered
from cosmos_houdini.media.sequences.pattern import Pattern
from cosmos_houdini.media.sequences.strays import Stray, stray
from cosmos_houdini.media.sequences.subframes import SubFrames, find_subframes
from cosmos_houdini.model.sequence import Aside

Key = tuple[str, str]


@dataclass(slots=True)
class Group:
    """The files of one folder whose names differ only in the frame number.

    Attributes:
        folder: their folder.
        prefix: the text before the number.
        suffix: the text after the number, with the ending.
        files: the frames.
        aside: files that are no frames, although their names look like those of this group.
    """

    folder: Path
    prefix: str
    suffix: str
    files: list[Numbered]
    aside: list[Aside] = field(default_factory=list)

    @property
    def spelled(self) -> Pattern:
        """The names with their usual padding."""
        return Pattern(self.prefix, self.suffix, grouping.padding(self.files))


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield ``root`` and every folder below it, with the pictures in it; a folder with several links comes once."""
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        pictures: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    pictures += [entry.name] if _is_picture(entry.name) else []
                elif not entry.name.startswith("."):
                    waiting.append(folder / entry.name)
        yield folder, pictures


def pictures_of(folder: Path) -> list[str]:
    """Return the names of the pictures of one folder."""
    return next((files for found, files in walk(folder) if found == folder), [])


def group_files(folder: Path, names: Iterable[str]) -> list[Group]:
    """Group the pictures of a folder; copies, unfinished files and sub-frames are put aside.

    Raises:
        BadInput: a sequence has frames only between whole frame numbers.
    """
    frames, strays = _without_strays(list(names))
    subframes = find_subframes(frames)
    dotted = {name for found in subframes for name in (*found.between, *(name for name, _, _ in found.whole))}
    plain = grouping.group(name for name in frames if name not in dotted)
    groups = {key: Group(folder, *key, files) for key, files in plain.items()}
    for found in subframes:
        _add_subframes(folder, groups, found)
    _put_aside_strays(groups, strays)
    return list(groups.values())


def too_long(names: Iterable[str]) -> str:
    """Return why files have no frame number although their names hold a number; empty if that is not the reason.

    >>> too_long(["a.1234567890.png"])
    'a.1234567890.png has the number 1234567890, and a frame number has at most 6 digits'
    """
    for name in names:
        number = next((found[0] for found in grouping.NUMBER.finditer(name) if not pattern.is_frame(found[0])), None)
        if number is not None:
            most = len(str(pattern.LIMIT)) - 1
            return f"{name} has the number {number}, and a frame number has at most {most} digits"
    return ""


def _is_picture(name: str) -> bool:
    """Return whether a name is that of a picture that is not hidden."""
    _, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in SUFFIXES and not name.startswith(".")


def _without_strays(names: list[str]) -> tuple[list[str], dict[str, Stray]]:
    """Return the names of frames, and the strays; a doubtful one is a stray beside the sequence of its original."""
    found = {name: told for name in names if (told := stray(name))}
    if not found:
        return names, {}
    frames = [name for name in names if name not in found]
    keys = _keys([*frames, *(told.original for told in found.values())])
    there = {keys[name] for name in frames if name in keys}
    strays = {name: told for name, told in found.items() if told.is_sure or keys.get(told.original) in there}
    return [name for name in names if name not in strays], strays


def _keys(names: Iterable[str]) -> dict[str, Key]:
    return {file.name: key for key, files in grouping.group(dict.fromkeys(names)).items() for file in files}


def _put_aside_strays(groups: dict[Key, Group], strays: dict[str, Stray]) -> None:
    if not strays:
        return
    frames = (file.name for group in groups.values() for file in group.files)
    keys = _keys([*frames, *(told.original for told in strays.values())])
    lists: dict[tuple[Key, str], list[str]] = defaultdict(list)
    for name, told in sorted(strays.items()):
        key = keys.get(told.original)
        # An unfinished file of a sequence that has no frame yet is told with any other of its folder.
        owner = key if key in groups else next(iter(groups), None)
        if owner is not None:
            lists[owner, told.reason].append(name)
    for (owner, reason), files in lists.items():
        group = groups[owner]
        group.aside.append(Aside(tuple(group.folder / file for file in files), reason))


def _add_subframes(folder: Path, groups: dict[Key, Group], found: SubFrames) -> None:
    """Add the whole frames of a sequence that has frames between them, and put the latter aside."""
    key = found.before, found.after
    for name, frame, suffix in found.whole:
        key = found.before, suffix
        group = groups.setdefault(key, Group(folder, *key, []))
        group.files.append(Numbered(int(frame), frame.lstrip("-"), name))
    if key not in groups:
        raise BadInput(
            f"{folder / found.between[0]} is a sub-frame, and no whole frame is beside it",
            allowed="sequences of whole frames, such as name.1001.png",
            action="render whole frames, or rename the files to consecutive whole numbers",
        )
    files = tuple(folder / name for name in found.between)
    groups[key].aside.append(Aside(files, "a sub-frame, and videos are made of whole frames"))


def some(names: Sequence[str], most: int = 4) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
