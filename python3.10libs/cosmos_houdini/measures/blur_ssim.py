"""Blur-SSIM of PAI-Bench-C (arXiv 2512.01989): likeness of two videos once fine detail is smoothed away."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.measures.moments import Moment, Rgb

DIAMETER, SIGMA_COLOR, SIGMA_SPACE = 30, 150.0, 100.0
"""Of ``cv2.bilateralFilter``."""
WINDOW = 7
K1, K2 = 0.01, 0.03
"""Window and constants that scikit-image's ``structural_similarity`` takes where nothing is said."""


@dataclass(slots=True)
class BlurSsim:
    """``blur_ssim``: the mean over frames of SSIM(bilateral(source), bilateral(result)), -1 to 1.

    Attributes:
        frames: the indices that are looked at; a frame of 1280x704 takes more than a second of one processor.
    """

    frames: frozenset[int]
    found: list[float] = field(default_factory=list)

    def add(self, moment: Moment) -> None:
        """Compare a frame, if it is one of those that are looked at."""
        if moment.index in self.frames:
            self.found.append(ssim(_smooth(moment.source), _smooth(moment.result)))

    def figures(self) -> dict[str, float]:
        """Return the mean; nothing without a frame."""
        return {"blur_ssim": float(np.mean(self.found))} if self.found else {}


def ssim(source: Rgb, result: Rgb) -> float:
    """Return the mean structural similarity of two pictures (Wang et al. 2004), each channel on its own, -1 to 1.

    As scikit-image does: uniform windows of 7x7, variances of a sample, the range of the source, and no windows that
    reach over the border.
    """
    span = float(source.max()) - float(source.min())
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    x, y = source.astype(np.float64), result.astype(np.float64)
    mean_x, mean_y = _mean(x), _mean(y)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    var_x, var_y = sample * (_mean(x * x) - mean_x**2), sample * (_mean(y * y) - mean_y**2)
    both = sample * (_mean(x * y) - mean_x * mean_y)
    above = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    if not span:
        return float((source == result).mean())
    return float((above / below)[inside, inside].mean())


def _mean(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.boxFilter(picture, cv2.CV_64F, (WINDOW, WINDOW)), np.float64)


def _smooth(picture: Rgb) -> Rgb:
    return np.asarray(cv2.bilateralFilter(picture, DIAMETER, SIGMA_COLOR, SIGMA_SPACE), np.uint8)
