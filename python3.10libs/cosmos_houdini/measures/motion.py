"""Measures of time: how much a result changes from frame to frame otherwise than the motion of its source explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.measures.moments import Grey, Moment

WHITE = 255.0
_STILL_LEVELS = 0.4
"""Mean change, in levels, below which a frame repeats the one before it; an encoder changes a held frame by less."""
_MOVING_LEVELS = 1.0
"""Mean change, in levels, above which the source moves."""
_CONSISTENT_PX = 1.0
"""Pixels by which flow there and back may differ; further ones are hidden in one of the two frames."""


@dataclass(slots=True)
class Motion:
    """Measures of neighbouring frames, on pictures 320 pixels wide.

    The flow of the source (DIS, Kroeger et al. 2016) brings each frame onto its neighbour, in source and result alike.
    ``d`` is the mean difference that is left where the flow there and back agrees, as a share of white.

    - ``warping_error``: the mean of ``d`` of the result above that of the source (Lai et al. 2018, with an absolute
      difference).
    - ``seam_jump``: the most by which ``d`` above the source's is higher where a chunk of the engine begins than usual.
    - ``first_frame_jump``: the same for the second frame.
    - ``repeated_frames``: the share of frames that repeat the one before them although the source moves.

    Attributes:
        seams: frames, from 0, at which a further chunk begins.
    """

    seams: tuple[int, ...] = ()
    extra: list[float] = field(default_factory=list)
    repeated: int = 0
    _before: Moment | None = None
    _flow: cv2.DISOpticalFlow = field(
        default_factory=lambda: cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    )

    def add(self, moment: Moment) -> None:
        """Compare a frame with the one before it."""
        before, self._before = self._before, moment
        if before is None:
            return
        result, source = _small_grey(before, moment, "result"), _small_grey(before, moment, "source")
        still = _mean_change(*result) < _STILL_LEVELS
        self.repeated += still and _mean_change(*source) > _MOVING_LEVELS
        back = self._find_flow(source[1], source[0])
        there = self._find_flow(source[0], source[1])
        seen = _is_seen(back, there)
        self.extra.append(_left(result, back, seen) - _left(source, back, seen))

    def _find_flow(self, first: Grey, second: Grey) -> NDArray[np.float32]:
        no_motion = np.zeros((*first.shape, 2), np.float32)
        return np.asarray(self._flow.calc(first, second, no_motion), np.float32)

    def figures(self) -> dict[str, float]:
        """Return the measures; those of a single frame are none."""
        if not self.extra:
            return {}
        found = {
            "warping_error": max(float(np.mean(self.extra)), 0.0),
            "repeated_frames": self.repeated / len(self.extra),
        }
        if len(self.extra) > 1:
            found["first_frame_jump"] = self._jump([1])
        seams = [seam for seam in self.seams if 1 <= seam <= len(self.extra)]
        return found | ({"seam_jump": self._jump(seams)} if seams else {})

    def _jump(self, frames: Iterable[int]) -> float:
        """Return the most by which frames change more than most do; ``extra`` begins with the second frame."""
        usual = float(np.median(self.extra))
        return max(0.0, *(self.extra[frame - 1] - usual for frame in frames))


def _small_grey(before: Moment, now: Moment, which: str) -> tuple[Grey, Grey]:
    first, second = (cv2.cvtColor(getattr(each, f"{which}_small"), cv2.COLOR_RGB2GRAY) for each in (before, now))
    return np.asarray(first, np.uint8), np.asarray(second, np.uint8)


def _mean_change(before: Grey, now: Grey) -> float:
    return float(cv2.absdiff(before, now).mean())


def _is_seen(back: NDArray[np.float32], there: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where flow there and back agrees, so that a pixel is in both frames."""
    returned = back + _moved(there, back)
    return np.asarray(np.hypot(returned[..., 0], returned[..., 1]) < _CONSISTENT_PX)


def _left(pair: tuple[Grey, Grey], back: NDArray[np.float32], seen: NDArray[np.bool_]) -> float:
    """Return the difference of a frame and the one before it brought onto it, as a share of white."""
    if not seen.any():
        return 0.0
    brought = _moved(pair[0].astype(np.float32), back)
    return float(np.abs(brought - pair[1])[seen].mean()) / WHITE


def _moved(picture: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.split(_grid(flow.shape[0], flow.shape[1]) + flow)
    return np.asarray(cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


@cache
def _grid(height: int, width: int) -> NDArray[np.float32]:
    """Return the place of each pixel: across, down."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
