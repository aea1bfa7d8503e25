"""A display transform baked into a cube, because the ACES 2 views take a second a frame when computed in full.

A logarithm spreads the shadows, then a lattice of 65 colours a side is interpolated between the four corners of the
tetrahedron in which a colour lies. OpenImageIO's way to such a cube copies a picture three times and takes twice as
long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]
Floats = NDArray[Any]

SIDE = 65
# At 128 the ACES 2 views for standard displays reach white.
DARKEST, BRIGHTEST = -0.005, 128.0
WITHIN_ONE_LEVEL_PERCENT = 99
# The curve of ACEScct: a logarithm with a straight line below the break, so that negative light has a place too.
LINEAR_BREAK = 0.0078125
LOG_SLOPE = 1 / 17.52
LOG_OFFSET = 9.72 / 17.52
LINEAR_SLOPE, LINEAR_OFFSET = 10.5402377416545, 0.0729055341958355
# Steps in the list of colours to the neighbour that has more red, green or blue.
RED, GREEN, BLUE = SIDE * SIDE, SIDE, 1
# What is worked on at a time stays in the processor's own memory.
BLOCK_PIXELS = 32768


class DisplayCube:
    """What a transform does to colours from -0.005 to 128, measured on a lattice.

    Args:
        exact: takes and returns 1 x n x 3 colours.

    Attributes:
        faithful: whether 99 of 100 colours of a test cloud come out within one of 255 levels.
    """

    def __init__(self, exact: Callable[[Light], Floats]) -> None:
        self._colors = _lattice(exact)
        cloud = _cloud()
        error = np.abs(self._levels(cloud[0]).T - exact(cloud)[0].clip(0, 1) * 255).max(axis=-1)
        self.faithful = bool(np.percentile(error, WITHIN_ONE_LEVEL_PERCENT) <= 1)

    def apply(self, light: Light) -> NDArray[np.uint8]:
        """Return height x width x 3 bytes of height x width x 3 colours."""
        pixels = light.reshape(-1, 3)
        shown = np.empty(pixels.shape, np.uint8)
        for start in range(0, len(pixels), BLOCK_PIXELS):
            block = slice(start, start + BLOCK_PIXELS)
            shown[block] = np.rint(self._levels(pixels[block])).T
        return shown.reshape(light.shape)

    def _levels(self, pixels: Light) -> Floats:
        """Return 3 x n levels, 0 to 255, of n x 3 colours."""
        places = _encoded(np.ascontiguousarray(pixels.T)).clip(0, SIDE - 1)
        cells = np.minimum(np.floor(places), SIDE - 2)
        corners, weights = _tetrahedron(cells.astype(np.int32), places - cells)
        # Four numbers of 16 bits a colour: the whole of it is fetched at once.
        fetched = [self._colors.take(corner).view(np.uint16) for corner in corners]
        levels = np.empty(places.shape, np.float32)
        for channel in range(len(levels)):
            np.multiply(fetched[0][channel::4], weights[0], out=levels[channel])
            for color, weight in zip(fetched[1:], weights[1:], strict=True):
                levels[channel] += color[channel::4] * weight
        levels *= np.float32(255 / 65535)
        return levels


def _encoded(light: Floats) -> Floats:
    """Return the place of each value on a side of the lattice, 0 for the darkest and ``SIDE`` - 1 for the brightest."""
    low, high = _curve(np.array([DARKEST, BRIGHTEST]))
    places: Floats = (_curve(light) - light.dtype.type(low)) * light.dtype.type((SIDE - 1) / (high - low))
    return places


def _curve(light: Floats) -> Floats:
    number = light.dtype.type
    logarithm = np.log2(np.maximum(light, number(LINEAR_BREAK))) * number(LOG_SLOPE) + number(LOG_OFFSET)
    straight = light * number(LINEAR_SLOPE) + number(LINEAR_OFFSET)
    curved: Floats = np.where(light <= number(LINEAR_BREAK), straight, logarithm)
    return curved


def _decoded(values: Floats) -> Floats:
    straight = (values - LINEAR_OFFSET) / LINEAR_SLOPE
    return np.where(straight <= LINEAR_BREAK, straight, np.exp2((values - LOG_OFFSET) / LOG_SLOPE))


def _lattice(exact: Callable[[Light], Floats]) -> NDArray[np.uint64]:
    """Return the shown colours, blue varying fastest, each as red, green, blue and nothing of 16 bits."""
    low, high = _curve(np.array([DARKEST, BRIGHTEST]))
    axis = _decoded(np.linspace(low, high, SIDE)).astype(np.float32)
    light = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(1, -1, 3)
    colors = np.zeros((SIDE**3, 4), np.uint16)
    colors[:, :3] = np.rint(exact(light)[0].clip(0, 1) * 65535)
    packed: NDArray[np.uint64] = colors.view(np.uint64).ravel()
    return packed


def _tetrahedron(cells: NDArray[np.int32], inside: Floats) -> tuple[list[NDArray[np.intp]], list[Floats]]:
    """Return the four corners between which each colour lies, as places in the list of colours, and their weights.

    Args:
        cells: 3 x n, the darkest corner of each colour's cell.
        inside: 3 x n, how far each colour lies from it, 0 to 1.
    """
    red, green, blue = inside
    red_first, green_before_blue, red_before_blue = red >= green, green >= blue, red >= blue
    first = np.where(red_first & red_before_blue, RED, np.where(green_before_blue & ~red_first, GREEN, BLUE))
    last = np.where(red_first, np.where(green_before_blue, BLUE, GREEN), np.where(red_before_blue, BLUE, RED))
    less, more = np.minimum(red, green), np.maximum(red, green)
    largest, least = np.maximum(more, blue), np.minimum(less, blue)
    middle = np.maximum(less, np.minimum(more, blue))
    dark = (cells[0] * RED + cells[1] * GREEN + cells[2] * BLUE).astype(np.intp)
    bright = dark + (RED + GREEN + BLUE)
    return [dark, dark + first, bright - last, bright], [1 - largest, largest - middle, middle - least, least]


def _cloud() -> Light:
    """Return 1 x n x 3 colours as pictures have them: most within seven stops of grey, most of them not saturated."""
    random = np.random.default_rng(0)
    brightness = np.exp2(random.normal(-2, 3, (1, 50_000, 1)))
    return (brightness * (0.3 + random.random((1, 50_000, 3)))).astype(np.float32)
