"""scripts/cosmos_scene.py: Houdini's word in the command line's form, and the comparison with the offline reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython import scene as scene_script
from cosmos_houdini.houdini.open_scene import read_open_scene
from cosmos_houdini.model.scene import Channel, Segment
from cosmos_houdini.scene import read_scene, sample_cameras
from support.houdini import hip_files
from support.houdini.houdini_session import Session
from support.houdini.hython import hython
from support.houdini.solaris import ROP as ROP_OF_STAGE

ROP = {
    "trange": ['"normal"'],
    "f": [("f1", 0), ("f2", 0), 1],
    "vm_picture": ["$HIP/$F4.exr"],
    "camera": ["/obj/cam1"],
}
SETTINGS = {"primpath": ["/Render/$OS"], "picture": ["$HIP/a.$F4.exr"], "camera": ["/cameras/camera1"]}
ROP_CHN = hip_files.channels(f1="segment { length = 0 expr = $FSTART }", f2="segment { length = 0 expr = $FEND }")
CAM_CHN = hip_files.channels(
    tx="segment { length = 2 value = 1 5 expr = linear() } segment { length = 0 value = 5 5 expr = linear() }"
)


def animated(folder: Path) -> Path:
    return hip_files.write_hip(
        folder,
        hip_files.node("obj/rig", "subnet", {}),
        hip_files.node(
            "obj/rig/cam1",
            "cam",
            {**hip_files.CAM_PARMS, "t": [("tx", 1), 2, 3]},
            CAM_CHN,
            hip_files.definition("null1"),
        ),
        hip_files.node("obj/rig/null1", "null", {}),
        hip_files.node("stage/camera1", "camera", hip_files.LOP_PARMS),
        hip_files.node("out/mantra1", "ifd", ROP, ROP_CHN),
        hip_files.node("stage/settings", "karmarendersettings", SETTINGS, def_=hip_files.definition("camera1")),
        hip_files.node("stage/render", "usdrender_rop", ROP_OF_STAGE, def_=hip_files.definition("settings")),
    )


def test_the_document_is_that_of_the_command_line(weird_path: Path) -> None:
    hip = animated(weird_path)
    done = hython(ROOT / "scripts" / "cosmos_scene.py", hip, "--samples")
    assert (done.returncode, done.stderr) == (0, "")
    scene = read_scene(hip)
    expected = {"schema": "cosmos-houdini/scene/1", **scene.document(sample_cameras(scene))}
    found = json.loads(done.stdout)
    assert found.pop("saved_at") == "2024-01-12T22:44:35"
    expected.pop("saved_at")
    assert found == expected


@pytest.mark.usefixtures("houdini")
def test_agreement_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scene_script.main([str(animated(tmp_path)), "--compare", "--samples"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()[-1].partition(" in ")[0]) == ("", "0 differences")


def test_each_difference_is_a_line_and_ends_with_1(
    houdini: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def other() -> None:
        houdini.fps = 25.0
        del houdini.nodes["/stage/camera1"]

    houdini.after_load = other
    assert scene_script.main([str(animated(tmp_path)), "--compare"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "scene fps: Houdini 25, offline 24" in lines
    assert "camera /stage/camera1: Houdini False, offline True" in lines


@pytest.mark.parametrize(
    ("segments", "frames"),
    [
        ('segment { length = 0 expr = ch("../x/tx") }', ()),
        ("segment { length = 0 expr = lock(1) }", ()),
        ("segment { length = 0 value = 4 4 expr = linear() }", (1,)),
    ],
)
def test_an_expression_is_no_key(houdini: Session, tmp_path: Path, segments: str, frames: tuple[int, ...]) -> None:
    values = {**hip_files.CAM_PARMS, "t": [("tx", 7), 2, 3]}
    houdini.load(
        str(hip_files.write_hip(tmp_path, hip_files.node("obj/a", "cam", values, hip_files.channels(tx=segments))))
    )
    [camera] = read_open_scene().cameras
    assert (camera.keyframes, camera.animated) == (frames, False)


@pytest.mark.parametrize(
    ("expression", "picture"),
    [(r"\"$HIP/a.$F4.exr\"", "$HIP/a.$F4.exr"), ('strcat("/r/", $OS)', "/r/a.exr")],
)
def test_a_picture_path_on_a_channel(houdini: Session, tmp_path: Path, expression: str, picture: str) -> None:
    values = {**ROP, "vm_picture": [("vm_picture", "/r/a.exr")]}
    hip = hip_files.write_hip(tmp_path, hip_files.node("out/a", "ifd", values, ROP_CHN))
    houdini.load(str(hip))
    segment = Segment(length_s=0.0, expression=expression.replace("\\", ""))
    houdini.nodes["/out/a"].channels = {"vm_picture": Channel(name="vm_picture", segments=(segment,))}
    assert read_open_scene().outputs[0].picture == picture


@pytest.mark.usefixtures("houdini")
def test_what_only_houdini_can_tell_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chn = hip_files.channels(tx='segment { length = 0 expr = ch("../x/tx") }')
    hip = hip_files.write_hip(
        tmp_path, hip_files.node("obj/cam1", "cam", {**hip_files.CAM_PARMS, "t": [("tx", 7), 2, 3]}, chn)
    )
    assert scene_script.main([str(hip), "--compare"]) == 0
    assert "/obj/cam1: known to Houdini alone: tx" in capsys.readouterr().err


def test_a_scene_that_houdini_cannot_open_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = hython(ROOT / "scripts" / "cosmos_scene.py", tmp_path / "absent.hip")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("error: Houdini cannot open ")


@pytest.mark.hips
def test_published_scenes_are_told_alike(
    houdini: Session, hips: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_script.worker, "call", lambda _, options: read_scene(Path(options["file"])).document())
    scenes = [path for path in sorted(hips.rglob("*.hip")) if path.stat().st_size and houdini_opens(houdini, path)]
    assert scenes
    for path in scenes:
        assert scene_script.main([str(path), "--compare"]) == 0, capsys.readouterr().out


def houdini_opens(session: Session, path: Path) -> bool:
    try:
        session.load(str(path))
    except ValueError:
        return False
    return True


def test_a_camera_of_another_build_has_unknown_values_and_is_no_error(houdini: Session, tmp_path: Path) -> None:
    values = {name: value for name, value in hip_files.LOP_PARMS.items() if name != "clippingRange"}
    houdini.load(str(hip_files.write_hip(tmp_path, hip_files.node("stage/camera1", "camera", values))))
    [camera] = read_open_scene().cameras
    assert (camera.near, camera.far, camera.focal_mm, camera.unresolved) == (None, None, 35, ("clippingRange",))
    assert camera.prim == "/cameras/camera1"
