"""The command ``scene``, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cosmos_houdini.scene import read_scene, sample_cameras
from support.houdini import hip_files


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "cosmos_houdini", "scene", *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, encoding="utf-8")


def test_json_is_the_only_thing_on_standard_output(weird_path: Path):
    path = hip_files.write_hip(weird_path, hip_files.node("obj/kamera_größe", "cam", hip_files.CAM_PARMS))
    done = run(path, "--json", "--samples")
    scene = read_scene(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"schema": "cosmos-houdini/scene/1"} | scene.document(sample_cameras(scene))


def test_the_summary_names_everything_and_breaks_no_path(tmp_path: Path):
    long = "obj/" + "a_rather_long_name_of_a_node/" * 6 + "cam1"
    chn = hip_files.channels(tx="segment { length = 0 expr = $F }")
    rop = {"trange": ['"normal"'], "f": [1, 240, 2], "vm_picture": ["$HIP/[bold]/$F4.exr"]}
    path = hip_files.write_hip(
        tmp_path,
        hip_files.node(long, "cam", {**hip_files.CAM_PARMS, "t": [("tx", 1), 2, 3]}, chn),
        hip_files.node("out/mantra1", "ifd", rop),
    )
    done = run(path, "--samples")
    assert (done.returncode, done.stderr) == (0, "")
    for expected in (
        str(path),
        "Houdini 20.5.332",
        "24 fps, frames 1-240",
        f"/{long}  1280x720",
        "1-240 by 2",
        "$HIP/[bold]/$F4.exr",
        f"/{long}: Houdini is needed to evaluate tx",
        "1.0000  2.0000  3.0000",
    ):
        assert expected in done.stdout


def test_a_scene_with_nothing_to_show_says_so(tmp_path: Path):
    done = run(hip_files.write_hip(tmp_path))
    assert done.returncode == 0
    assert "no camera" in done.stdout
    assert "no render output" in done.stdout


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path):
    whole = hip_files.write_hip(tmp_path).read_bytes()
    cut = tmp_path / "cut.hip"
    cut.write_bytes(whole[:-20])
    text = tmp_path / "text\nwith a line break.hip"
    text.write_text("hello")
    for path in (tmp_path / "none.hip", tmp_path, cut, text):
        done = run(path, "--json")
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["class"] == "BadInput"
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("cosmos-houdini: error: ")
