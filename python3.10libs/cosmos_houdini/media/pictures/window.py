"""Windows of pictures: the part of a plane of pixels that a file holds or shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of pixels; ``x`` and ``y`` are its upper left corner and may be negative."""

    x: int
    y: int
    width: int
    height: int
