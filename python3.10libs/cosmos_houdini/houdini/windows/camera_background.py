"""A result behind the shot's camera: the background of an object camera, or a Background Plate in Solaris."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.open_scene import read_open_scene
from cosmos_houdini.model.scene import Camera

BACKGROUND = "vm_background"
"""The parameter of a camera in ``/obj`` that holds its background image."""
PLATE_TYPE, PLATE, PLATE_NAME = "backgroundplate", "plate", "cosmos_plate"
"""Solaris' node for a background, its parameter with the pictures, and the name of ours."""
_TITLE = "Load Cosmos Result"


def show_behind_camera(pictures: str, camera: hou.OpNode | None = None) -> str:
    """Set pictures as the background of a camera, or of the viewport where the scene has no camera.

    Args:
        pictures: as a parameter holds them, with ``$F4``.
        camera: a camera of objects or of a stage; without it, that of the render nodes, or the one that is chosen.

    Returns:
        A sentence that names the camera or the viewport.

    Raises:
        BadInput: there is neither.
    """
    node = camera or _choose_camera()
    if node is None:
        return _show_in_viewport(pictures)
    if node.type().category().name() == "Lop":
        return _show_on_stage(pictures, node)
    with hou.undos.group(_TITLE):
        node.setParms({BACKGROUND: pictures})
    return f"{pictures} is the background of {node.path()}"


def _show_on_stage(pictures: str, camera: hou.OpNode) -> str:
    """Put a Background Plate at the end of the camera's network, or give the one of before these pictures."""
    network = cast("hou.OpNode", camera.parent())
    with hou.undos.group(_TITLE):
        node = cast("hou.LopNode | None", hou.node(f"{network.path()}/{PLATE_NAME}"))
        if node is None:
            last = next((each for each in network.children() if cast("hou.LopNode", each).isDisplayFlagSet()), camera)
            node = cast("hou.LopNode", network.createNode(PLATE_TYPE, PLATE_NAME))
            node.setInput(0, last)
            node.setDisplayFlag(True)
            network.layoutChildren()
        plate = node.parm(PLATE)
        if plate is None:
            raise BadInput(
                f"{node.path()} has no parameter {PLATE!r}", action=f"set its background image by hand: {pictures}"
            )
        plate.set(pictures)
    return f"{pictures} is the background of the stage, by {node.path()}"


def _show_in_viewport(pictures: str) -> str:
    viewer = cast("hou.SceneViewer | None", hou.ui.paneTabOfType(hou.paneTabType.SceneViewer))
    if viewer is None:
        raise BadInput("the scene has no camera, and no Scene View is open", action="open one, then load it again")
    settings = viewer.curViewport().settings()
    settings.backgroundImage(hou.viewportBGImageView.Camera).setImageFile(pictures)
    settings.setDisplayBackgroundImage(True)
    return f"{pictures} is the background of the Scene View wherever it looks through a camera"


def _choose_camera() -> hou.OpNode | None:
    """Return the camera of the scene's render nodes, else its only one, else the one that the artist chooses."""
    scene = read_open_scene()
    by_name: dict[str, Camera] = {}
    for camera in scene.cameras:
        by_name[camera.path] = camera
        if camera.prim:
            by_name[camera.prim] = camera
    used = [by_name[output.camera].path for output in scene.outputs if output.camera in by_name]
    paths = list(dict.fromkeys(used)) or [camera.path for camera in scene.cameras]
    picked: Sequence[int] = range(len(paths))
    if len(paths) > 1:
        picked = hou.ui.selectFromList(
            paths, default_choices=(0,), exclusive=True, message="Show it behind which camera?", title=_TITLE
        )
        if not picked:
            raise hou.OperationInterrupted
    return cast("hou.OpNode", hou.node(paths[picked[0]])) if picked else None
