"""The name of a numbered file: the text before the frame number, the number, and the text after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A number of this size or larger is a date, a size or a hash, and not a frame.
LIMIT = 1_000_000

# The placeholders are those of Houdini ($F4, ${F4}), husk (<F4>) and printf (%04d); hashes and at-signs count digits.
_PLACEHOLDERS = (
    re.compile(r"\$\{F(?P<width>[0-9]*)\}|\$F(?P<width_>[0-9]*)|<F(?P<width__>[0-9]*)>"),
    re.compile(r"%0?(?P<width>[0-9]*)d"),
    re.compile(r"(?P<marks>#+)"),
    re.compile(r"(?P<marks>@+)"),
)


@dataclass(frozen=True, slots=True, order=True)
class Pattern:
    """The file names of one sequence.

    Attributes:
        prefix: the text before the number and its sign.
        suffix: the text after the number, with the extension.
        padding: number of digits to which numbers are padded with zeros, 1 or more.

    >>> Pattern("shot.", ".png", 4).name(-7)
    'shot.-0007.png'
    """

    prefix: str
    suffix: str
    padding: int = 1

    def __str__(self) -> str:
        return f"{self.prefix}{'#' * self.padding}{self.suffix}"

    def name(self, number: int) -> str:
        """Return the name of the file of one frame."""
        return f"{self.prefix}{'-' * (number < 0)}{abs(number):0{self.padding}d}{self.suffix}"

    def number(self, name: str) -> int | None:
        """Return the frame number in a file's name, whatever its padding; None for another sequence's file.

        >>> Pattern("shot.", ".png", 4).number("shot.12.png")
        12
        """
        if not (name.startswith(self.prefix) and name.endswith(self.suffix)):
            return None
        middle = name[len(self.prefix) : len(name) - len(self.suffix)]
        found = re.fullmatch(r"-?[0-9]+", middle)
        return int(middle) if found and is_frame(middle) else None


def is_frame(digits: str) -> bool:
    """Return whether digits, with or without a sign, can be a frame number.

    >>> is_frame("0001001"), is_frame("20261123")
    (True, False)
    """
    return len(digits.lstrip("-0")) < len(str(LIMIT))


def parse(name: str) -> Pattern | None:
    """Return the pattern of a name with a placeholder; None if the name has no placeholder.

    The last placeholder counts. A placeholder of Houdini or printf counts before hashes, because ordinary names can
    have hashes too.

    >>> parse("shot.$F4.exr"), parse("a#1.%03d.png"), parse("shot.exr")
    (Pattern(prefix='shot.', suffix='.exr', padding=4), Pattern(prefix='a#1.', suffix='.png', padding=3), None)
    """
    for kind in _PLACEHOLDERS:
        *_, found = [None, *kind.finditer(name)]
        if found:
            groups = found.groupdict()
            marks = groups.pop("marks", None)
            width = len(marks) if marks else int(next((g for g in groups.values() if g), "1"))
            return Pattern(name[: found.start()], name[found.end() :], max(width, 1))
    return None
