from __future__ import annotations

import numpy as np
import pytest

from cosmos_houdini.media.controls.masks import mask_from_cryptomatte, mask_from_picture
from support.media.exr_files import cryptomatte, object_id


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 0.51, 1.0, 7.0, np.nan]], np.float32), [0, 0, 255, 255, 255, 0]),
        (np.array([[0, 127, 128, 255]], np.uint8), [0, 0, 255, 255]),
        (np.array([[0, 32767, 32768, 65535]], np.uint16), [0, 0, 255, 255]),
        (np.array([[[255, 0, 0], [0, 255, 255]]], np.uint8), [255, 0]),
    ],
)
def test_mask_is_white_above_one_half_and_black_elsewhere(values: np.ndarray, expected: list[int]):
    mask = mask_from_picture(values)
    assert mask.dtype == np.uint8
    assert mask[0].tolist() == expected


def test_threshold_is_a_share_of_the_range():
    assert mask_from_picture(np.array([[20, 30]], np.uint8), threshold=0.1).tolist() == [[0, 255]]


def test_objects_that_share_a_pixel_cover_it_together():
    share = np.array([[0.3, 0.3, 0.0]], np.float32)
    channels, _ = cryptomatte("crypto", {"a": share, "b": np.array([[0.3, 0.1, 0.2]], np.float32)})
    ranks = np.stack([channels[name] for name in channels], axis=-1)
    assert mask_from_cryptomatte(ranks, [object_id("a"), object_id("b")]).tolist() == [[255, 0, 0]]
    assert not mask_from_cryptomatte(ranks, [object_id("a")]).any()
