"""Chooses how each pass is resampled; importing this module loads no picture library."""

from __future__ import annotations

from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.text_enum import TextEnum


class Method(TextEnum):
    """How pixels are combined when a picture is resampled."""

    SMOOTH = "area or linear"
    NEAREST = "nearest"
    CLOSEST = "closest"


# Ids and masks must not mix. Depth keeps the nearest value, and lines keep the brightest.
_METHODS = {
    Pass.SEG: Method.NEAREST,
    Pass.MASK: Method.NEAREST,
    Pass.DEPTH: Method.CLOSEST,
    Pass.EDGE: Method.CLOSEST,
}


def resampling_method(pass_: Pass) -> Method:
    """Return the method that resamples the pictures of a pass."""
    return _METHODS.get(pass_, Method.SMOOTH)
