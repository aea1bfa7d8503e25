from __future__ import annotations

import numpy as np
import pytest

from cosmos_houdini.report.measures import SIZE, Luma, flicker, measure, sample_indices, structure

WIDTH, HEIGHT = SIZE
STEPS = tuple(range(6))


def disc(frames: int = 6) -> Luma:
    """Return a disc that wanders over a soft ramp."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pictures = [np.where(np.hypot(x - 60 - 4 * n, y - 70) < 30, 220, 40 + x // 8) for n in range(frames)]
    return np.stack(pictures).astype(np.uint8)


def noise() -> Luma:
    return np.random.default_rng(3).integers(0, 256, (6, HEIGHT, WIDTH), np.uint8)


def test_a_video_agrees_with_itself_altogether():
    found = measure(disc(), disc(), STEPS)
    assert (found.structure, found.flicker, found.score) == (1.0, 0.0, 1.0)


def test_other_light_and_contrast_keep_the_structure():
    regraded = (255 - disc() * 0.5).astype(np.uint8)
    assert structure(regraded, disc()) > 0.97


def test_the_further_shapes_move_the_lower_is_the_structure():
    near, far = (structure(np.roll(disc(), shift, axis=2), disc()) for shift in (1, 40))
    assert 1 > near > far
    assert structure(noise(), disc()) < 0.2


def test_pictures_without_any_edge_count_nothing():
    assert structure(np.full_like(disc(), 90), disc()) == 0.0


@pytest.mark.parametrize("levels", [4, 16])
def test_flicker_is_the_share_of_white_by_which_the_light_jumps(levels: int):
    jumping = disc().copy()
    jumping[1::2] -= np.uint8(levels)
    assert flicker(jumping, disc(), STEPS) == pytest.approx(levels / 255, rel=0.01)


def test_what_changes_in_the_source_too_is_no_flicker():
    fading = np.stack([picture // (1 + n) for n, picture in enumerate(disc())])
    assert flicker(fading, fading, STEPS) == 0.0


def test_frames_that_are_no_neighbours_are_not_compared_in_time():
    jumping = disc().copy()
    jumping[3:] -= np.uint8(20)
    assert flicker(jumping, disc(), (0, 1, 2, 7, 8, 9)) == 0.0
    assert flicker(jumping, disc(), STEPS) > 0.01


def test_flicker_lowers_the_score():
    jumping = disc().copy()
    jumping[1::2] -= np.uint8(10)
    found = measure(jumping, disc(), STEPS)
    assert found.score == pytest.approx(found.structure - 10 * found.flicker, abs=1e-4)
    assert found.score < found.structure - 0.3


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 9, 5000])
def test_moments_lie_within_the_video(frames: int):
    found = sample_indices(frames)
    assert list(found) == sorted(set(found))
    assert all(0 <= index < frames for index in found)
    assert len(found) <= 16
