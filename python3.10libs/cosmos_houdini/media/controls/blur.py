"""The vis control: the colour pass blurred as the engines blur it, the same for every seed.

Steps and presets as in ``AddControlInputBlur`` of Cosmos-Transfer 1 and 2.5, on frames of the engine's size: shrink,
bilateral filter, enlarge again, then shrink and enlarge with an antialiased bicubic filter.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosmos_houdini.errors import BadInput, did_you_mean

Picture = NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurPreset:
    """The numbers of one strength.

    Attributes:
        shrink: factor before the bilateral filter.
        diameter_px: of the bilateral filter.
        sigma_color: likewise.
        sigma_space: likewise.
        down_up: factor of the bicubic filter after it.
    """

    shrink: int
    diameter_px: int = 30
    sigma_color: int = 150
    sigma_space: int = 100
    down_up: int


TRANSFER25 = {
    "very_low": BlurPreset(shrink=1, down_up=4),
    "low": BlurPreset(shrink=4, down_up=4),
    "medium": BlurPreset(shrink=2, down_up=10),
    "high": BlurPreset(shrink=1, down_up=16),
    "very_high": BlurPreset(shrink=4, down_up=16),
}
TRANSFER1 = {
    "very_low": BlurPreset(shrink=1, diameter_px=15, sigma_color=100, sigma_space=50, down_up=4),
    "low": BlurPreset(shrink=4, diameter_px=15, sigma_color=100, sigma_space=50, down_up=4),
    "medium": BlurPreset(shrink=2, down_up=10),
    "high": BlurPreset(shrink=1, diameter_px=50, sigma_color=300, sigma_space=150, down_up=16),
    "very_high": BlurPreset(shrink=4, diameter_px=50, sigma_color=300, sigma_space=150, down_up=16),
}


def find_blur_presets(engine: str) -> dict[str, BlurPreset]:
    """Return the presets of an engine; those that are not Cosmos-Transfer 1 follow its successor."""
    return TRANSFER1 if engine == "transfer1" else TRANSFER25


def find_preset(name: str, presets: dict[str, BlurPreset]) -> BlurPreset:
    """Return the preset of that name.

    Raises:
        BadInput: there is none.
    """
    if name not in presets:
        raise BadInput(f"no blur preset {name!r}", allowed=", ".join(presets), action=did_you_mean(name, presets))
    return presets[name]


def blur(rgb: Picture, preset: BlurPreset) -> Picture:
    """Return the vis control of one height x width x 3 frame of the engine's size."""
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (width // preset.shrink, height // preset.shrink), interpolation=cv2.INTER_AREA)
    smooth = _bilateral(np.asarray(small, np.uint8), preset)
    large = np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    down = _bicubic(large, (int(width / preset.down_up), int(height / preset.down_up)))
    return _bicubic(down, (width, height))


def _bilateral(rgb: Picture, preset: BlurPreset) -> Picture:
    """Apply OpenCV's own bilateral filter, which is there on every system.

    On some processors OpenCV calls Intel's library instead, which takes nearly three times as long and differs in a few
    values of a million, by one level.
    """
    intel = cv2.ipp.useIPP()
    # The setting is the calling thread's alone.
    cv2.ipp.setUseIPP(False)
    try:
        smooth = cv2.bilateralFilter(rgb, preset.diameter_px, preset.sigma_color, preset.sigma_space)
    finally:
        cv2.ipp.setUseIPP(intel)
    return np.asarray(smooth, np.uint8)


def _bicubic(rgb: Picture, size: Size) -> Picture:
    """Resize as torchvision's ``resize(BICUBIC, antialias=True)`` does with 8-bit tensors.

    It computes in float32 and rounds once at the end; Pillow's filter is the same one (a = -0.5), but only its float
    mode does not round between the two directions. On 1280x704 it agreed with PyTorch in all but 7 of 100,000 values,
    which differed by one level.
    """
    planes = [Image.fromarray(rgb[..., n].astype(np.float32)) for n in range(rgb.shape[-1])]
    resized = np.stack([np.asarray(plane.resize(size, Image.Resampling.BICUBIC)) for plane in planes], axis=-1)
    rounded: Picture = np.rint(resized).clip(0, 255).astype(np.uint8)
    return rounded
