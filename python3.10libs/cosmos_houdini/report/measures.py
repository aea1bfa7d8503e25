"""Measures of how near a result is to its source, and the score made of them.

They are proxies. They show whether a result keeps the shot's shapes and stays as calm as the shot; they do not show
whether it is beautiful or follows the prompt, and high control weights tend to score well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""Frames x height x width, 0 to 255."""

SIZE = (256, 144)
"""Width and height at which frames are compared; both videos are squashed to it, as the engines squash their input."""

MOMENTS = 8
BLOCKS = (16, 9)
WHITE = 255.0
FLICKER_WEIGHT = 10.0
FORMULA = (
    "score = structure - 10 x flicker, 1 at best. Structure, -1 to 1, is the correlation of the edges of result and "
    "source. Flicker, 0 to 1, is how much brightness changes from one frame to the next otherwise than in the source, "
    "as a share of full white. It is a proxy, taken at 8 moments from pictures of 256x144: it shows whether shapes and "
    "calm of the shot are kept, not whether the result is beautiful or follows the prompt. High control weights "
    "tend to score well."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures of one result.

    Attributes:
        structure: see ``structure``; -1 to 1, higher is nearer.
        flicker: see ``flicker``; 0 to 1, lower is calmer.
    """

    structure: float
    flicker: float

    @property
    def score(self) -> float:
        """Structure minus FLICKER_WEIGHT times flicker: 1 at best; a flicker of 1 % of white costs 0.1."""
        return round(self.structure - FLICKER_WEIGHT * self.flicker, 4)


def sample_indices(frames: int) -> tuple[int, ...]:
    """Return the indices of the frames that are looked at: pairs of neighbours, spread over the video.

    >>> sample_indices(3), sample_indices(121)[:4], len(sample_indices(121))
    ((0, 1, 2), (0, 1, 17, 18), 16)
    """
    if frames < 2:  # noqa: PLR2004 - a pair
        return tuple(range(frames))
    first = np.linspace(0, frames - 2, MOMENTS).round().astype(int)
    return tuple(sorted({int(index) + step for index in first for step in (0, 1)}))


def measure(result: Luma, source: Luma, indices: tuple[int, ...]) -> Measures:
    """Return the measures of a result.

    Args:
        result: its frames.
        source: the same frames of the video that it was made from.
        indices: which frames they are; flicker is taken from those that are neighbours.
    """
    return Measures(structure=round(structure(result, source), 4), flicker=round(flicker(result, source, indices), 5))


def structure(result: Luma, source: Luma) -> float:
    """Return how far the edges of two videos agree: the mean over frames of Pearson's correlation, -1 to 1.

    The score correlates the magnitude of the gradient of brightness (Sobel, 3x3). Thus other colours, contrast and
    light count little, and the outlines of shapes count much. A frame without any edge, in either video, counts 0.
    """
    return float(np.mean([_correlation(_edges(a), _edges(b)) for a, b in zip(result, source, strict=True)]))


def flicker(result: Luma, source: Luma, indices: tuple[int, ...]) -> float:
    """Return how much a result changes otherwise than its source: the mean of ``|dR - dS| / 255``, 0 to 1.

    dR and dS are the changes of a block's mean brightness from one frame to the next, in result and source, for 16x9
    blocks and all neighbouring frames; blocks are large, so that fine motion counts little. 0 without neighbours.
    """
    pairs = [place for place in range(1, len(indices)) if indices[place] == indices[place - 1] + 1]
    if not pairs:
        return 0.0
    blocks_r, blocks_s = _blocks(result), _blocks(source)
    changes = [(blocks_r[at] - blocks_r[at - 1]) - (blocks_s[at] - blocks_s[at - 1]) for at in pairs]
    return float(np.mean(np.abs(changes))) / WHITE


def _edges(picture: NDArray[np.uint8]) -> NDArray[Any]:
    dx, dy = (cv2.Sobel(picture, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    return np.hypot(dx, dy)


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0 else 0.0


def _blocks(pictures: Luma) -> NDArray[Any]:
    return np.stack([cv2.resize(p.astype(np.float32), BLOCKS, interpolation=cv2.INTER_AREA) for p in pictures])
