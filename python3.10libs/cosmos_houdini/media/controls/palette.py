"""The colours of segmentation are the list that the models were trained with, followed by further distinct colours.

The source is ``PREDEFINED_COLORS_SEGMENTATION`` of NVIDIA's Cosmos-Transfer, in its order. Colours have no meaning of
their own; an object only has to keep its colour.
"""

from __future__ import annotations

from functools import cache

import numpy as np

Color = tuple[int, int, int]

BACKGROUND: Color = (0, 0, 0)
UPSTREAM: tuple[Color, ...] = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
    (255, 140, 0),
    (255, 105, 180),
    (0, 0, 139),
    (0, 128, 128),
    (75, 0, 130),
    (128, 0, 128),
    (255, 69, 0),
    (34, 139, 34),
    (128, 128, 0),
    (70, 130, 180),
    (255, 215, 0),
    (255, 222, 173),
    (144, 238, 144),
    (255, 99, 71),
    (221, 160, 221),
    (0, 255, 127),
    (255, 255, 255),
)
# The least distance between two colours of the models' own list is that of (255, 215, 0) and (255, 255, 0).
LEAST_DISTANCE = 40.0
LEVELS = (0, 51, 102, 153, 204, 255)


@cache
def all_colors() -> tuple[Color, ...]:
    """Return all distinct colours: first the models' own, then one by one the colour farthest from all before it.

    >>> all_colors()[22], len(all_colors())
    ((255, 255, 255), 195)
    """
    lattice = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
    used = np.array((BACKGROUND, *UPSTREAM), np.float64)
    nearest = np.linalg.norm(lattice[:, None] - used[None], axis=-1).min(axis=1)
    colors = list(UPSTREAM)
    while nearest.max() >= LEAST_DISTANCE:
        farthest = lattice[int(nearest.argmax())]
        red, green, blue = (int(level) for level in farthest)
        colors.append((red, green, blue))
        nearest = np.minimum(nearest, np.linalg.norm(lattice - farthest, axis=-1))
    return tuple(colors)
