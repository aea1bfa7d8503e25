"""Bakes a display transform into a cube, because the ACES 2 views take thirty times as long when computed in full.

OpenColorIO both bakes and applies the cube. First the curve of ACEScct spreads the shadows. Then OpenColorIO looks up
the colour in a lattice of 65 colours a side. It interpolates between the four corners of the tetrahedron that contains
the colour.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - as its own documents write it
from numpy.typing import NDArray

SIDE = 65
# The ACES 2 views for standard displays reach white at 128.
DARKEST, BRIGHTEST = -0.005, 128.0
# A logarithm that is a straight line near black, so that it also covers negative light (S-2016-001 of the Academy).
LOG_TO_LINEAR = "CURVE - ACEScct-LOG_to_LINEAR"
WITHIN_ONE_LEVEL_PERCENT = 99


def bake(config: Any, exact: Any) -> Any:  # noqa: ANN401 - the binding has no types
    """Return a fast approximation of a display transform, for colours from -0.005 to 128.

    Args:
        config: an OpenColorIO configuration.
        exact: a transform of the configuration from light to display colour, 0 to 1.
    """
    to_linear = OCIO.BuiltinTransform(LOG_TO_LINEAR)
    to_log = OCIO.BuiltinTransform(LOG_TO_LINEAR, OCIO.TRANSFORM_DIR_INVERSE)
    low, *_, high = computed(config, to_log, np.repeat([DARKEST, BRIGHTEST], 3)).tolist()
    axis = np.linspace(low, high, SIDE)
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    cube = OCIO.Lut3DTransform(SIDE)
    cube.setData(computed(config, OCIO.GroupTransform([to_linear, exact]), lattice).clip(0, 1).ravel())
    cube.setInterpolation(OCIO.INTERP_TETRAHEDRAL)
    to_side = OCIO.RangeTransform(minInValue=low, maxInValue=high, minOutValue=0, maxOutValue=1)
    return OCIO.GroupTransform([to_log, to_side, cube])


def is_faithful(config: Any, baked: Any, exact: Any) -> bool:  # noqa: ANN401
    """Return whether the baked transform gives 99 of 100 test colours within one of 255 levels."""
    shown, meant = (computed(config, transform, _cloud()).clip(0, 1) * 255 for transform in (baked, exact))
    error = np.abs(shown - meant).max(axis=-1)
    return bool(np.percentile(error, WITHIN_ONE_LEVEL_PERCENT) <= 1)


def computed(config: Any, transform: Any, colors: NDArray[Any]) -> NDArray[np.float32]:  # noqa: ANN401
    """Return the colours after a transform; the last axis holds red, green and blue."""
    result = colors.astype(np.float32)
    config.getProcessor(transform).getDefaultCPUProcessor().applyRGB(result)
    return result


def _cloud() -> NDArray[np.float32]:
    """Return n x 3 colours as they occur in pictures: most are within seven stops of grey, most are not saturated."""
    random = np.random.default_rng(0)
    brightness = np.exp2(random.normal(-2, 3, (50_000, 1)))
    return (brightness * (0.3 + random.random((50_000, 3)))).astype(np.float32)
