"""A picture of four flat colours, by which a wrong layout, orientation or transform shows at a glance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 128, 96
COLORS = ((230, 40, 40), (40, 200, 60), (40, 60, 220), (128, 128, 128))
"""Upper left, upper right, lower left, lower right."""


def quarters() -> NDArray[np.uint8]:
    """Return the picture, height x width x 3."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for index, color in enumerate(COLORS):
        rows = slice(HEIGHT // 2, None) if index > 1 else slice(HEIGHT // 2)
        columns = slice(WIDTH // 2, None) if index % 2 else slice(WIDTH // 2)
        pixels[rows, columns] = color
    return pixels


def seen(pixels: NDArray[np.number]) -> NDArray[np.int64]:
    """Return the colours in the middle of the four quarters, 4 x 3, of a picture of any size."""
    height, width = pixels.shape[:2]
    return np.array([pixels[height * y // 4, width * x // 4, :3] for y in (1, 3) for x in (1, 3)]).astype(np.int64)
