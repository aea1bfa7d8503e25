"""Cameras out of made-up scenes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.scene import Camera
from cosmos_houdini.scene import read_scene, sample_cameras
from support.houdini import hip_files

LINE = "segment { length = 1 value = 0 24 expr = linear() } segment { length = 0 value = 24 0 expr = linear() }"


def camera_of(
    folder: Path,
    chn: str = "",
    *,
    type_: str = "cam",
    def_: str = "",
    start: str = hip_files.START,
    **changed: Sequence[object],
) -> Camera:
    """Read back an object camera with some of its parameters changed."""
    node = hip_files.node("obj/cam1", type_, {**hip_files.CAM_PARMS, **changed}, chn, def_)
    (camera,) = read_scene(hip_files.write_hip(folder, node, start=start)).cameras
    return camera


@pytest.mark.parametrize("type_", ["cam", "cam::2.0", "studio::cam", "studio::cam::1.5"])
def test_types_with_namespace_and_version_are_cameras(tmp_path: Path, type_: str):
    assert camera_of(tmp_path, type_=type_).type == type_


def test_document_has_exactly_the_keys_of_the_contract(tmp_path: Path):
    camera_of(tmp_path)
    scene = read_scene(tmp_path / "shot.hip")
    assert scene.document() == {
        "path": str(tmp_path / "shot.hip"),
        "license": "commercial",
        "houdini_version": "20.5.332",
        "saved_at": "2024-01-12T22:44:35+01:00",
        "fps": 24,
        "current_frame": 1,
        "frame_range": [1, 240],
        "playback_range": [1, 240],
        "cameras": [
            {
                "path": "/obj/cam1",
                "kind": "obj",
                "type": "cam",
                "resolution": [1280, 720],
                "pixel_aspect": 1.0,
                "focal_mm": 50.0,
                "aperture_mm": 41.4214,
                "near": 0.1,
                "far": 1000.0,
                "animated": False,
                "keyframes": [],
                "translate": [1.0, 2.0, 3.0],
                "rotate": [10.0, 20.0, 30.0],
                "parent": None,
                "unresolved": [],
            }
        ],
        "outputs": [],
    }
    samples = scene.document(sample_cameras(scene))["cameras"][0]["samples"]
    assert samples[0] == {"frame": 1, "translate": [1.0, 2.0, 3.0], "rotate": [10.0, 20.0, 30.0], "focal_mm": 50.0}
    assert [sample["frame"] for sample in samples] == list(range(1, 241))


def test_lop_cameras_in_stage_and_in_a_lop_network(tmp_path: Path):
    path = hip_files.write_hip(
        tmp_path,
        hip_files.node("stage/camera1", "camera", hip_files.LOP_PARMS, def_=hip_files.definition("grid1")),
        hip_files.node("obj/lopnet1/camera2", "camera::2.0", hip_files.LOP_PARMS),
        hip_files.node("obj/geo1/camera3", "camera", {"size": [1]}),
    )
    cameras = read_scene(path).cameras
    assert [(c.path, c.kind, c.resolution, c.parent) for c in cameras] == [
        ("/stage/camera1", "lop", None, None),
        ("/obj/lopnet1/camera2", "lop", None, None),
    ]
    assert (cameras[0].focal_mm, cameras[0].aperture_mm, cameras[0].near, cameras[0].far) == (35, 20.955, 1, 10000)


def test_the_parent_is_the_wired_object_or_the_subnet_around(tmp_path: Path):
    path = hip_files.write_hip(
        tmp_path,
        hip_files.node("obj/rig", "subnet", {}),
        hip_files.node("obj/rig/free", "cam", hip_files.CAM_PARMS, def_=hip_files.definition("")),
        hip_files.node("obj/rig/wired", "cam", hip_files.CAM_PARMS, def_=hip_files.definition("null1")),
        hip_files.node("obj/top", "cam", hip_files.CAM_PARMS, def_=hip_files.definition("rig")),
        hip_files.node("obj/geo1/objnet1", "objnet", {}),
        hip_files.node("obj/geo1/objnet1/cam1", "cam", hip_files.CAM_PARMS),
    )
    assert [camera.parent for camera in read_scene(path).cameras] == ["/obj/rig", "/obj/rig/null1", "/obj/rig", None]


def test_a_camera_whose_entries_stand_in_another_order_is_whole(tmp_path: Path):
    node = hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS)
    path = hip_files.write_hip(tmp_path, node[::-1])
    assert read_scene(path).cameras[0].translate == (1, 2, 3)


def test_keys_of_rotation_focal_length_and_translation_are_told_together(tmp_path: Path):
    chn = hip_files.channels(tx=LINE, rx="start = 0.5 " + LINE, focal=LINE)
    camera = camera_of(tmp_path, chn, t=[("tx", 0), 2, 3], r=[("rx", 0), 0, 0], focal=[("focal", 50)])
    assert camera.keyframes == (1, 13, 25, 37)
    assert camera.animated
    assert camera.unresolved == ()
    samples = sample_cameras(read_scene(tmp_path / "shot.hip"))["/obj/cam1"]
    assert samples[12].translate == pytest.approx((12, 2, 3))
    assert samples[12].rotate == pytest.approx((0, 0, 0))
    assert samples[12].focal_mm == pytest.approx(12)
    assert samples[-1].translate == pytest.approx((24, 2, 3))


@pytest.mark.parametrize(
    ("text", "keyframes"),
    [
        (r"segment { length = 0 expr = ch(\"../null1/tx\") }", ()),
        ("segment { length = 0 value = 7 7 expr = $F }", ()),
        (LINE.replace("linear", "spline"), (1, 25)),
        (LINE.replace("linear", "ease"), (1, 25)),
        ("righttype = cycle " + LINE, (1, 25)),
    ],
)
def test_what_cannot_be_evaluated_is_named_and_keeps_its_saved_value(
    tmp_path: Path, text: str, keyframes: tuple[int, ...]
):
    camera = camera_of(tmp_path, hip_files.channels(tx=text), t=[("tx", 7), 2, 3])
    assert camera.unresolved == ("tx",)
    assert camera.translate == (7, 2, 3)
    assert camera.keyframes == keyframes
    samples = sample_cameras(read_scene(tmp_path / "shot.hip"))["/obj/cam1"]
    assert {sample.translate for sample in samples} == {(7, 2, 3)}


def test_a_lock_and_a_single_key_are_certain(tmp_path: Path):
    chn = hip_files.channels(
        tx="segment { length = 0 value = 7 7 expr = lock(1) }", ty="segment { length = 0 value = 8 8 expr = spline() }"
    )
    camera = camera_of(tmp_path, chn, t=[("tx", 7), ("ty", 8), 3])
    assert (camera.unresolved, camera.animated, camera.keyframes) == ((), False, (1,))


def test_a_channel_that_the_file_does_not_hold_is_unresolved(tmp_path: Path):
    assert camera_of(tmp_path, near=[("near", 0.5)]).unresolved == ("near",)


def test_missing_and_unreadable_values_are_null_and_unresolved(tmp_path: Path):
    camera = camera_of(tmp_path, far=["`ch('x')`"], aspect=[], t=[1, 2])
    assert (camera.far, camera.pixel_aspect, camera.translate) == (None, None, None)
    assert camera.unresolved == ("t", "far", "aspect")
    sample = sample_cameras(read_scene(tmp_path / "shot.hip"))["/obj/cam1"][0]
    assert sample.document() == {"frame": 1, "translate": None, "rotate": [10.0, 20.0, 30.0], "focal_mm": 50.0}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"rOrd": ['"zyx"']}, "rOrd"),
        ({"p": [0, 1, 0]}, "p"),
        ({"lookatpath": ["/obj/geo1"]}, "lookatpath"),
        ({"constraints_on": ['"on"']}, "constraints_on"),
        ({"focalunits": ["in"]}, "focalunits"),
    ],
)
def test_what_moves_the_camera_beside_its_own_values_is_named(
    tmp_path: Path, changed: dict[str, list[object]], name: str
):
    assert camera_of(tmp_path, **changed).unresolved == (name,)


def test_a_pretransform_is_named(tmp_path: Path):
    moved = "pretransform UT_DMatrix4 1 0 0 0 0 1 0 0 0 0 1 0 5 0 0 1\n"
    assert camera_of(tmp_path, def_=hip_files.definition(extra=moved)).unresolved == ("pretransform",)
    unmoved = moved.replace("5", "0")
    assert camera_of(tmp_path, def_=hip_files.definition(extra=unmoved)).unresolved == ()


def test_damaged_channels_are_named_with_their_node(tmp_path: Path):
    with pytest.raises(BadInput, match=r"the channels of /obj/cam1 .* cannot be read: length = 'x'"):
        camera_of(tmp_path, hip_files.channels(tx="segment { length = x }").replace("x }", "x } }"))


def test_endless_ranges_are_not_sampled(tmp_path: Path):
    camera_of(tmp_path, start=hip_files.START.replace("tset 0 10", "tset 0 1e8"))
    with pytest.raises(BadInput, match="has 2400000000 frames"):
        sample_cameras(read_scene(tmp_path / "shot.hip"))


@pytest.mark.parametrize("letters", [b"LC", b"NC"])
def test_the_limited_forms_hold_the_same_scene(tmp_path: Path, letters: bytes):
    entries = hip_files.scene_entries(hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS))
    (tmp_path / "a.hip").write_bytes(hip_files.cpio(entries))
    (tmp_path / "b.hip").write_bytes(hip_files.limited(entries, letters))
    first, second = (read_scene(tmp_path / name).document() for name in ("a.hip", "b.hip"))
    assert second.pop("license") == {b"LC": "indie", b"NC": "apprentice"}[letters]
    assert first.pop("license") == "commercial"
    assert (first.pop("path"), second.pop("path")) == (str(tmp_path / "a.hip"), str(tmp_path / "b.hip"))
    assert first == second
