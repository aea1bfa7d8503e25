"""Masks as the engines take them: white where they apply, black elsewhere, nothing between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.pictures.cryptomatte import coverage

Mask = NDArray[np.uint8]


def mask_from_picture(values: NDArray[Any], *, threshold: float = 0.5) -> Mask:
    """Return 255 where a mask pass lies above ``threshold``, else 0.

    Args:
        values: height x width, or with a third axis of which the first channel counts; floats from 0 to 1, or the
            range of their integer type. NaN is black.
        threshold: 0 to 1; the engines' own threshold is one half.
    """
    plane = values[..., 0] if values.ndim == 3 else values  # noqa: PLR2004 - height, width, channels
    scale = np.iinfo(plane.dtype).max if plane.dtype.kind in "ui" else 1
    return np.where(plane > threshold * scale, np.uint8(255), np.uint8(0))


def mask_from_cryptomatte(ranks: NDArray[Any], ids: Iterable[int], *, threshold: float = 0.5) -> Mask:
    """Return 255 where the objects of these ids cover more than ``threshold`` of a pixel together, else 0.

    Raises:
        BadInput: as for ``cryptomatte.coverage``.
    """
    return mask_from_picture(coverage(ranks, ids), threshold=threshold)
