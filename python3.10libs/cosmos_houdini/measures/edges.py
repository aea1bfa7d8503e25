"""Measures of shape: edges of the result against those of the source and of the exact passes."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from cosmos_houdini.measures.moments import Grey, Moment, Rgb

CANNY = (100, 200)
"""Thresholds of PAI-Bench-C's Edge-F1 (arXiv 2512.01989)."""
_FINE_CANNY = (40, 100)
"""Thresholds for edges that a border of a pass should have beside it: softer ones count too."""
_REACH = 2
"""Pixels by which an edge may lie beside the border of a pass, at a width of 1280."""
_STEPS = {"depth": 8, "seg": 16}
"""Levels, of 255, by which a pass jumps at a border; colours of a segmentation change by less in the encoder."""
_NAMES = {"depth": "depth_edges", "seg": "seg_borders"}
_WIDE = 1280


@dataclass(slots=True)
class EdgeF1:
    """``edge_f1`` as PAI-Bench-C computes it.

    2PR / (P + R) of Canny's edges (100, 200) of result and source; hits and misses are pooled over all frames, and a
    pixel counts only at its very place.
    """

    hits: int = 0
    edges: int = 0

    def add(self, moment: Moment) -> None:
        """Count the edges of a frame."""
        mine, theirs = cv2.Canny(moment.result_grey, *CANNY), cv2.Canny(moment.source_grey, *CANNY)
        self.hits += cv2.countNonZero(cv2.bitwise_and(mine, theirs))
        self.edges += cv2.countNonZero(mine) + cv2.countNonZero(theirs)

    def figures(self) -> dict[str, float]:
        """Return ``edge_f1``; two videos without any edge agree."""
        return {"edge_f1": 2 * self.hits / self.edges if self.edges else 1.0}


@dataclass(slots=True)
class PassBorders:
    """``depth_edges`` and ``seg_borders``: how many borders of an exact pass the result shows.

    The share of a pass's borders with an edge of the result at most 2 pixels beside, divided by the same share of the
    source. 1 says that the result shows as many as the plate does; more are not rewarded. Only frames with pictures of
    the passes are looked at.
    """

    shown: dict[str, list[int]] = field(default_factory=dict)

    def add(self, moment: Moment) -> None:
        """Count the borders of a frame."""
        passes = {name: picture for name, picture in moment.controls.items() if name in _NAMES}
        if not passes:
            return
        near = [_near(grey) for grey in (moment.result_grey, moment.source_grey)]
        for name, picture in passes.items():
            counts = self.shown.setdefault(name, [0, 0])
            border = _borders(picture, _STEPS[name])
            for place, edges in enumerate(near):
                counts[place] += cv2.countNonZero(cv2.bitwise_and(border, edges))

    def figures(self) -> dict[str, float]:
        """Return a share for each pass that has borders which the source shows."""
        return {_NAMES[name]: min(mine / theirs, 1.0) for name, (mine, theirs) in self.shown.items() if theirs}


def _borders(picture: Rgb, step: int) -> Grey:
    """Return 255 where a pixel differs from its left or upper neighbour by more than a step in any channel."""
    found = np.zeros(picture.shape[:2], np.uint8)
    found[:, 1:] = _differ(picture[:, 1:], picture[:, :-1], step)
    found[1:] |= _differ(picture[1:], picture[:-1], step)
    return found


def _differ(one: Rgb, other: Rgb, step: int) -> Grey:
    return np.asarray(cv2.bitwise_not(cv2.inRange(cv2.absdiff(one, other), (0, 0, 0), (step,) * 3)), np.uint8)


def _near(grey: Grey) -> Grey:
    edges = cv2.Canny(grey, *_FINE_CANNY)
    reach = max(round(_REACH * edges.shape[1] / _WIDE), 1)
    return np.asarray(cv2.dilate(edges, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
