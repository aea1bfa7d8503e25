from __future__ import annotations

import numpy as np
import pytest

from cosmos_houdini.media.checks.motion import MotionTrace, step_warning, steps_between
from cosmos_houdini.model.control import Pass

HEIGHT, WIDTH = 108, 192
NOISE = np.random.default_rng(1).integers(0, 60, (HEIGHT, WIDTH, 3))


def shot(frames: int, *, speed: float = 6.0, late: int = 0) -> tuple[MotionTrace, MotionTrace]:
    """Return the traces of a colour and a depth pass of two discs that cross a textured ground."""
    color, depth = MotionTrace(), MotionTrace()
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for frame in range(frames):
        for trace, time in ((color, frame), (depth, frame - late)):
            first = np.hypot(x - 20 - speed * time, y - 40) < 14
            second = np.hypot(x - 100, y - 10 - speed * time) < 18
            if trace is color:
                picture = NOISE + 120 * first[..., None] + np.array([20, 90, 60]) * second[..., None]
                trace.add(picture.astype(np.uint8))
            else:
                trace.add(np.where(first, 0.9, np.where(second, 0.5, 0.1)).astype(np.float32))
    return color, depth


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 2])
def test_pass_that_is_late_is_found(late: int):
    assert steps_between(*shot(14, late=late)) == late


def test_sentence_names_the_late_pass():
    color, depth = shot(14, late=1)
    said = step_warning(Pass.COLOR, color, Pass.DEPTH, depth)
    assert said == ("the depth pass seems to be 1 frame late against the color pass: what moves in them fits better so")
    color, depth = shot(14, late=-2)
    assert step_warning(Pass.COLOR, color, Pass.DEPTH, depth).startswith("the color pass seems to be 2 frames late")
    assert step_warning(Pass.COLOR, *shot(14)[:1], Pass.DEPTH, shot(14)[1]) is None


def test_shot_that_stands_still_or_is_short_says_nothing():
    assert steps_between(*shot(14, speed=0, late=1)) == 0
    assert steps_between(*shot(5, late=1)) == 0


def test_memory_ends_with_the_first_frames():
    trace = MotionTrace()
    for _ in range(300):
        trace.add(np.zeros((54, 96), np.uint8))
    assert len(trace.changes) == 240
