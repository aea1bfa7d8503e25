"""Computes the edge control from the colour pass as the engines do, and finds what a rendered edge pass lacks.

The thresholds of ``cv2.Canny`` are those of ``AddControlInputEdge`` in Cosmos-Transfer 1 and 2.5, for frames of the
engine's size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput, did_you_mean

THRESHOLDS = {
    "very_low": (20, 50),
    "low": (50, 100),
    "medium": (100, 200),
    "high": (200, 300),
    "very_high": (300, 400),
}
# A rendered line may be this far from the edge in the picture and still count as the same edge.
REACH_PX = 2
LEAST_SHARE = 0.5
LINE_LEVEL = 64

Picture = NDArray[np.uint8]


def thresholds(preset: str) -> tuple[int, int]:
    """Return the lower and the upper threshold of a preset.

    Raises:
        BadInput: there is no preset of that name.
    """
    if preset not in THRESHOLDS:
        raise BadInput(
            f"no edge preset {preset!r}", allowed=", ".join(THRESHOLDS), action=did_you_mean(preset, THRESHOLDS)
        )
    return THRESHOLDS[preset]


def edge_map(rgb: Picture, preset: str = "medium") -> Picture:
    """Return the edges of a height x width x 3 frame of the engine's size: height x width, 255 on edges, 0 elsewhere.

    Raises:
        BadInput: there is no preset of that name.
    """
    low, high = thresholds(preset)
    return np.asarray(cv2.Canny(np.ascontiguousarray(rgb), low, high), np.uint8)


def covered_share(rendered: Picture, computed: Picture) -> float:
    """Return the share of the computed edges that a rendered edge pass also shows, 0 to 1; 1 if there are no edges.

    Args:
        rendered: height x width or height x width x 3, bright lines on black.
        computed: result of ``edge_map`` for the colour frame, in the same size.
    """
    plane = rendered.max(axis=-1) if rendered.ndim == 3 else rendered  # noqa: PLR2004 - channels
    lines = cv2.dilate((plane >= LINE_LEVEL).astype(np.uint8), np.ones((2 * REACH_PX + 1, 2 * REACH_PX + 1), np.uint8))
    edges = computed > 0
    return float(lines[edges].mean()) if edges.any() else 1.0


def texture_warning(shares: list[float]) -> str | None:
    """Return a warning if a rendered edge pass lacks most of the edges of the colour pass, else None.

    Args:
        shares: results of ``covered_share`` for some frames.
    """
    share = float(np.mean(shares)) if shares else 1.0
    if share >= LEAST_SHARE:
        return None
    return (
        f"the rendered edge pass shows {share:.0%} of the edges of the colour pass: without the edges of textures "
        "surfaces come out bare; leave it out to have edges computed from the colour pass"
    )
