"""Facts of the open scene: the same as those of the file, and more where only Houdini can evaluate a way."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.caption.shot_words import prompt_of
from cosmos_houdini.config import load
from cosmos_houdini.facts.read import read_facts
from cosmos_houdini.facts.scene_facts import describe_scene
from cosmos_houdini.houdini.open_scene import load_scene
from cosmos_houdini.houdini.scene_contents import SessionShot, read_in_steps
from cosmos_houdini.reporter import Silent
from cosmos_houdini.worker.commands import run
from cosmos_houdini.worker.request import Request
from support.houdini import hip_files
from support.houdini.camera_paths import (
    KINDS,
    TRANSFORM,
    along,
    frames_of,
    keyed,
    start_of,
    write_keyed,
    write_parented,
)

pytestmark = pytest.mark.usefixtures("houdini")


def read_to_the_end(output: str = "") -> SessionShot:
    found: list[SessionShot] = []

    def collect() -> Generator[None, None, None]:
        found.append((yield from read_in_steps(output)))

    for _ in collect():
        pass
    return found[0]


@pytest.mark.parametrize("write", [write_keyed, write_parented])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_a_session_sees_the_move_that_the_file_tells(tmp_path: Path, kind: Any, write: Any):  # noqa: ANN401
    path = write(tmp_path, frames_of(kind, 24, 2.0, noise=0.02), 24)
    load_scene(path)
    offline = read_facts(path)[1].document()
    read = read_to_the_end()
    assert describe_scene(read.contents, read.camera).document() == offline


def test_lights_materials_and_objects_are_those_of_the_file(tmp_path: Path):
    sun = {**TRANSFORM, "light_type": ["sun"], "r": [-30, 20, 0]}
    path = hip_files.write_hip(
        tmp_path,
        hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS),
        hip_files.node("obj/sun1", "hlight", sun, def_=hip_files.definition("rig")),
        hip_files.node("obj/rig", "null", {**TRANSFORM, "r": [0, 50, 0]}),
        hip_files.node("obj/off", "hlight", {**TRANSFORM, "light_type": ["point"], "light_enable": ["0"]}),
        hip_files.node("stage/sky", "karmaphysicalsky", {"solar_altitude": [30]}),
        hip_files.node("mat/chrome", "principledshader::2.0", {"metallic": [1], "rough": [0.05]}),
        hip_files.node("obj/tower", "geo", {}),
    )
    load_scene(path)
    offline = read_facts(path)[1].document()
    assert describe_scene(read_to_the_end().contents, "/obj/cam1").document() == offline
    assert (offline["time_of_day"], offline["objects"]) == ("daytime", ["tower"])


def test_what_hides_a_way_in_the_file_is_open_in_the_session(tmp_path: Path):
    frames = [along(3 * i / 47, 0, 0) for i in range(48)]
    camera = keyed("obj/cam1", "cam", frames, 24, base={**hip_files.CAM_PARMS, "lookatpath": ["/obj/geo1"]})
    path = hip_files.write_hip(tmp_path, camera, start=start_of(24, 48))
    load_scene(path)
    assert read_facts(path)[1].move is None
    move = describe_scene(read_to_the_end().contents, "/obj/cam1").move
    assert move is not None
    assert move.word == "dolly"


def test_the_camera_is_that_of_the_chosen_render_node(tmp_path: Path):
    rops = [("a", "/obj/cam1"), ("b", "/obj/cam2")]
    path = hip_files.write_hip(
        tmp_path,
        *(hip_files.node(f"obj/cam{n}", "cam", {**hip_files.CAM_PARMS, "focal": [35.0 * n]}) for n in (1, 2)),
        *(
            hip_files.node(f"out/{name}", "ifd", {"vm_picture": ["$HIP/x.$F4.exr"], "camera": [camera]})
            for name, camera in rops
        ),
    )
    load_scene(path)
    read = read_to_the_end("/out/b")
    assert (read.camera, [each.focal_mm for each in read.contents.cameras]) == ("/obj/cam2", [70.0])
    assert read_to_the_end().camera is None


def test_the_worker_writes_a_prompt_of_what_a_session_sends(tmp_path: Path):
    path = write_keyed(tmp_path, frames_of(KINDS[1], 24, 2.0), 24)
    load_scene(path)
    read = read_to_the_end()
    sent = json.loads(json.dumps(read.contents.document()))
    options = {"contents": sent, "camera": read.camera, "style": "rain"}
    prompt = run(Request(command="write-prompt", options=options), Silent())["prompt"]
    assert prompt == prompt_of(path, ffmpeg=load().ffmpeg, style="rain").text
    assert "pans" in prompt
    with pytest.raises(ValueError, match="contents of the scene cannot be read"):
        run(Request(command="write-prompt", options={"contents": {}}), Silent())
