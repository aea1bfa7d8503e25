"""File names grouped by the text around their frame number, without a look at the files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.media.sequences.pattern import Pattern

NUMBER = re.compile(r"[0-9]+")
# A number right after `v` is a version, and numbers on both sides of `x` are a size: neither is a frame.
_VERSION = re.compile(r"(?:^|[^a-zA-Z])[vV]$")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A file name with its frame number, and the digits that spell it, without sign."""

    number: int
    digits: str
    name: str


# Text before and after the frame number -> the files with this text.
Groups = Mapping[tuple[str, str], list[Numbered]]


def group(names: Iterable[str]) -> Groups:
    """Group the names of one folder by the text around their frame number; leave out names without one.

    >>> {key: [file.number for file in files] for key, files in group(["a.1.png", "a.-2.png", "b7_v2.png"]).items()}
    {('a.', '.png'): [1, -2], ('b', '_v2.png'): [7]}
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[NUMBER.sub("0", name)].append(name)
    groups: defaultdict[tuple[str, str], list[Numbered]] = defaultdict(list)
    for lookalikes in alike.values():
        position = _frame_position(lookalikes)
        if position is None:
            continue
        for name in lookalikes:
            digits = list(NUMBER.finditer(name))[position]
            if not pattern.is_frame(digits[0]):
                continue
            prefix, sign = name[: digits.start()], 1
            if re.search(r"(?:^|[^a-zA-Z0-9])-$", prefix):
                prefix, sign = prefix[:-1], -1
            file = Numbered(sign * int(digits[0]), digits[0], name)
            groups[prefix, name[digits.end() :]].append(file)
    return _join_negative(groups)


def _frame_position(names: list[str]) -> int | None:
    """Return which number is the frame number in names that differ only in digits; None if none can be.

    A number alone before the extension (``.1001.exr``) is the frame number. Otherwise the number with the most
    different values is, or the last of several such numbers. Versions and sizes count only if there is no other number.
    """
    runs = [NUMBER.findall(_stem(name)) for name in names]
    first = list(NUMBER.finditer(_stem(names[0])))
    last = len(first) - 1
    positions = [p for p in range(len(first)) if any(pattern.is_frame(run[p]) for run in runs)]
    if not positions:
        return None
    if positions[-1] == last and re.search(r"(?:^|\.)-?[0-9]+$", _stem(names[0])):
        return last
    likely = [p for p in positions if not _is_version_or_size(names[0], first[p])] or positions
    return max(likely, key=lambda p: (len({run[p] for run in runs}), p))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _is_version_or_size(name: str, digits: re.Match[str]) -> bool:
    before, after = name[: digits.start()], name[digits.end() :]
    size = re.search(r"[0-9][xX]$", before) or re.match(r"[xX][0-9]", after)
    return bool(_VERSION.search(before) or size)


def _join_negative(groups: Groups) -> Groups:
    """Read ``name-0001`` as frame -1 if there is also a ``name0001``; otherwise the dash is a separator."""
    joined: defaultdict[tuple[str, str], list[Numbered]] = defaultdict(list)
    for (prefix, suffix), files in groups.items():
        whole = prefix[:-1], suffix
        if prefix.endswith("-") and whole in groups:
            joined[whole] += [replace(file, number=-file.number) for file in files]
        else:
            joined[prefix, suffix] += files
    return joined


def matching(names: Iterable[str], wanted: Pattern) -> list[Numbered]:
    """Return the files whose names a pattern matches, whatever their padding."""
    numbers = ((wanted.number(name), name) for name in names)
    return [
        Numbered(number, name[len(wanted.prefix) : len(name) - len(wanted.suffix)].lstrip("-"), name)
        for number, name in numbers
        if number is not None
    ]


def padding(files: Iterable[Numbered]) -> int:
    """Return the number of digits to which numbers are padded: from leading zeros, or else the fewest digits.

    >>> padding([Numbered(998, "0998", "a.0998"), Numbered(10000, "10000", "a.10000")])
    4
    """
    widths = [len(file.digits) for file in files if file.digits.startswith("0") and len(file.digits) > 1]
    if widths:
        return Counter(sorted(widths)).most_common(1)[0][0]
    return min(len(file.digits) for file in files)


def unique(files: Iterable[Numbered], spelled: Pattern) -> tuple[dict[int, str], list[str]]:
    """Return the file name of each frame number, in order, and the names of duplicates.

    Of several files with the same number, the file that is spelled as in the pattern is not the duplicate.
    """
    frames: dict[int, str] = {}
    duplicates = []
    for file in sorted(files, key=lambda file: (file.name != spelled.name(file.number), file.name)):
        if file.number in frames:
            duplicates.append(file.name)
        else:
            frames[file.number] = file.name
    return dict(sorted(frames.items())), duplicates
