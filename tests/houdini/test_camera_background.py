"""A result behind a camera of a stage, and in Copernicus."""

from __future__ import annotations

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.windows.camera_background import PLATE_NAME, show_behind_camera
from cosmos_houdini.houdini.windows.result_nodes import load_in_cops
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_hou
from support.houdini.houdini_session import SavedNode, Session

FRAMES, OTHER = "/frames/a.$F4.png", "/frames/b.$F4.png"
CAMERA = "/stage/camera1"


@pytest.fixture
def stage(houdini: Session) -> Session:
    houdini.has_interface = True
    houdini.nodes["/stage"] = SavedNode(path="/stage", type="manager", category="Manager")
    prim = {"primpath": (ParmValue(text="/cameras/camera1"),)}
    houdini.nodes[CAMERA] = SavedNode(path=CAMERA, type="camera", category="Lop", parms=prim)
    houdini.nodes["/stage/merge1"] = SavedNode(path="/stage/merge1", type="merge", category="Lop", is_displayed=True)
    return houdini


def plate(stage: Session) -> SavedNode:
    return stage.nodes[f"/stage/{PLATE_NAME}"]


def test_a_stage_gets_a_background_plate_at_the_end_of_its_network(stage: Session) -> None:
    said = show_behind_camera(FRAMES, fake_hou.node(CAMERA))
    assert said == f"{FRAMES} is the background of the stage, by /stage/{PLATE_NAME}"
    assert plate(stage).inputs == ("/stage/merge1",)
    assert plate(stage).parms["plate"][0].text == FRAMES
    assert [path for path, node in stage.nodes.items() if node.is_displayed] == [f"/stage/{PLATE_NAME}"]
    assert stage.undo_groups == ["Load Cosmos Result"]


def test_the_next_result_takes_the_same_plate(stage: Session) -> None:
    for pictures in (FRAMES, OTHER):
        show_behind_camera(pictures, fake_hou.node(CAMERA))
    assert plate(stage).parms["plate"][0].text == OTHER
    assert len([node for node in stage.nodes.values() if node.type == "backgroundplate"]) == 1


def test_the_only_camera_of_a_scene_may_be_one_of_a_stage(stage: Session) -> None:
    show_behind_camera(FRAMES)
    assert plate(stage).parms["plate"][0].text == FRAMES
    assert stage.shown == []


def test_a_plate_of_another_build_says_what_to_set_by_hand(stage: Session) -> None:
    show_behind_camera(FRAMES, fake_hou.node(CAMERA))
    plate(stage).parms.clear()
    with pytest.raises(BadInput, match="set its background image by hand: /frames/b"):
        show_behind_camera(OTHER, fake_hou.node(CAMERA))


def test_a_file_node_of_copernicus_gets_the_planes_of_its_file(houdini: Session) -> None:
    load_in_cops({"shot-1": FRAMES})
    assert houdini.pressed == ["/obj/cosmos_results/shot_1"]
    houdini.objects = frozenset({"cam", "cop2net"})
    houdini.nodes.pop("/obj/cosmos_results")
    houdini.nodes.pop("/obj/cosmos_results/shot_1")
    load_in_cops({"shot-1": FRAMES})
    assert len(houdini.pressed) == 1
