"""Frames between frames, as Houdini's ``$FF`` numbers them: ``a.1001.50.png`` lies between 1001 and 1002."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cosmos_houdini.media.sequences.pattern import is_frame

_DOTTED = re.compile(r"(?P<before>.*?)(?P<frame>-?[0-9]+)\.(?P<share>[0-9]{1,6})(?P<after>\.[^.0-9][^.]*)", re.DOTALL)
_PLAIN = re.compile(r"(?P<before>.*?)(?P<frame>-?[0-9]+)(?P<after>\.[^.0-9][^.]*)", re.DOTALL)
_LEAST_FRAMES = 2
_MOST_PARTS = 64
_ROUNDING = 1.01


@dataclass(frozen=True, slots=True)
class SubFrames:
    """The files of one sequence that has frames between its frames.

    Attributes:
        before: the text before the frame number.
        after: the ending, with its dot.
        whole: names of the files of whole frames, each with its frame number and the text after the number.
        between: names of the files of the frames between them.
    """

    before: str
    after: str
    whole: tuple[tuple[str, str, str], ...]
    between: tuple[str, ...]


def find_subframes(names: Iterable[str]) -> list[SubFrames]:
    """Return the sub-frames among the files of one folder.

    Two numbers are a frame and its share if several frames have the same, evenly spaced shares: `.00` and `.50`, or
    `.000`, `.333` and `.667`. Else the first number is that of a shot or a version.

    >>> [found] = find_subframes(["a.1.00.png", "a.1.50.png", "a.2.00.png", "a.2.50.png"])
    >>> found.whole
    (('a.1.00.png', '1', '.00.png'), ('a.2.00.png', '2', '.00.png'))
    >>> found.between
    ('a.1.50.png', 'a.2.50.png')
    """
    alike: dict[tuple[str, str], list[re.Match[str]]] = defaultdict(list)
    plain: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name in names:
        if found := _DOTTED.fullmatch(name):
            alike[found["before"], found["after"]].append(found)
        elif (found := _PLAIN.fullmatch(name)) and is_frame(found["frame"]):
            plain[found["before"], found["after"]].add(int(found["frame"]))
    return [_split(*key, files) for key, files in alike.items() if _are_subframes(files, plain[key])]


def _are_subframes(files: list[re.Match[str]], plain: set[int]) -> bool:
    frames = {int(file["frame"]) for file in files} | plain
    shares = {_share(file) for file in files} | ({0.0} if plain else set())
    if len(frames) < _LEAST_FRAMES or not 1 < len(shares) <= _MOST_PARTS:
        return False
    if not all(is_frame(file["frame"]) for file in files):
        return False
    # Of a shot with a few frames, each number has frames of its own: `sh.0010.1001`, `sh.0020.1001`.
    if max(frames) - min(frames) >= len(frames) * 2:
        return False
    digits = max(len(file["share"]) for file in files)
    step = 1 / len(shares)
    ordered = sorted(shares)
    even = all(abs(b - a - step) <= _ROUNDING * 10**-digits for a, b in pairwise(ordered))
    return even and ordered[-1] + step <= 1 + ordered[0] + 2 * 10**-digits


def _split(before: str, after: str, files: list[re.Match[str]]) -> SubFrames:
    whole = ((file[0], file["frame"], f".{file['share']}{after}") for file in files if not _share(file))
    return SubFrames(before, after, tuple(whole), tuple(file[0] for file in files if _share(file)))


def _share(file: re.Match[str]) -> float:
    return int(file["share"]) / float(10 ** len(file["share"]))
