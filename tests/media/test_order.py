from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cosmos_houdini.media.videos import frame_order


@pytest.fixture
def frames() -> NDArray[np.uint8]:
    """Return ten signatures in which a small light square wanders over grain."""
    rng = np.random.default_rng(3)
    frames = np.repeat(rng.integers(60, 70, (1, 36, 64), dtype=np.uint8), 10, axis=0)
    for index in range(10):
        frames[index, 10, 5 + index] = 200
    return frames


def noisy(frames: NDArray[np.uint8]) -> bytes:
    rng = np.random.default_rng(4)
    return (frames.astype(int) + rng.integers(-1, 2, frames.shape)).astype(np.uint8).tobytes()


def test_frames_that_compression_changed_a_little_are_right(frames: NDArray[np.uint8]):
    assert frame_order.problems(frames.tobytes(), noisy(frames)) == []


def test_two_swapped_frames_are_both_named(frames: NDArray[np.uint8]):
    swapped = frames[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9]]
    assert frame_order.problems(frames.tobytes(), noisy(swapped)) == ["frame 3 shows frame 4", "frame 4 shows frame 3"]


def test_a_dropped_frame_made_up_for_by_a_repeated_one_is_found(frames: NDArray[np.uint8]):
    repeated = frames[[0, 1, 2, 2, 3, 4, 5, 6, 7, 8]]
    assert "frame 9 shows frame 8" in frame_order.problems(frames.tobytes(), noisy(repeated))


def test_a_frame_too_few_is_counted(frames: NDArray[np.uint8]):
    assert frame_order.problems(frames.tobytes(), frames[:9].tobytes()) == ["9 frames were decoded, 10 were encoded"]


def test_a_damaged_frame_is_like_none(frames: NDArray[np.uint8]):
    damaged = frames.copy()
    damaged[6] = 255 - damaged[6]
    assert frame_order.problems(frames.tobytes(), damaged.tobytes()) == [
        "frame 6 shows none of the frames that were encoded"
    ]


def test_frames_that_look_the_same_are_no_problem():
    still = np.full((5, 36, 64), 90, np.uint8)
    assert frame_order.problems(still.tobytes(), noisy(still)) == []


def test_a_slow_fade_that_the_encoder_rounds_away_is_no_problem():
    fade = np.full((8, 36, 64), 90, np.uint8) + (np.arange(8) // 4).astype(np.uint8)[:, None, None]
    held = np.full((8, 36, 64), 90, np.uint8)
    assert frame_order.problems(fade.tobytes(), held.tobytes()) == []
