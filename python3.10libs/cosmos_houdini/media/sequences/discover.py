"""Numbered picture files in folders, grouped into sequences only by their names."""

from __future__ import annotations

import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import grouping, passes, pattern
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.sequences.grouping import Groups, Numbered
from cosmos_houdini.media.sequences.pattern import Pattern
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Frame

LOOKED_FOR = "a folder with, or a pattern such as name.####.png of, numbered " + " ".join(SUFFIXES) + " files"

_NUMBER = re.compile(r"[0-9]+")
_BACKUP = re.compile(r"_bak\d*$|~$", re.IGNORECASE)
_UNFINISHED = frozenset({"tmp", "temp", "part", "partial", "checkpoint"})
# Two frame numbers show no step: 1 and 10 may well be a render that lost eight frames.
_LEAST_FRAMES_OF_A_STEP = 3
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """Files whose names differ only in the frame number; none of them has been opened yet.

    Attributes:
        pattern: the files' common path, with ``#`` for each digit of padding.
        shot: the name that sequences of one shot share.
        pass_: the pass that the names give.
        frames: the files in order of frame number, no number twice.
        step: the distance between frame numbers.
        duplicates: files whose frame number another file has too.
    """

    pattern: str
    shot: str
    pass_: Pass
    frames: tuple[Frame, ...]
    step: int
    duplicates: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """The files of one sequence, with the pass and the shot that their names give."""

    folder: Path
    prefix: str
    suffix: str
    files: list[Numbered]
    told: Pass | None
    shot: str


def find_sequences(path: Path | str, names: Mapping[str, Iterable[str]]) -> tuple[Unverified, ...]:
    """Return the sequences that a path names, in order of shot, pass and pattern.

    Args:
        path: a folder, which is searched with all its subfolders; one file of a sequence; or a file name with a
            placeholder (``####``, ``@@@``, ``%04d``, ``$F4``, ``${F4}``, ``<F4>``), which matches any padding.
        names: further words for each pass name, as in the configuration's ``passes``.

    Raises:
        BadInput: the path does not exist or holds no sequence; the message says what was expected and what was found.
    """
    if path == "":
        # An empty Path is the working folder: an unset variable of a script would convert the files in that folder.
        raise BadInput("the path of the frames is empty", allowed=LOOKED_FOR)
    path = Path(path)
    try:
        is_folder = path.is_dir()
        groups = {f: grouping.group(files) for f, files in _folders(path)} if is_folder else _of_pattern(path)
    except OSError as error:
        raise BadInput(f"{error.filename or path} cannot be read: {error.strerror}") from error
    known = passes.words(names)
    root = path if is_folder else path.parent
    named = [_name(folder, key, files, root, known) for folder, found in groups.items() for key, files in found.items()]
    if not named:
        raise BadInput(f"{path} holds no image sequence", allowed=LOOKED_FOR, action=_found_instead(path))
    named = _of_one_shot(named, known)
    told = _tell(named, root, known)
    sequences = (_sequence(sequence, pass_) for sequence, pass_ in zip(named, told, strict=True))
    return tuple(sorted(sequences, key=lambda s: (s.shot, list(Pass).index(s.pass_), s.pattern)))


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
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


def _is_picture(name: str) -> bool:
    """Return whether a name is that of a picture, and not of a hidden, unfinished or backup file."""
    stem, dot, suffix = name.rpartition(".")
    if dot + suffix.lower() not in SUFFIXES or name.startswith(".") or _BACKUP.search(stem):
        return False
    return not _UNFINISHED.intersection(stem.lower().split(".")[1:])


def _of_pattern(path: Path) -> Mapping[Path, Groups]:
    """Return the one sequence that a pattern or one of its files names."""
    wanted = pattern.parse(path.name)
    if path.is_file():
        groups = grouping.group(_pictures(path.parent))
        mine = {key: files for key, files in groups.items() if any(file.name == path.name for file in files)}
        if not mine:
            raise BadInput(f"{path} is no frame of an image sequence", allowed=LOOKED_FOR)
        return {path.parent: mine}
    if wanted is None or not path.parent.is_dir():
        raise BadInput(f"{path if wanted is None else path.parent} does not exist", allowed=LOOKED_FOR)
    files = grouping.matching(_pictures(path.parent), wanted)
    if not files:
        raise BadInput(f"no picture file matches {path}", action=_found_instead(path.parent))
    return {path.parent: {(wanted.prefix, wanted.suffix): files}}


def _pictures(folder: Path) -> list[str]:
    return next((files for found, files in _folders(folder) if found == folder), [])


def _name(folder: Path, key: tuple[str, str], files: list[Numbered], root: Path, known: passes.Words) -> _Named:
    prefix, suffix = key
    told, shot = passes.tell(prefix + suffix.rpartition(".")[0], folder.relative_to(root).parts, known)
    return _Named(folder, prefix, suffix, files, told, shot or _shot_of(root, known))


def _shot_of(root: Path, known: passes.Words) -> str:
    """Return the shot's name for files that are named only after their pass.

    It comes from the nearest folder whose name has more than the word of a pass.
    """
    rests = (passes.tell("", (folder.name,), known)[1] for folder in (root.resolve(), *root.resolve().parents))
    return next((rest for rest in rests if rest), "shot")


def _of_one_shot(named: list[_Named], known: passes.Words) -> list[_Named]:
    """Make one shot of pass folders that are side by side and hold one sequence each, whatever their files are called.

    In ``color/frame.####`` and ``depth/z.####`` the folders give the passes. Names that differ only in digits belong to
    different shots.
    """
    beside: dict[tuple[Path, str], list[_Named]] = defaultdict(list)
    for sequence in named:
        told, rest = passes.tell("", (sequence.folder.name,), known)
        if told:
            beside[sequence.folder.parent, rest].append(sequence)
    shot_in: dict[Path, str] = {}
    for members in beside.values():
        shots = {sequence.shot for sequence in members}
        kinds = [sequence.told for sequence in members if sequence.told is not Pass.UNKNOWN]
        is_alone = len({sequence.folder for sequence in members}) == len(members)
        differ = len({_NUMBER.sub("0", shot) for shot in shots}) == len(shots)
        if is_alone and differ and len(set(kinds)) == len(kinds):
            leader = next((s for s in members if s.told is Pass.COLOR), members[0])
            shot_in.update(dict.fromkeys((sequence.folder for sequence in members), leader.shot))
    return [replace(sequence, shot=shot_in.get(sequence.folder, sequence.shot)) for sequence in named]


def _tell(named: list[_Named], root: Path, known: passes.Words) -> list[Pass]:
    """Return the pass of each sequence, from the names or else from the sequences beside it.

    If no name gives a pass, the name of the searched folder may give it. If no sequence is the colour pass, the only
    sequence of a shot without a pass is the colour pass. The pass of every other sequence is unknown.
    """
    told = [sequence.told for sequence in named]
    if not any(told):
        told = [passes.tell("", (root.resolve().name,), known)[0]] * len(named)
    if Pass.COLOR not in told:
        unnamed = Counter(sequence.shot for sequence, pass_ in zip(named, told, strict=True) if pass_ is None)
        told = [
            Pass.COLOR if pass_ is None and unnamed[sequence.shot] == 1 else pass_
            for sequence, pass_ in zip(named, told, strict=True)
        ]
    return [pass_ or Pass.UNKNOWN for pass_ in told]


def _sequence(named: _Named, pass_: Pass) -> Unverified:
    spelled = Pattern(named.prefix, named.suffix, grouping.padding(named.files))
    frames, duplicates = grouping.unique(named.files, spelled)
    return Unverified(
        pattern=str(named.folder / str(spelled)),
        shot=named.shot,
        pass_=pass_,
        frames=tuple(Frame(number=number, file=named.folder / name) for number, name in frames.items()),
        step=_step(list(frames)),
        duplicates=tuple(named.folder / name for name in duplicates),
    )


def _step(numbers: list[int]) -> int:
    """Return the common step of the frame numbers.

    >>> _step([1, 3, 7]), _step([1, 10])
    (2, 1)
    """
    if len(numbers) < _LEAST_FRAMES_OF_A_STEP:
        return 1
    return math.gcd(*(after - before for before, after in pairwise(numbers)))


def _found_instead(path: Path) -> str:
    """Return in words what a folder holds instead of the wanted sequence: other sequences, or else kinds of file."""
    groups = grouping.group(_pictures(path))
    if groups:
        others = [str(Pattern(*key, grouping.padding(files))) for key, files in sorted(groups.items())]
        return f"found {_some(others)} there"
    kinds = Counter(file.suffix or file.name for file in path.iterdir() if file.is_file())
    if not kinds:
        return "found no files there"
    return f"found files there: {_some([f'{count} {kind}' for kind, count in kinds.most_common()])}"


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"
