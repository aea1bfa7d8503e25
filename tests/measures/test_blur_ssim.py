"""Blur-SSIM and Edge-F1 beside computations of other libraries."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from cosmos_houdini.measures.blur_ssim import BlurSsim, ssim
from cosmos_houdini.measures.edges import EdgeF1
from cosmos_houdini.measures.moments import make_moment

Picture = NDArray[np.uint8]


def picture(seed: int) -> Picture:
    random = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(random.normal(128, 90, (60, 80, 3)), (0, 0), 2.5)
    return ((soft - 128) * 5 + 128).clip(0, 255).astype(np.uint8)


def ssim_by_scipy(x: Picture, y: Picture) -> float:
    """Return SSIM as scikit-image's structural_similarity writes it, with SciPy's filter of exact windows."""
    span = float(x.max()) - float(x.min())
    values = []
    for channel in range(3):
        a, b = x[..., channel].astype(np.float64), y[..., channel].astype(np.float64)
        ux, uy = ndimage.uniform_filter(a, 7), ndimage.uniform_filter(b, 7)
        norm = 49 / 48
        vx = norm * (ndimage.uniform_filter(a * a, 7) - ux * ux)
        vy = norm * (ndimage.uniform_filter(b * b, 7) - uy * uy)
        vxy = norm * (ndimage.uniform_filter(a * b, 7) - ux * uy)
        c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
        whole = ((2 * ux * uy + c1) * (2 * vxy + c2)) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
        values.append(whole[3:-3, 3:-3].mean())
    return float(np.mean(values))


@pytest.mark.parametrize("seed", range(4))
def test_ssim_agrees_with_another_library(seed: int):
    one, other = picture(seed), picture(seed + 50)
    mixed = cv2.addWeighted(one, 0.7, other, 0.3, 0)
    assert ssim(one, mixed) == pytest.approx(ssim_by_scipy(one, mixed), abs=1e-6)


def test_blur_ssim_smooths_both_and_falls_with_structure():
    source = picture(1)
    values = []
    for share in (0.0, 0.2, 0.6, 1.0):
        measure = BlurSsim(frames=frozenset({0}))
        measure.add(make_moment(0, cv2.addWeighted(source, 1 - share, picture(9), share, 0), source))
        values.append(measure.figures()["blur_ssim"])
    assert values[0] == pytest.approx(1.0)
    assert values == sorted(values, reverse=True)
    smooth = [cv2.bilateralFilter(one, 30, 150, 100) for one in (source, picture(9))]
    assert values[-1] == pytest.approx(ssim_by_scipy(smooth[0], smooth[1]), abs=1e-3)


def test_a_frame_that_is_not_looked_at_counts_nothing():
    measure = BlurSsim(frames=frozenset({3}))
    measure.add(make_moment(0, picture(1), picture(2)))
    assert measure.figures() == {}


def test_pictures_of_one_flat_colour_compare():
    flat = np.full((20, 20, 3), 90, np.uint8)
    assert ssim(flat, flat) == 1.0
    assert ssim(flat, flat + np.uint8(9)) == 0.0


def test_edge_f1_pools_hits_over_the_frames():
    measure = EdgeF1()
    true = false = missed = 0
    for seed in range(3):
        result, source = picture(seed), cv2.addWeighted(picture(seed), 0.8, picture(seed + 9), 0.2, 0)
        measure.add(make_moment(seed, result, source))
        mine, theirs = (cv2.Canny(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), 100, 200) > 0 for one in (result, source))
        true += np.count_nonzero(mine & theirs)
        false += np.count_nonzero(mine & ~theirs)
        missed += np.count_nonzero(~mine & theirs)
    precision, recall = true / (true + false), true / (true + missed)
    assert measure.figures()["edge_f1"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_a_result_of_another_size_is_brought_to_the_source():
    source = picture(2)
    larger = cv2.resize(source, (160, 120), interpolation=cv2.INTER_LINEAR)
    measure = EdgeF1()
    measure.add(make_moment(0, larger, source))
    assert measure.figures()["edge_f1"] > 0.5
