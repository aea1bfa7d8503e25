"""Pictures that are already meant for a display, as bytes; importing this module loads no OpenColorIO."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def display_bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return height x width x 3 bytes of a picture that is already meant for a display.

    Args:
        picture: height x width with or without channels. uint8 stays unchanged, uint16 is rounded, and in floats white
            is 1. A single channel is copied to all three. Alpha is ignored.
    """
    channels = three_channels(picture)
    if channels.dtype == np.uint8:
        return np.ascontiguousarray(channels)
    white = np.iinfo(channels.dtype).max if channels.dtype.kind in "ui" else 1
    shares = np.nan_to_num(channels.astype(np.float32) / np.float32(white), posinf=1)
    rounded: NDArray[np.uint8] = np.rint(shares.clip(0, 1) * np.float32(255)).astype(np.uint8)
    return rounded


def three_channels(picture: NDArray[Any]) -> NDArray[Any]:
    """Return the first three channels of a picture, or three copies of its only colour channel."""
    channels = picture[..., None] if picture.ndim == 2 else picture  # noqa: PLR2004 - height, width
    return channels[..., :3] if channels.shape[-1] >= len("RGB") else np.repeat(channels[..., :1], 3, axis=-1)
