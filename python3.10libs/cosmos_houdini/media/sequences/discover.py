"""Numbered picture files in folders, grouped into sequences only by their names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import grouping, pattern
from cosmos_houdini.media.sequences.files import Group, group_files, pictures_of, some, too_long, walk
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.sequences.named_files import add_named_files, split_names, tell_named_files
from cosmos_houdini.media.sequences.pass_words import Words, file_words
from cosmos_houdini.media.sequences.passes import FRAME, Name, tell, tell_folder, untold_whole
from cosmos_houdini.media.sequences.shot_names import Named, join_shots
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Aside, Evidence, Frame

LOOKED_FOR = "a folder with, or a pattern such as name.####.png of, numbered " + " ".join(SUFFIXES) + " files"

# Two frame numbers show no step: 1 and 10 may well be a render that lost eight frames.
_LEAST_FRAMES_OF_A_STEP = 3
# The format that keeps most of a picture first.
_FORMATS = ("exr", "dpx", "tiff", "png", "jpeg")


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
        evidence: what told the pass.
        why: the evidence in words.
        aside: files that look like frames and are none.
    """

    pattern: str
    shot: str
    pass_: Pass
    frames: tuple[Frame, ...]
    step: int
    duplicates: tuple[Path, ...]
    evidence: Evidence = Evidence.NAME
    why: str = ""
    aside: tuple[Aside, ...] = ()


def find_sequences(path: Path | str, names: Mapping[str, Iterable[str]]) -> tuple[Unverified, ...]:
    """Return the sequences that a path names, in order of shot, pass and pattern.

    Args:
        path: a folder, which is searched with all its subfolders; one file of a sequence; or a file name with a
            placeholder (``####``, ``@@@``, ``%04d``, ``$F4``, ``${F4}``, ``<F4>``), which matches any padding.
        names: further words and patterns of files for each pass name, as in the configuration's ``passes``.

    Raises:
        BadInput: the path does not exist or holds no sequence; the message says what was expected and what was found.
    """
    if path == "":
        # An empty Path is the working folder: an unset variable of a script would convert the files in that folder.
        raise BadInput("the path of the frames is empty", allowed=LOOKED_FOR)
    path = Path(path)
    words, files = split_names(names)
    try:
        is_folder = path.is_dir()
        root = path if is_folder else path.parent
        groups = _of_folder(path) if is_folder else _of_pattern(path)
        groups = add_named_files(groups, files, root)
    except OSError as error:
        raise BadInput(f"{error.filename or path} cannot be read: {error.strerror}") from error
    if not groups:
        raise BadInput(f"{path} holds no image sequence", allowed=LOOKED_FOR, action=_found_instead(path))
    known = file_words(words)
    told = tell([_name(group, root) for group in groups], known)
    named = [Named(group, telling) for group, telling in zip(groups, told, strict=True)]
    named = [each if each.shot else each.of_shot(_shot_of(root, known)) for each in named]
    named = _with_root(named, root, known)
    named = join_shots(tell_named_files(named, files, root), known)
    sequences = (_sequence(each) for each in _with_colors(_without_proxies(named)))
    return tuple(sorted(sequences, key=lambda s: (s.shot, list(Pass).index(s.pass_), s.pattern)))


def _of_folder(root: Path) -> list[Group]:
    return [group for folder, names in walk(root) for group in group_files(folder, names)]


def _of_pattern(path: Path) -> list[Group]:
    """Return the one sequence that a pattern or one of its files names."""
    wanted = pattern.parse(path.name)
    if path.is_file():
        groups = group_files(path.parent, pictures_of(path.parent))
        mine = [group for group in groups if any(file.name == path.name for file in group.files)]
        if not mine:
            reason = next((each.reason for g in groups for each in g.aside if path in each.files), "")
            told = f": it is {reason}" if reason else ""
            raise BadInput(f"{path} is no frame of an image sequence{told}", allowed=LOOKED_FOR)
        return mine
    if wanted is None or not path.parent.is_dir():
        raise BadInput(f"{path if wanted is None else path.parent} does not exist", allowed=LOOKED_FOR)
    names = pictures_of(path.parent)
    files = grouping.matching(names, wanted)
    if not files:
        raise BadInput(f"no picture file matches {path}", action=_found_instead(path.parent))
    alike = [g for g in group_files(path.parent, names) if (g.prefix, g.suffix) == (wanted.prefix, wanted.suffix)]
    aside = [each for group in alike for each in group.aside]
    return [Group(path.parent, wanted.prefix, wanted.suffix, files, aside)]


def _name(group: Group, root: Path) -> Name:
    """Return the name of a group; of one outside of ``root`` only the files' own name counts."""
    file = f"{group.prefix}{FRAME}{group.suffix.rpartition('.')[0]}"
    return Name(file, group.folder.relative_to(root).parts if group.folder.is_relative_to(root) else ())


def _shot_of(root: Path, known: Words) -> str:
    """Return the shot's name for files that are named only after their pass.

    It comes from the nearest folder whose name has more than the word of a pass.
    """
    rests = (tell_folder(folder.name, known)[1] for folder in (root.resolve(), *root.resolve().parents))
    return next((rest for rest in rests if rest), "shot")


def _with_root(named: list[Named], root: Path, known: Words) -> list[Named]:
    """Tell the pass by the name of the searched folder where nothing below it tells one."""
    folder = root.resolve().name
    told = tell_folder(folder, known)[0]
    if told is None or any(each.pass_ is not None for each in named):
        return named
    why = f"the folder is called {folder!r}"
    return [
        replace(each, telling=replace(each.telling, pass_=told, evidence=Evidence.FOLDER, why=why)) for each in named
    ]


def _with_colors(named: list[Named]) -> list[Named]:
    """Take the only sequence of a shot that nothing tells for its colour; every other one stays unknown."""
    colored = {each.shot for each in named if each.pass_ is Pass.COLOR}
    untold = Counter(each.shot for each in named if each.pass_ is None)
    members = Counter(each.shot for each in named)
    result = []
    for each in named:
        is_lone = members[each.shot] == 1
        if each.pass_ is Pass.UNKNOWN and is_lone and each.telling.evidence is not Evidence.NAMED:
            why = f"{each.telling.why}, and nothing else is there"
            result.append(_as_color(replace(each, telling=untold_whole(each.telling)), why))
        elif each.pass_ is None and each.shot not in colored and untold[each.shot] == 1:
            why = "nothing in its name tells another pass" if is_lone else "no other file of the shot is the colour"
            result.append(_as_color(each, why))
        else:
            result.append(each)
    return result


def _without_proxies(named: list[Named]) -> list[Named]:
    """Leave aside the same pictures in another format, such as JPEG beside EXR: names that differ in the ending."""
    best: dict[tuple[Path, str, str], Named] = {}
    for each in sorted(named, key=lambda each: _FORMATS.index(SUFFIXES[_ending(each.group)])):
        if not each.is_chosen:
            best.setdefault(_stem(each.group), each)
    result = []
    for each in named:
        other = best.get(_stem(each.group), each)
        if each.is_chosen or other is each:
            result.append(each)
            continue
        why = f"{other.group.spelled} shows the same in another format"
        telling = replace(each.telling, pass_=Pass.UNKNOWN, evidence=Evidence.NONE, why=why)
        result.append(replace(each, telling=telling, is_chosen=False))
    return result


def _stem(group: Group) -> tuple[Path, str, str]:
    return group.folder, group.prefix, group.suffix.rpartition(".")[0]


def _ending(group: Group) -> str:
    return Path(f"a{group.suffix}").suffix.lower()


def _as_color(each: Named, why: str) -> Named:
    return replace(each, telling=replace(each.telling, pass_=Pass.COLOR, evidence=Evidence.NONE, why=why))


def _sequence(named: Named) -> Unverified:
    group, telling = named.group, named.telling
    frames, duplicates = grouping.unique(group.files, group.spelled)
    return Unverified(
        pattern=str(group.folder / str(group.spelled)),
        shot=named.shot,
        pass_=telling.pass_ or Pass.UNKNOWN,
        frames=tuple(Frame(number=number, file=group.folder / name) for number, name in frames.items()),
        step=_step(list(frames)),
        duplicates=tuple(group.folder / name for name in duplicates),
        evidence=telling.evidence,
        why=telling.why,
        aside=tuple(group.aside),
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
    names = pictures_of(path)
    groups = group_files(path, names)
    if groups:
        return f"found {some(sorted(str(group.spelled) for group in groups))} there"
    if reason := too_long(names):
        return reason
    kinds = Counter(file.suffix or file.name for file in path.iterdir() if file.is_file())
    if not kinds:
        return "found no files there"
    return f"found files there: {some([f'{count} {kind}' for kind, count in kinds.most_common()])}"
