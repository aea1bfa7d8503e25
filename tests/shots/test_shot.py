"""Which renders belong to a shot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.spec import NAME_PATTERN
from cosmos_houdini.scene.reader import read_scene
from cosmos_houdini.shots.shot import shot_of_folder, shot_of_node
from support.media.clips import bars, write_picture
from support.media.shot_files import CAMERA, NODE

NO_WORDS: dict[str, tuple[str, ...]] = {}


def scene_with(folder: Path, picture: str):
    hip = folder / "sh010 v2.hip"
    write_scene(hip, fps=24, frames=(1, 3), camera=CAMERA, rop=NODE, picture=picture)
    return read_scene(hip)


def frames(pattern: str, folder: Path) -> None:
    for frame in range(1, 4):
        path = folder / pattern.format(frame)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, bars(frame))


def test_the_passes_beside_a_nodes_picture_belong_to_its_shot(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/render/sh010.beauty.$F4.png")
    for name in ("sh010.beauty", "sh010.depth", "sh020.beauty"):
        frames(f"render/{name}.{{:04d}}.png", tmp_path)
    shot = shot_of_node(scene, NODE, NO_WORDS)
    assert shot.name == "sh010"
    assert [sequence.pass_ for sequence in shot.found] == [Pass.COLOR, Pass.DEPTH]
    assert shot.frame_range == (1, 3)


def test_a_folder_called_after_its_pass_has_its_siblings_looked_at(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/render/beauty/x.$F4.png")
    for name in ("beauty/x", "Z/x", "segmentation/x"):
        frames(f"render/{name}.{{:04d}}.png", tmp_path)
    shot = shot_of_node(scene, NODE, NO_WORDS)
    assert {sequence.pass_ for sequence in shot.found} == {Pass.COLOR, Pass.DEPTH, Pass.SEG}


def test_several_shots_in_one_folder_are_named(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/x.$F4.png")
    for name in ("sh010.beauty", "sh020.beauty"):
        frames(f"render/{name}.{{:04d}}.png", tmp_path)
    with pytest.raises(BadInput, match=r"allowed: sh010, sh020"):
        shot_of_folder(scene, tmp_path / "render", NO_WORDS)


def test_shots_in_another_alphabet_have_names_of_their_own(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/x.$F4.png")
    found = []
    for number, name in enumerate(("镜头一", "镜头二", "größe", "grüße", "gru\u0308ße")):
        frames(f"{number}/{name}.color.{{:04d}}.png", tmp_path)
        found.append(shot_of_folder(scene, tmp_path / str(number), NO_WORDS).name)
    assert all(re.fullmatch(NAME_PATTERN, name) for name in found)
    # The last two are one name, as a Mac and as others write it.
    assert len(set(found[:4])) == 4
    assert found[3] == found[4]


def test_a_node_that_was_never_rendered_is_told_with_its_folder(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/render/x.$F4.png")
    with pytest.raises(BadInput, match=r"render"):
        shot_of_node(scene, NODE, NO_WORDS)


def test_an_unknown_node_is_answered_with_the_nearest(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, "$HIP/render/x.$F4.png")
    with pytest.raises(BadInput, match=r"mantra1"):
        shot_of_node(scene, "/out/mantra", NO_WORDS)
