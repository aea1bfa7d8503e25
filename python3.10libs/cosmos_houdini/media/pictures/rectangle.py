"""Sizes and rectangles of pixels; importing this module loads no picture library."""

from __future__ import annotations

from dataclasses import dataclass

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A rectangle of pixels; ``x`` and ``y`` go from the picture's upper left corner to that of the rectangle."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index for a picture's rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)
