"""The demonstration's renders obey the camera that the scene gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.demo.raycast import COURTYARD, Ball, Block, View, cast, rotation
from cosmos_houdini.demo.renders import NAMES, channels, object_id, render
from cosmos_houdini.media.control_settings import ColorSettings
from cosmos_houdini.media.pictures.color import display_transform
from cosmos_houdini.media.pictures.cryptomatte import read_manifest
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.model.control import Pass

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


def test_sky_has_no_depth_and_no_object() -> None:
    picture = cast(AHEAD, (32, 18), ())
    assert np.isinf(picture.depth_m[0]).all()
    assert (picture.ids[0] == 0).all()
    written = channels(picture)
    assert np.isneginf(written["Pz"][0]).all()
    assert not written["CryptoObject00.G"][0].any()


def test_every_object_of_the_courtyard_has_a_name_and_an_id_of_its_own() -> None:
    assert len(NAMES) == len(COURTYARD) + 1
    assert len({object_id(name) for name in NAMES}) == len(NAMES)


def test_the_written_frames_feed_every_pass(tmp_path: Path) -> None:
    assert list(render(tmp_path, "courtyard", {7: AHEAD}, (64, 36))) == [7]
    header = read_header(tmp_path / "courtyard.0007.exr")
    chosen = choose_layers(header)
    assert {str(pass_): layer.name for pass_, layer in chosen.items()} == {
        "color": "rgba",
        "depth": "Pz",
        "seg": "CryptoObject",
    }
    manifest = read_manifest(header, chosen[Pass.SEG])
    assert manifest.key(object_id("/obj/ground")) == "/obj/ground"
    assert display_transform(ColorSettings(), header.attributes[0]).input_reason == "the file's chromaticities"
