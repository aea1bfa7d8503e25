from __future__ import annotations

from pathlib import Path

import numpy as np

from cosmos_houdini.media.controls.depth import DepthKind, RangeSurvey, disparity, to_8bit
from cosmos_houdini.media.controls.segmentation import CodeSurvey, ColorTable, paint
from cosmos_houdini.media.pictures.cryptomatte import read_manifest, strongest
from cosmos_houdini.media.pictures.geometry import plan_geometry
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.media.pictures.picture_io import read_passes
from cosmos_houdini.model.control import Pass
from support.media.exr_files import cryptomatte, write_parts

WIDTH, HEIGHT = 96, 54
NAMES = ("/obj/ground", "/obj/car", "/obj/tree")


def scene(frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Return depth, infinite in the sky, and the number of the object that is seen, 0 in the sky."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = np.where(y > 20, 60.0 / np.maximum(y - 19, 1), np.inf)
    owner = np.where(y > 20, 1, 0)
    for number, (left, near) in enumerate(((10 + 9 * frame, 4.0), (70, 6.5)), 2):
        box = (abs(x - left) < 12) & (y > 12) & (y < 40)
        depth[box], owner[box] = near + frame / 8, number
    return depth.astype(np.float32), owner


def render(path: Path, frame: int) -> Path:
    """Write one multi-part frame, cropped to what holds pixels, depth negative as in camera space."""
    depth, owner = scene(frame)
    coverage = {name: (owner == number).astype(np.float32) for number, name in enumerate(NAMES, 1)}
    ranks, attributes = cryptomatte("CryptoObject", {name: share[13:] for name, share in coverage.items()})
    color = np.full((HEIGHT, WIDTH), 0.1 * frame, np.float16)
    return write_parts(
        path,
        {"rgba": dict.fromkeys("RGB", color), "depth": {"Pz": -depth[13:]}, "crypto": ranks},
        at={"depth": (0, 13), "crypto": (0, 13)},
        display=(0, 0, WIDTH, HEIGHT),
        attributes={"crypto": attributes},
    )


def test_known_depth_and_ids_come_through_the_whole_way(tmp_path: Path):
    paths = [render(tmp_path / f"shot.{n:04}.exr", n) for n in range(4)]
    header = read_header(paths[0])
    layers = choose_layers(header)
    manifest = read_manifest(header, layers[Pass.SEG])
    ranges, survey = RangeSurvey(), CodeSurvey()
    for path in paths:
        passes = read_passes(path, layers)
        ranges.add(disparity(passes[Pass.DEPTH], DepthKind.CAMERA_Z))
        survey.add(strongest(passes[Pass.SEG]))
    depth_range = ranges.range(DepthKind.CAMERA_Z, high_percent=100)
    table = ColorTable().extend(manifest.key(code) for code in survey.objects())
    colors = {code: table.colors[manifest.key(code)] for code in survey.objects()}
    same_size = plan_geometry((WIDTH, HEIGHT), (WIDTH, HEIGHT))
    assert set(table.colors) == set(NAMES)

    truth = np.stack([1 / scene(n)[0].astype(float) for n in range(4)])
    low, high = truth[truth > 0].min(), truth.max()
    for number, path in enumerate(paths):
        passes = read_passes(path, layers)
        near = same_size.forward(disparity(passes[Pass.DEPTH], DepthKind.CAMERA_Z), Pass.DEPTH)
        exact = np.clip((truth[number] - low) / (high - low) * 255, 0, 255)
        error = exact - to_8bit(near, depth_range)
        assert -1e-3 < error.min() <= error.max() < 1
        painted = paint(same_size.forward(strongest(passes[Pass.SEG]), Pass.SEG), colors)
        expected = np.array([(0, 0, 0), *(table.colors[name] for name in NAMES)], np.uint8)[scene(number)[1]]
        assert np.array_equal(painted, expected)
        assert passes[Pass.COLOR][0, 0, 0] == np.float16(0.1 * number)
