"""Checks whether two passes move in step: a change from frame to frame in one should also show in the other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.model.control import Pass

SMALL = (96, 54)
MOST_FRAMES = 240
FEWEST_FRAMES = 6
STEPS = (-2, -1, 0, 1, 2)
# A shift is reported only if the likeness with it exceeds the likeness without it by this factor and this difference.
CLEARLY, AT_LEAST = 1.25, 0.15

Change = NDArray[np.float32]


class MotionTrace:
    """The motion in one pass: the first 240 changes between its frames, at 96 x 54."""

    def __init__(self) -> None:
        self._last: Change | None = None
        self.changes: list[Change] = []

    def add(self, frame: NDArray[Any]) -> None:
        """Add the next frame: height x width, with or without channels, with finite numbers of any range."""
        if len(self.changes) >= MOST_FRAMES:
            return
        plane = frame.astype(np.float32)
        small = np.asarray(cv2.resize(plane, SMALL, interpolation=cv2.INTER_AREA), np.float32)
        if self._last is not None:
            change = np.abs(small - self._last)
            self.changes.append(change.max(axis=-1) if change.ndim == 3 else change)  # noqa: PLR2004 - channels
        self._last = small


def steps_between(first: MotionTrace, second: MotionTrace) -> int:
    """Return by how many frames the second pass is late, negative if the first is; 0 also if too little moves."""
    length = min(len(first.changes), len(second.changes))
    if length < FEWEST_FRAMES:
        return 0
    a, b = _weighed(first.changes[:length]), _weighed(second.changes[:length])
    likeness = {step: _likeness(a, b, step) for step in STEPS}
    best = max(STEPS, key=lambda step: (likeness[step], -abs(step)))
    return best if likeness[best] > max(likeness[0] * CLEARLY, likeness[0] + AT_LEAST) else 0


def step_warning(first_pass: Pass, first: MotionTrace, second_pass: Pass, second: MotionTrace) -> str | None:
    """Return a warning if one pass is late, else None."""
    steps = steps_between(first, second)
    if not steps:
        return None
    late, early = (second_pass, first_pass) if steps > 0 else (first_pass, second_pass)
    frames = "1 frame" if abs(steps) == 1 else f"{abs(steps)} frames"
    return f"the {late} pass seems to be {frames} late against the {early} pass: what moves in them fits better so"


def _weighed(changes: list[Change]) -> Change:
    """Return the square roots of the changes, so that one strong edge does not outweigh all others."""
    weighed: Change = np.sqrt(np.stack(changes))
    return weighed


def _likeness(a: Change, b: Change, step: int) -> float:
    """Return the correlation, -1 to 1, of the changes when ``b`` is moved ``step`` frames ahead."""
    length = len(a) - abs(step)
    first, second = a[max(-step, 0) :][:length], b[max(step, 0) :][:length]
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm else 0.0
