"""The demonstration's renders obey the camera that the scene gives them."""

from __future__ import annotations

import numpy as np
import pytest

from cosmos_houdini.demo.raycast import Ball, Block, View, cast, rotation
from cosmos_houdini.demo.renders import FLAT_COLORS, NEAREST_M, disparity

AHEAD = View(translate=(0, 1, 5), rotate=(0, 0, 0), focal_mm=50, aperture_mm=50)


def test_rotation_turns_about_x_then_y_then_z() -> None:
    assert np.allclose(rotation((90, 0, 0)) @ [0, 0, -1], [0, 1, 0], atol=1e-6)
    assert np.allclose(rotation((0, 90, 0)) @ [0, 0, -1], [-1, 0, 0], atol=1e-6)
    assert np.allclose(rotation((90, 90, 0)) @ [0, 0, -1], [0, 1, 0], atol=1e-6)


def test_depth_is_the_distance_along_the_axis_and_not_along_the_ray() -> None:
    wall = Block(low=(-50, -50, -11), high=(50, 50, -10), color=(1, 1, 1))
    depth = cast(AHEAD, (64, 36), (wall,)).depth_m
    seen = depth[:18]  # above the horizon nothing but the wall is hit
    assert np.allclose(seen, 15, atol=1e-3)


def test_focal_length_and_aperture_give_the_angle_of_view() -> None:
    ball = Ball(center=(0, 1, -5), radius=0.01, color=(1, 1, 1))
    edge = View(translate=(0, 1, 5), rotate=(0, 0, 0), focal_mm=50, aperture_mm=2 * 50 * 1.0 / 10 * 2)
    assert cast(edge, (101, 101), (ball,)).ids[50, 50] == 2
    right = Ball(center=(1, 1, -5), radius=0.1, color=(1, 1, 1))
    column = np.flatnonzero((cast(edge, (100, 100), (right,)).ids == 2).any(axis=0))
    assert column.mean() == pytest.approx(50 + 100 * (1 / 10 * 50) / edge.aperture_mm, abs=1)


def test_sky_has_no_depth_and_is_black_in_the_depth_pass() -> None:
    picture = cast(AHEAD, (32, 18), ())
    assert np.isinf(picture.depth_m[0]).all()
    assert (picture.ids[0] == 0).all()
    assert (disparity(picture)[0] == 0).all()


def test_near_is_bright() -> None:
    picture = cast(AHEAD, (32, 18), ())
    column = disparity(picture)[9:, 16].astype(int)
    assert (np.diff(column) >= 0).all()
    assert column[-1] == min(255, int(NEAREST_M / picture.depth_m[-1, 16] * 255))


def test_every_object_has_a_colour_of_its_own() -> None:
    assert len(set(FLAT_COLORS)) == len(FLAT_COLORS)
