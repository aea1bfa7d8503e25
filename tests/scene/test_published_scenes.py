"""Scenes that other people made and published, read as they are, against what stands in them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.model.scene import Scene
from cosmos_houdini.scene import read_scene, sample_cameras
from cosmos_houdini.scene.archive import open_archive

pytestmark = pytest.mark.hips

Truth = dict[str, Any]
FILES = [
    "captainhammy+Houdini-Toolbox__test_parameters.hip",
    "captainhammy+pytest-houdini__test_load_module_test_hip_file.hiplc",
    "kiryha+Houdini__vex_snippets.hiplc",
    "qLab+qLib__apply_xform_ql_SOP.hip",
    "qLab+qLib__camera_plane_ql_SOP.hip",
    "sideeffects+SideFXLabs__PDG_UnitTest.hip",
    "sideeffects+SideFXLabs__ast_splatter.hip",
    "sideeffects+SideFXLabs__karma_aovs_for_prman_denoiser.1.0.hip",
    "toadstorm+MOPS__mops_to_lops.hip",
    "toadstorm+MOPS__trails.hip",
    "toadstorm+MOPS__type_demo.hip",
]


def truth_of(hips: Path) -> dict[str, Truth]:
    return {truth["file"]: truth for truth in json.loads((hips / "groundtruth.json").read_text())}


@pytest.fixture(params=FILES)
def truth(request: pytest.FixtureRequest, hips: Path) -> Truth:
    return truth_of(hips)[request.param]


@pytest.fixture
def scene(truth: Truth, hips: Path) -> Scene:
    return read_scene(hips / truth["file"])


def numbers(text: str) -> list[float]:
    """Return the values of a raw parameter; of driven ones the saved value."""
    return [float(word) for word in re.findall(r"-?\d[\d.e+-]*(?![\w])", re.sub(r"\[ \w+", "", text))]


def test_every_published_file_is_tested(hips: Path):
    assert set(truth_of(hips)) == set(FILES) == {path.name for path in hips.glob("*.hip*")}


def test_number_of_entries(truth: Truth, hips: Path):
    with open_archive(hips / truth["file"]) as archive:
        names = {entry.name for entry in archive.entries()}
    assert len(names) + 1 == truth["entries"]  # and the trailer


def test_version_and_licence(truth: Truth, scene: Scene):
    assert scene.houdini_version == truth["version"]
    assert str(scene.license) == ("indie" if truth["file"].endswith(".hiplc") else "commercial")


def test_saving_time_is_the_wall_clock_of_the_artist(truth: Truth, scene: Scene):
    wall_clock = datetime.strptime(truth["savetime"], "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007
    assert scene.saved_at is not None
    assert datetime.fromisoformat(scene.saved_at).replace(tzinfo=None) == wall_clock


def test_rate_and_ranges(truth: Truth, scene: Scene):
    fps = float(truth["fps"])
    start_s, end_s = map(float, truth["tset"].split())
    assert scene.fps == fps
    assert scene.frame_range == (round(start_s * fps) + 1, round(end_s * fps))
    assert scene.playback_range == tuple(map(float, truth["frange"].split()))
    assert scene.current_frame == pytest.approx(float(truth["tcur"]) * fps + 1)


def test_cameras(truth: Truth, scene: Scene):
    expected = {n["path"]: n for n in truth["nodes"] if n["type"] in {"cam", "camera"}}
    assert {camera.path for camera in scene.cameras} == set(expected)
    for camera in scene.cameras:
        raw = expected[camera.path]
        lop = raw["type"] == "camera"
        assert camera.type == raw["type"]
        assert camera.kind == ("lop" if lop else "obj")
        assert camera.resolution == (None if lop else tuple(numbers(raw["res"])))
        assert camera.focal_mm == float(raw["focalLength" if lop else "focal"])
        assert camera.aperture_mm == float(raw["horizontalAperture" if lop else "aperture"])
        assert camera.translate == tuple(numbers(raw["t"]))
        assert camera.rotate == tuple(numbers(raw["r"]))
        assert camera.unresolved == ()
        assert camera.parent is None
        if not lop:
            assert (camera.near, camera.far) == (float(raw["near"]), float(raw["far"]))


def test_keys_and_the_values_on_them(truth: Truth, scene: Scene):
    expected = {n["path"]: n.get("keys", {}) for n in truth["nodes"] if n["type"] in {"cam", "camera"}}
    samples = sample_cameras(scene)
    for camera in scene.cameras:
        keys = expected[camera.path]
        assert camera.keyframes == tuple(sorted({frame for points in keys.values() for frame, _ in points}))
        assert camera.animated == bool(keys)
        at = {sample.frame: sample for sample in samples[camera.path]}
        for channel, points in keys.items():
            for frame, value in points:
                vector = at[frame].translate if channel[0] == "t" else at[frame].rotate
                assert vector is not None
                assert vector["xyz".index(channel[1])] == pytest.approx(value, abs=1e-12)


def test_between_keys_the_curve_goes_where_houdini_itself_put_it(hips: Path):
    """The scene was saved at frame 96, between keys at 1, 120 and 240 with handles shaped by hand."""
    scene = read_scene(hips / "qLab+qLib__camera_plane_ql_SOP.hip")
    camera = next(camera for camera in scene.cameras if camera.animated)
    sample = sample_cameras(scene)[camera.path][95]
    assert (scene.current_frame, sample.frame) == (96, 96)
    assert sample.translate == pytest.approx(camera.translate, abs=1e-9)


def test_outputs(truth: Truth, scene: Scene):
    kinds = {"ifd", "karma", "karmarenderproperties", "usdrender_rop"}
    expected = {n["path"]: n for n in truth["nodes"] if n["type"] in kinds}
    assert {output.path for output in scene.outputs} == set(expected)
    for output in scene.outputs:
        raw = expected[output.path]
        assert output.type == raw["type"]
        assert output.camera == raw.get("camera")
        assert output.frame_range is None  # every one of them is set to render the current frame
        picture = raw.get("vm_picture") or raw.get("picture")
        if picture and not picture.startswith("["):
            assert output.picture == picture


def test_a_picture_path_keyed_as_a_text_is_that_text(hips: Path):
    scene = read_scene(hips / "captainhammy+Houdini-Toolbox__test_parameters.hip")
    assert [output.picture for output in scene.outputs] == ["$HIP/render/$HIPNAME.$OS.$F4.exr"]
