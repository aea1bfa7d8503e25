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
from support.houdini.solaris import RENDER, SETTINGS, write_stage
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


def stage_frames(folder: Path, *names: str, first: int = 1001, count: int = 3) -> None:
    for name in names:
        for frame in range(first, first + count):
            path = folder / "render" / f"{name}.{frame:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, bars(frame))


@pytest.mark.parametrize("node", [RENDER, SETTINGS])
def test_a_stage_has_the_picture_of_its_settings_and_the_range_of_the_node_that_renders(
    tmp_path: Path, node: str
) -> None:
    stage_frames(tmp_path, "karmarendersettings")
    shot = shot_of_node(read_scene(write_stage(tmp_path)), node, NO_WORDS)
    assert shot.frame_range == (1001, 1003)
    assert [Path(sequence.pattern).name for sequence in shot.found] == ["karmarendersettings.####.png"]


def test_a_stage_without_a_range_takes_the_frames_that_are_there(tmp_path: Path) -> None:
    stage_frames(tmp_path, "karmarendersettings")
    scene = read_scene(write_stage(tmp_path, trange=['"off"']))
    assert scene.frame_range == (1, 240)
    assert shot_of_node(scene, SETTINGS, NO_WORDS).frame_range is None


def test_render_products_in_files_of_their_own_are_the_passes_of_their_render_vars(tmp_path: Path) -> None:
    stage_frames(tmp_path, "karmarendersettings", "far away", "ids/p2", "karmarendersettings.unlike")
    products = {
        "renderproduct1": ("$HIP/render/far away.$F4.png", "depth"),
        "renderproduct2": ("$HIP/render/ids/p2.$F4.png", "segmentation"),
        "renderproduct3": ("$HIP/render/gone.$F4.png", "depth"),
    }
    with pytest.raises(BadInput, match="gone"):
        shot_of_node(read_scene(write_stage(tmp_path, products)), RENDER, NO_WORDS)
    del products["renderproduct3"]
    shot = shot_of_node(read_scene(write_stage(tmp_path, products)), RENDER, NO_WORDS)
    told = {sequence.pass_: Path(sequence.pattern).name for sequence in shot.found}
    assert told[Pass.COLOR] == "karmarendersettings.####.png"
    assert told[Pass.DEPTH] == "far away.####.png"
    assert told[Pass.SEG] == "p2.####.png"
    assert {sequence.shot for sequence in shot.found} == {shot.found[0].shot}
    assert "/stage/renderproduct1 holds 'depth'" in next(s.why for s in shot.found if s.pass_ is Pass.DEPTH)


def test_a_node_with_a_step_leaves_the_frames_between_to_earlier_renders(tmp_path: Path) -> None:
    stage_frames(tmp_path, "karmarendersettings", count=6)
    shot = shot_of_node(read_scene(write_stage(tmp_path, f=[1001, 1006, 2])), RENDER, NO_WORDS)
    assert shot.frame_range == (1001, 1005)
    assert [frame.number for frame in shot.found[0].frames] == [1001, 1003, 1005]
