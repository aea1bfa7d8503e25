"""How each pass is resampled; no picture library is loaded."""

from __future__ import annotations

from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.text_enum import TextEnum


class Method(TextEnum):
    """How pixels are combined where a picture is resampled."""

    SMOOTH = "area or linear"
    NEAREST = "nearest"
    CLOSEST = "closest"


# Ids and masks must not mix; of depth and of lines the nearer and the brighter survives.
_METHODS = {
    Pass.SEG: Method.NEAREST,
    Pass.MASK: Method.NEAREST,
    Pass.DEPTH: Method.CLOSEST,
    Pass.EDGE: Method.CLOSEST,
}


def resampling_method(pass_: Pass) -> Method:
    """Return how the pictures of a pass are resampled."""
    return _METHODS.get(pass_, Method.SMOOTH)
