"""Makes masks as the engines expect them: white where they apply, black elsewhere, no grey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.pictures.cryptomatte import coverage

Mask = NDArray[np.uint8]


def mask_from_picture(values: NDArray[Any], *, threshold: float = 0.5) -> Mask:
    """Return 255 where a mask pass is above ``threshold``, else 0.

    Args:
        values: height x width, or with a third axis, of which only the first channel is used. Floats range from 0 to 1,
            integers over the range of their type. NaN becomes black.
        threshold: 0 to 1; the engines' own threshold is one half.
    """
    plane = values[..., 0] if values.ndim == 3 else values  # noqa: PLR2004 - height, width, channels
    scale = np.iinfo(plane.dtype).max if plane.dtype.kind in "ui" else 1
    return np.where(plane > threshold * scale, np.uint8(255), np.uint8(0))


def mask_from_cryptomatte(ranks: NDArray[Any], ids: Iterable[int], *, threshold: float = 0.5) -> Mask:
    """Return 255 where the objects of these ids together cover more than ``threshold`` of a pixel, else 0.

    Raises:
        BadInput: as for ``cryptomatte.coverage``.
    """
    return mask_from_picture(coverage(ranks, ids), threshold=threshold)
