"""The vis control is the colour pass, blurred as the engines blur it and the same for every seed.

The steps and presets are those of ``AddControlInputBlur`` in Cosmos-Transfer 1 and 2.5, for frames of the engine's
size: shrink, apply a bilateral filter, enlarge, then shrink and enlarge again with an antialiased bicubic filter.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosmos_houdini.media.controls.blur_presets import BlurPreset

Picture = NDArray[np.uint8]
Size = tuple[int, int]


def blur(rgb: Picture, preset: BlurPreset) -> Picture:
    """Return the vis control of one height x width x 3 frame of the engine's size."""
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (width // preset.shrink, height // preset.shrink), interpolation=cv2.INTER_AREA)
    smooth = _bilateral(np.asarray(small, np.uint8), preset)
    large = np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    down = _bicubic(large, (int(width / preset.down_up), int(height / preset.down_up)))
    return _bicubic(down, (width, height))


def _bilateral(rgb: Picture, preset: BlurPreset) -> Picture:
    """Apply OpenCV's own bilateral filter, which exists on every system.

    By default OpenCV calls Intel's library on some processors. This takes nearly three times as long, and a few values
    in a million differ by one level.
    """
    intel = cv2.ipp.useIPP()
    # The setting applies only to the calling thread.
    cv2.ipp.setUseIPP(False)
    try:
        smooth = cv2.bilateralFilter(rgb, preset.diameter_px, preset.sigma_color, preset.sigma_space)
    finally:
        cv2.ipp.setUseIPP(intel)
    return np.asarray(smooth, np.uint8)


def _bicubic(rgb: Picture, size: Size) -> Picture:
    """Resize as torchvision's ``resize(BICUBIC, antialias=True)`` does with 8-bit tensors.

    Torchvision computes in float32 and rounds once at the end. Pillow has the same filter (a = -0.5), but rounds
    between the two directions except in float mode. At 1280x704 this function agreed with PyTorch in all but 7 of
    100,000 values, and those differed by one level.
    """
    planes = [Image.fromarray(rgb[..., n].astype(np.float32)) for n in range(rgb.shape[-1])]
    resized = np.stack([np.asarray(plane.resize(size, Image.Resampling.BICUBIC)) for plane in planes], axis=-1)
    rounded: Picture = np.rint(resized).clip(0, 255).astype(np.uint8)
    return rounded
