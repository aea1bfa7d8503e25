from __future__ import annotations

import cv2
import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.edges import covered_share, edge_map, texture_warning

rng = np.random.default_rng(2)


def picture() -> np.ndarray:
    """Return a textured frame whose contrasts reach across all thresholds."""
    noise = rng.normal(0, 40, (90, 160, 3)) * np.linspace(0, 2, 160)[None, :, None]
    ramps = np.linspace(0, 400, 160)[None, :, None] * (np.arange(90) // 15 % 2)[:, None, None]
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 1.2) + ramps, 0, 255).astype(np.uint8)


# NVIDIA's AddControlInputEdge, written down here a second time on purpose.
@pytest.mark.parametrize(
    ("preset", "lower", "upper"),
    [("very_low", 20, 50), ("low", 50, 100), ("medium", 100, 200), ("high", 200, 300), ("very_high", 300, 400)],
)
def test_edges_are_those_of_the_engine(preset: str, lower: int, upper: int):
    frame = picture()
    expected = cv2.Canny(frame, lower, upper)
    assert 0 < np.count_nonzero(expected) < expected.size
    assert np.array_equal(edge_map(frame, preset), expected)


def test_presets_differ():
    frame = picture()
    assert len({edge_map(frame, p).tobytes() for p in ("very_low", "low", "medium", "high", "very_high")}) == 5


def test_unknown_preset_names_the_nearest():
    with pytest.raises(BadInput, match=r"no edge preset 'mediun'; allowed: very_low.*did you mean 'medium'"):
        edge_map(picture(), "mediun")


def test_rendered_edges_that_lack_textures_are_noticed():
    frame = picture()
    computed = edge_map(frame, "low")
    silhouettes = np.zeros_like(frame)
    silhouettes[::30] = 255
    share = covered_share(silhouettes, computed)
    assert share < 0.5
    assert texture_warning([share, share]).startswith(f"the rendered edge pass shows {share:.0%} of the edges")


def test_rendered_edges_one_pixel_off_are_complete():
    computed = edge_map(picture(), "low")
    assert covered_share(np.roll(computed, 1, axis=1), computed) == pytest.approx(1, abs=0.01)
    assert texture_warning([1.0, 0.8]) is None


def test_frame_without_edges_asks_for_none():
    black = np.zeros((8, 8), np.uint8)
    assert covered_share(black, black) == 1
    assert texture_warning([]) is None
