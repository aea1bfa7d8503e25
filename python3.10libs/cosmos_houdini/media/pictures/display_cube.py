"""A display transform baked into a cube, because the ACES 2 views take a second a frame when computed in full.

The cube is a Common LUT Format file (Academy S-2014-006, version 3): a logarithm that spreads the shadows, then a
lattice of 65 colours a side with tetrahedral interpolation, applied by OpenColorIO itself.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from cosmos_houdini.errors import ToolError

Light = NDArray[np.float32]

SIDE = 65
# At 128 the ACES 2 views for standard displays reach white.
DARKEST, BRIGHTEST = -0.005, 128.0
WITHIN_ONE_LEVEL_PERCENT = 99
# The curve of ACEScct: a logarithm with a straight line below the break, so that negative light has a place too.
LINEAR_BREAK = 0.0078125
LOG_SLOPE = 1 / 17.52
LOG_OFFSET = 9.72 / 17.52
LINEAR_SLOPE, LINEAR_OFFSET = 10.5402377416545, 0.0729055341958355


class DisplayCube:
    """What a transform does to colours from -0.005 to 128, measured on a lattice.

    Args:
        exact: takes and returns 1 x n x 3 colours.

    Attributes:
        faithful: whether 99 of 100 colours of a test cloud come out within one of 255 levels.
    """

    def __init__(self, exact: Callable[[Light], Light]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="cosmos-houdini-"))
        weakref.finalize(self, rmtree, self._folder, ignore_errors=True)
        self._file = self._folder / "display.clf"
        self._file.write_text(_common_lut(exact), encoding="ascii")
        cloud = _cloud()
        shown = np.asarray(self._shown(cloud, 0).get_pixels(OpenImageIO.FLOAT))
        error = np.abs(shown.clip(0, 1) - exact(cloud).clip(0, 1)).max(axis=-1) * 255
        self.faithful = bool(np.percentile(error, WITHIN_ONE_LEVEL_PERCENT) <= 1)

    def apply(self, light: Light, *, threads: int) -> NDArray[np.uint8]:
        """Return height x width x 3 bytes of height x width x 3 colours."""
        return np.asarray(self._shown(light, threads).get_pixels(OpenImageIO.UINT8), np.uint8)

    def _shown(self, light: Light, threads: int) -> OpenImageIO.ImageBuf:
        shown = OpenImageIO.ImageBufAlgo.ociofiletransform(
            OpenImageIO.ImageBuf(np.ascontiguousarray(light)),
            str(self._file),
            colorconfig="ocio://default",
            nthreads=threads,
        )
        if shown.has_error:
            raise ToolError("OpenColorIO cannot apply the baked display transform", detail=shown.geterror())
        return shown


def _encoded(light: float) -> float:
    if light <= LINEAR_BREAK:
        return LINEAR_SLOPE * light + LINEAR_OFFSET
    return float(np.log2(light)) * LOG_SLOPE + LOG_OFFSET


def _decoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    straight = (values - LINEAR_OFFSET) / LINEAR_SLOPE
    return np.where(straight <= LINEAR_BREAK, straight, np.exp2((values - LOG_OFFSET) / LOG_SLOPE))


def _common_lut(exact: Callable[[Light], Light]) -> str:
    low, high = _encoded(DARKEST), _encoded(BRIGHTEST)
    axis = _decoded(np.linspace(low, high, SIDE)).astype(np.float32)
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(1, -1, 3)
    # Whole numbers of 16 bits are written and read several times faster than decimals, and are as good for 8 bits.
    rows = " ".join(map(str, np.rint(exact(lattice).clip(0, 1) * 65535).astype(int).ravel().tolist()))
    scale, shift = 1 / (high - low), -low / (high - low)
    return f"""<?xml version="1.0"?>
<ProcessList compCLFversion="3.0" id="display">
<Log inBitDepth="32f" outBitDepth="32f" style="cameraLinToLog">
<LogParams base="2" logSideSlope="{LOG_SLOPE!r}" logSideOffset="{LOG_OFFSET!r}" linSideSlope="1" linSideOffset="0"
 linSideBreak="{LINEAR_BREAK!r}"/>
</Log>
<Matrix inBitDepth="32f" outBitDepth="32f">
<Array dim="3 4">{scale!r} 0 0 {shift!r} 0 {scale!r} 0 {shift!r} 0 0 {scale!r} {shift!r}</Array>
</Matrix>
<LUT3D inBitDepth="32f" outBitDepth="16i" interpolation="tetrahedral">
<Array dim="{SIDE} {SIDE} {SIDE} 3">
{rows}
</Array>
</LUT3D>
</ProcessList>
"""


def _cloud() -> Light:
    """Return 1 x n x 3 colours as pictures have them: most within seven stops of grey, most of them not saturated."""
    random = np.random.default_rng(0)
    brightness = np.exp2(random.normal(-2, 3, (1, 200_000, 1)))
    return (brightness * (0.3 + random.random((1, 200_000, 3)))).astype(np.float32)
