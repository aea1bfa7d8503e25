"""The scene of the demonstration, read back."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from cosmos_houdini.demo.hip import CameraKey, DemoCamera, Interpolation, write_scene
from cosmos_houdini.scene import picture_pattern, read_scene, sample_cameras
from support.programs import need_program

KEYS = (
    CameraKey(frame=1001, translate=(0.0, 1.6, 8.25), rotate=(-5.0, 0.0, 0.0)),
    CameraKey(frame=1020, translate=(2.5, 1.7, 7.0), rotate=(-6.1, 12.25, 0.0)),
    CameraKey(frame=1049, translate=(4.0, 2.0, 5.1), rotate=(-9.0, 33.3, 1.0)),
)


@pytest.fixture(params=Interpolation)
def hip(request: pytest.FixtureRequest, weird_path: Path) -> Path:
    path = weird_path / "demo shot.hip"
    camera = DemoCamera(
        keys=KEYS,
        interpolation=request.param,
        resolution=(1280, 704),
        focal_mm=35.5,
        aperture_mm=41.4214,
        near=0.1,
        far=250.0,
    )
    picture = "$HIP/render/$OS/$HIPNAME.$F4.png"
    write_scene(path, fps=24, frames=(1001, 1049), camera=camera, rop="/out/mantra1", picture=picture)
    return path


def test_what_is_written_is_read_back(hip: Path):
    scene = read_scene(hip)
    (camera,) = scene.cameras
    (output,) = scene.outputs
    assert (scene.fps, scene.frame_range, scene.playback_range, scene.current_frame) == (
        24,
        (1001, 1049),
        (1001, 1049),
        1001,
    )
    assert (camera.resolution, camera.focal_mm, camera.aperture_mm) == ((1280, 704), 35.5, 41.4214)
    assert (camera.near, camera.far, camera.unresolved) == (0.1, 250.0, ())
    assert (camera.keyframes, camera.animated) == ((1001, 1020, 1049), True)
    assert (output.camera, output.frame_range) == ("/obj/cam1", (1001, 1049, 1))
    assert (
        picture_pattern(scene, "/out/mantra1") == f"{hip.parent.resolve().as_posix()}/render/mantra1/demo shot.####.png"
    )
    assert [file.name for file in hip.parent.iterdir()] == [hip.name]


def test_the_camera_stands_on_its_keys_and_moves_without_jumps(hip: Path):
    samples = {sample.frame: sample for sample in sample_cameras(read_scene(hip))["/obj/cam1"]}
    assert len(samples) == 49
    for key in KEYS:
        assert samples[key.frame].translate == pytest.approx(key.translate)
        assert samples[key.frame].rotate == pytest.approx(key.rotate)
    places = [samples[frame].translate for frame in range(1001, 1050)]
    assert all(0 <= b[0] - a[0] < 0.25 for a, b in itertools.pairwise(places) if a and b)


def test_the_program_cpio_lists_it(hip: Path):
    with hip.open("rb") as file:
        listed = subprocess.run([need_program("cpio"), "-it", "--quiet"], stdin=file, capture_output=True, check=True)
    names = listed.stdout.decode().splitlines()
    assert names[:2] == [".start", ".variables"]
    assert "obj/cam1.chn" in names
    assert listed.stderr == b""
