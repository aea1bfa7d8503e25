from __future__ import annotations

import cv2
import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.blur import _bilateral, blur
from cosmos_houdini.media.controls.blur_presets import TRANSFER1, TRANSFER25, BlurPreset, find_preset

rng = np.random.default_rng(4)
WIDTH, HEIGHT = 160, 96
FRAME = np.clip(cv2.GaussianBlur(rng.normal(128, 400, (HEIGHT, WIDTH, 3)), (0, 0), 3), 0, 255).astype(np.uint8)


def bicubic_weights(small: int, large: int) -> np.ndarray:
    """Return the matrix of the antialiased bicubic filter (a = -0.5, half-pixel centres) that PyTorch applies."""
    scale = small / large
    stretch = max(scale, 1.0)
    matrix = np.zeros((large, small))
    for row in range(large):
        centre = (row + 0.5) * scale
        first, last = max(0, int(centre - 2 * stretch + 0.5)), min(small, int(centre + 2 * stretch + 0.5))
        for column in range(first, last):
            x = abs((column + 0.5 - centre) / stretch)
            if x < 1:
                matrix[row, column] = (1.5 * x - 2.5) * x * x + 1
            elif x < 2:
                matrix[row, column] = -0.5 * (((x - 5) * x + 8) * x - 4)
    return matrix / matrix.sum(axis=1, keepdims=True)


def bicubic(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    rows, columns = bicubic_weights(frame.shape[0], height), bicubic_weights(frame.shape[1], width)
    return np.einsum("ij,jkc,lk->ilc", rows, frame.astype(float), columns)


def engine_blur(frame: np.ndarray, shrink: int, bilateral: tuple[int, int, int], down_up: int) -> np.ndarray:
    small = cv2.resize(frame, (WIDTH // shrink, HEIGHT // shrink), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(cv2.bilateralFilter(small, *bilateral), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    down = np.round(bicubic(smooth, int(WIDTH / down_up), int(HEIGHT / down_up))).clip(0, 255).astype(np.uint8)
    return bicubic(down, WIDTH, HEIGHT).clip(0, 255)


# NVIDIA's AddControlInputBlur and its presets, written down here a second time on purpose.
@pytest.mark.parametrize(
    ("presets", "name", "shrink", "bilateral", "down_up"),
    [
        (TRANSFER25, "very_low", 1, (30, 150, 100), 4),
        (TRANSFER25, "low", 4, (30, 150, 100), 4),
        (TRANSFER25, "medium", 2, (30, 150, 100), 10),
        (TRANSFER25, "high", 1, (30, 150, 100), 16),
        (TRANSFER25, "very_high", 4, (30, 150, 100), 16),
        (TRANSFER1, "very_low", 1, (15, 100, 50), 4),
        (TRANSFER1, "low", 4, (15, 100, 50), 4),
        (TRANSFER1, "medium", 2, (30, 150, 100), 10),
        (TRANSFER1, "high", 1, (50, 300, 150), 16),
        (TRANSFER1, "very_high", 4, (50, 300, 150), 16),
    ],
)
def test_blur_is_that_of_the_engine(
    presets: dict[str, object], name: str, shrink: int, bilateral: tuple[int, int, int], down_up: int
):
    expected = engine_blur(FRAME, shrink, bilateral, down_up)
    found = blur(FRAME, find_preset(name, presets))
    assert found.dtype == np.uint8
    # Half a level is rounding; where the exact value lies on the edge of two levels either is right.
    assert np.abs(found - expected).max() < 0.51


@pytest.mark.skipif(not cv2.ipp.useIPP(), reason="this OpenCV never calls Intel's library")
@pytest.mark.parametrize("preset", [TRANSFER25["medium"], TRANSFER1["very_low"], TRANSFER1["very_high"]])
def test_blur_hardly_differs_where_the_engine_calls_intels_library(preset: BlurPreset):
    frame = cv2.resize(FRAME, (640, 352), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(frame, (640 // preset.shrink, 352 // preset.shrink), interpolation=cv2.INTER_AREA)
    theirs = cv2.bilateralFilter(small, preset.diameter_px, preset.sigma_color, preset.sigma_space)
    difference = np.abs(_bilateral(small, preset).astype(int) - theirs)
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= max(1, difference.size / 100_000)
    assert cv2.ipp.useIPP()


def test_stronger_presets_keep_less_detail():
    detail = [np.abs(np.diff(blur(FRAME, p).astype(int), axis=1)).mean() for p in TRANSFER25.values()]
    assert detail[0] > detail[2] > detail[4]


def test_same_frame_gives_the_same_blur():
    preset = find_preset("medium", TRANSFER25)
    assert np.array_equal(blur(FRAME, preset), blur(FRAME.copy(), preset))


def test_unknown_preset_names_the_nearest():
    with pytest.raises(BadInput, match=r"no blur preset 'hihg'; allowed: very_low.*did you mean 'high'"):
        find_preset("hihg", TRANSFER25)
