"""Frame rates of videos, which are whole numbers because the engines cut the rest off (23.976 becomes 23)."""

from __future__ import annotations

import math

from cosmos_houdini.errors import BadInput

FPS_RANGE = (1, 240)


def whole_fps(fps: float) -> int:
    """Return the whole rate nearest to ``fps``.

    >>> whole_fps(23.976), whole_fps(29.97), whole_fps(12.5)
    (24, 30, 13)

    Raises:
        BadInput: the rate is no number in the allowed range.
    """
    rounded = math.floor(fps + 0.5) if math.isfinite(fps) else 0
    check_fps(rounded, said=fps)
    return rounded


def check_fps(fps: int, *, said: float | None = None) -> None:
    """Raise BadInput if videos cannot have the rate ``fps``; the error gives the original number ``said`` if given."""
    low, high = FPS_RANGE
    if not low <= fps <= high:
        raise BadInput(f"fps = {fps if said is None else said:g} cannot be used", allowed=f"{low} to {high}")
