"""Sizes and rectangles of pixels; no picture library is loaded."""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A rectangle of pixels; ``x`` and ``y`` are its upper left corner, from the upper left corner of the picture."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of a picture's rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)
