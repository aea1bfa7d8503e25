"""Sequences joined to shots by what is left of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_houdini.media.sequences.files import Group
from cosmos_houdini.media.sequences.pass_words import Words, is_qualifier
from cosmos_houdini.media.sequences.passes import Telling, tell_folder
from cosmos_houdini.model.control import Pass

_NUMBER = re.compile(r"[0-9]+")
_SEPARATORS = "._ -"
# Of these letters, a person may have meant a pass: colour, depth, normals, position.
_LETTERS_OF_PASSES = "cznp"


@dataclass(frozen=True, slots=True)
class Named:
    """The files of one sequence, with what their names tell.

    Attributes:
        group: the files.
        telling: what their names tell.
        is_chosen: whether a pattern of the configuration or the user names them.
    """

    group: Group
    telling: Telling
    is_chosen: bool = False

    @property
    def shot(self) -> str:
        """The name of the shot."""
        return self.telling.shot

    @property
    def pass_(self) -> Pass | None:
        """The pass; None if nothing tells it yet."""
        return self.telling.pass_

    def of_shot(self, shot: str) -> Named:
        """Return the sequence as one of another shot."""
        return replace(self, telling=replace(self.telling, shot=shot))


def join_shots(named: Sequence[Named], known: Words) -> list[Named]:
    """Return sequences with the names of their shots, where several names mean one shot."""
    joined = _by_folders(list(named), known)
    joined = _with_department(joined)
    joined = _with_elements(joined)
    return _with_outsiders(joined)


def near_shots(shots: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each two shots whose names differ by one letter that may have been meant for a pass.

    >>> list(near_shots(["sh010", "sh010Z", "sh020"]))
    ["shots 'sh010' and 'sh010Z' differ by the letter 'Z' alone: if it means a pass, name it with --pass"]
    """
    known = set(shots)
    for long in sorted(known):
        for short, letter in _without_letters(long):
            if short in known:
                yield (
                    f"shots {short!r} and {long!r} differ by the letter {letter!r} alone: if it means a pass, name it "
                    "with --pass"
                )
                break


def _without_letters(name: str) -> Iterator[tuple[str, str]]:
    """Yield a name without each letter that may mean a pass and ends a word, and the letter."""
    for found in re.finditer(rf"[{_SEPARATORS}]?([{_LETTERS_OF_PASSES}])(?![^\W_])", name, re.IGNORECASE):
        for start in {found.start(), found.start(1)}:
            yield name[:start] + name[found.end() :], found[1]


def _by_folders(named: list[Named], known: Words) -> list[Named]:
    """Make one shot of pass folders that are side by side and hold one sequence each, whatever their files are called.

    In ``color/frame.####`` and ``depth/z.####`` the folders give the passes. Names that differ only in digits belong to
    different shots.
    """
    beside: dict[tuple[Path, str], list[Named]] = defaultdict(list)
    for sequence in named:
        told, rest = tell_folder(sequence.group.folder.name, known)
        if told:
            beside[sequence.group.folder.parent, rest].append(sequence)
    shot_in: dict[Path, str] = {}
    for members in beside.values():
        shots = {sequence.shot for sequence in members}
        kinds = [sequence.pass_ for sequence in members if sequence.pass_ is not Pass.UNKNOWN]
        is_alone = len({sequence.group.folder for sequence in members}) == len(members)
        differ = len({_NUMBER.sub("0", shot) for shot in shots}) == len(shots)
        if is_alone and differ and len(set(kinds)) == len(kinds):
            leader = next((s for s in members if s.pass_ is Pass.COLOR), members[0])
            shot_in.update(dict.fromkeys((sequence.group.folder for sequence in members), leader.shot))
    return [sequence.of_shot(shot_in.get(sequence.group.folder, sequence.shot)) for sequence in named]


def _with_department(named: list[Named]) -> list[Named]:
    """Leave the word of a colour in its shot's name where the other passes have it too.

    ``sh010_comp_v003.####`` is the colour beside ``sh010_comp_v003_Z.####``, whose shot is ``sh010_comp_v003``.
    """
    others = {sequence.shot for sequence in named if sequence.pass_ not in {None, Pass.COLOR}}
    own = {sequence.shot for sequence in named if sequence.pass_ is not Pass.COLOR}
    return [
        sequence.of_shot(sequence.telling.whole)
        if sequence.pass_ is Pass.COLOR and sequence.shot not in own and sequence.telling.whole in others
        else sequence
        for sequence in named
    ]


def _with_elements(named: list[Named]) -> list[Named]:
    """Give a sequence that nothing tells to the shot whose name begins its own: ``walk_noise`` beside ``walk_beauty``.

    Only a shot of which a pass is told has elements; a version or a number more makes another shot.
    """
    told = {(s.group.folder, s.shot) for s in named if s.pass_ not in {None, Pass.UNKNOWN} and s.shot}
    result = []
    for sequence in named:
        if sequence.pass_ is None:
            mine = (sequence.group.folder, sequence.shot)
            shots = [] if mine in told else [s for folder, s in told if folder == mine[0] and _extends(mine[1], s)]
            if shots:
                sequence = sequence.of_shot(max(shots, key=len))  # noqa: PLW2901 - the sequence itself, of another shot
        result.append(sequence)
    return result


def _extends(name: str, shot: str) -> bool:
    rest = name.removeprefix(shot)
    return rest != name and rest[:1] in _SEPARATORS and not is_qualifier(rest)


def _with_outsiders(named: list[Named]) -> list[Named]:
    """Give files that a pattern names as passes to the only other shot, or to that of the colour among them."""
    chosen = [sequence for sequence in named if sequence.is_chosen]
    others = {sequence.shot for sequence in named if not sequence.is_chosen}
    if len(others) > 1 or len({sequence.pass_ for sequence in chosen}) < len(chosen):
        return named
    leader = next((sequence for sequence in chosen if sequence.pass_ is Pass.COLOR), next(iter(chosen), None))
    shot = next(iter(others), leader.shot if leader else "")
    return [sequence.of_shot(shot) if sequence.is_chosen else sequence for sequence in named]
