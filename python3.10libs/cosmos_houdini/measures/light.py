"""Measures of light and colour: drift over the shot, sharpness, black frames, and sameness with the source."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.measures.moments import Grey, Moment

WHITE = 255.0
_END = 0.1
"""Share of the frames, at either end, between which drift is measured."""
_BLACK_LEVELS = 4.0
_SEEN_LEVELS = 12.0


@dataclass(slots=True)
class Light:
    """Measures of light and colour.

    - ``exposure_drift``: by how much the brightness of the last tenth differs from that of the first, otherwise than in
      the source, as a share of white.
    - ``color_drift``: the same for the two differences of colour (Cr and Cb of ITU-R BT.601), as the length of both.
    - ``sharpness``: variance of the Laplacian of the result divided by that of the source, over every fourth frame.
    - ``black_frames``: the share of frames that are black although those of the source are not.
    - ``sameness``: 1 minus the mean difference of RGB from the source, as a share of white: 1 for a copy.
    """

    colors: list[tuple[list[float], list[float]]] = field(default_factory=list)
    detail: list[tuple[float, float]] = field(default_factory=list)
    black: int = 0
    apart: float = 0.0

    def add(self, moment: Moment) -> None:
        """Measure a frame."""
        means = [
            [float(mean) for mean in cv2.mean(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))[:3]]
            for picture in (moment.result_small, moment.source_small)
        ]
        self.colors.append((means[0], means[1]))
        if moment.is_looked_at:
            self.detail.append((_detail(moment.result_grey), _detail(moment.source_grey)))
        self.black += means[0][0] < _BLACK_LEVELS and means[1][0] > _SEEN_LEVELS
        self.apart += float(cv2.absdiff(moment.result_small, moment.source_small).mean())

    def figures(self) -> dict[str, float]:
        """Return the measures; those of no frame are none."""
        frames = len(self.colors)
        if not frames:
            return {}
        drift = self._drift()
        of_result, of_source = (sum(pair[which] for pair in self.detail) for which in (0, 1))
        found = {
            "exposure_drift": abs(float(drift[0])),
            "color_drift": float(np.hypot(drift[1], drift[2])),
            "black_frames": self.black / frames,
            "sameness": 1 - self.apart / frames / WHITE,
        }
        return found | ({"sharpness": of_result / of_source} if of_source else {})

    def _drift(self) -> NDArray[np.float64]:
        length = max(round(len(self.colors) * _END), 1)
        off = np.array([np.subtract(mine, theirs) for mine, theirs in self.colors]) / WHITE
        return np.asarray(off[-length:].mean(axis=0) - off[:length].mean(axis=0), np.float64)


def _detail(grey: Grey) -> float:
    return float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0]) ** 2
