from __future__ import annotations

import numpy as np
import pytest

from cosmos_houdini.media.checks.plausibility import DepthShape, EmptyFrames, linear_as_srgb, many_colors
from cosmos_houdini.model.control import Pass

rng = np.random.default_rng(9)
RAMP = np.linspace(0.05, 1, 60, dtype=np.float32)[:, None] * np.ones((1, 80), np.float32)


def depth_sentences(*frames: np.ndarray) -> list[str]:
    shape = DepthShape()
    for number, frame in enumerate(frames, 1001):
        shape.add(number, frame.astype(np.float32))
    return shape.sentences()


def test_ground_below_and_sky_above_is_nothing_to_speak_of():
    sky = RAMP.copy()
    sky[:25] = 0
    assert depth_sentences(RAMP, sky) == []


def test_constant_depth_is_noticed_with_its_frames():
    flat = np.full((60, 80), 0.5)
    assert depth_sentences(RAMP, flat, flat, RAMP) == ["the depth pass is constant in frames 1002-1003"]
    assert depth_sentences(flat) == ["the depth pass is constant in frame 1001"]


def test_clipped_depth_is_noticed():
    (sentence,) = depth_sentences(np.minimum(RAMP, 0.6))
    assert sentence.startswith("the depth pass is clipped in frame 1001: at least 20%")


def test_depth_clipped_at_the_far_end_is_noticed():
    assert len(depth_sentences(np.maximum(RAMP, 0.4))) == 1


def test_upside_down_depth_is_noticed_with_evidence():
    (sentence,) = depth_sentences(RAMP[::-1])
    assert "seems upside down: its upper third is nearer than its lower third (0.85 and 0.20" in sentence


def test_sky_alone_is_left_to_others():
    assert depth_sentences(np.zeros((60, 80))) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_black_frames_are_noticed(dtype: type):
    empty = EmptyFrames(Pass.COLOR)
    white = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    for number in range(1, 6):
        empty.add(number, np.full((4, 4, 3), 0 if number in {2, 4} else white // 2 or 1, dtype))
    assert empty.sentences() == ["the color pass is black in frames 2, 4"]


def test_frames_with_nan_are_noticed():
    empty = EmptyFrames(Pass.COLOR)
    empty.add(1, np.ones((4, 4, 3), np.float32))
    frame = np.ones((4, 4, 3), np.float32)
    frame[0, 0, 0] = np.nan
    empty.add(2, frame)
    assert empty.sentences() == ["the color pass holds NaN in frame 2"]


def test_shaded_segmentation_is_noticed_and_flat_is_not():
    flat = np.repeat(np.repeat(rng.integers(0, 500, (20, 30)), 8, axis=0), 8, axis=1)
    assert many_colors(7, flat) is None
    sentence = many_colors(7, rng.integers(0, 10**6, (64, 64)))
    assert sentence.startswith("the seg pass has 40")
    assert "in frame 7" in sentence


def photograph() -> np.ndarray:
    """Return linear light as pictures have it: a grey of 0.05 in the middle, some stops around it, a few lamps."""
    light = np.exp2(rng.normal(-4.3, 1.5, (64, 96, 1))) * (0.7 + 0.3 * rng.random((64, 96, 3)))
    light[:6, :12] = 0.9
    return light.clip(0, 1)


@pytest.mark.parametrize("top", [255, 65535])
def test_linear_light_in_an_integer_picture_is_noticed(top: int):
    linear = photograph()
    dtype = np.uint8 if top == 255 else np.uint16
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert linear_as_srgb([(encoded * top).astype(dtype)]) is None
    assert "it seems to be linear" in linear_as_srgb([(linear * top).astype(dtype)])


def test_light_above_white_in_a_float_picture_is_noticed():
    assert "reaches 3 where white is 1" in linear_as_srgb([np.full((4, 4, 3), 3, np.float16)])
    assert linear_as_srgb([np.full((4, 4, 3), 0.7, np.float16)]) is None
    assert linear_as_srgb([]) is None


def test_night_without_lights_is_not_called_linear():
    assert linear_as_srgb([np.full((4, 4, 3), 9, np.uint8)]) is None
