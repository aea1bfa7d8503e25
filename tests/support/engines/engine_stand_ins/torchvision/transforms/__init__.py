"""Names as in torchvision.transforms."""

import enum

from torchvision.transforms import functional

__all__ = ["InterpolationMode", "functional"]


class InterpolationMode(enum.Enum):
    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"
