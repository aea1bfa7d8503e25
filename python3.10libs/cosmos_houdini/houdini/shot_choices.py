"""The shots that the open scene offers to a submission, and the flipbook of the viewport as one of them."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.houdini.open_outputs import all_nodes, read_open_outputs, type_name
from cosmos_houdini.houdini.windows.shot_choice import ShotChoice
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.render_outputs import offered_outputs
from cosmos_houdini.model.scene import RenderOutput

FLIPBOOKS = "cosmos_flipbook"
"""The folder of flipbooks beside the scene."""
DEFAULT_SIZE = (1280, 720)


def read_shot_choices(node: str = "") -> list[ShotChoice]:
    """Return the render nodes that name a picture, and the viewport where one is open.

    Args:
        node: a node that is offered in any case: one that only writes what another one names.
    """
    outputs = read_open_outputs()
    offered = list(offered_outputs(outputs))
    offered += [each for each in outputs if each.path == node and node not in [other.path for other in offered]]
    found = [_of_output(output) for output in offered]
    return [*found, *([_of_viewport()] if _viewer() is not None else [])]


def render_flipbook(scene: Path, first: int, last: int, size: tuple[int, int]) -> Path:
    """Render the viewport, frame by frame, as the colour of a shot, and return the folder of the pictures.

    Raises:
        BadInput: no Scene View is open.
        ToolError: frames are missing afterwards, for example because the artist interrupted it.
    """
    viewer = _viewer()
    if viewer is None:
        raise BadInput("no Scene View is open", action="open one, and look through the shot's camera")
    name = portable_name(scene.stem) or "shot"
    folder = scene.parent / FLIPBOOKS / name
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob(f"{name}.color.*.png"):
        earlier.unlink()
    settings = viewer.flipbookSettings().stash()
    settings.frameRange((first, last))
    settings.resolution(size)
    settings.useResolution(True)
    settings.outputToMPlay(False)
    settings.output((folder / f"{name}.color.$F4.png").as_posix())
    viewer.flipbook(viewer.curViewport(), settings)
    written = len(list(folder.glob(f"{name}.color.*.png")))
    if written != last - first + 1:
        raise ToolError(
            f"the flipbook has {written} frames of {last - first + 1}", action="render it again, without interruption"
        )
    return folder


def _of_output(output: RenderOutput) -> ShotChoice:
    first, last = hou.playbar.frameRange()
    if output.frame_range is not None:
        first, last = output.frame_range[:2]
    return ShotChoice(
        path=output.path, first=round(first), last=round(last), size=_size_of(output.camera or ""), fps=hou.fps()
    )


def _of_viewport() -> ShotChoice:
    first, last = hou.playbar.frameRange()
    cameras = [node for node in all_nodes() if type_name(node) == "cam"]
    size = _size_of(cameras[0].path()) if len(cameras) == 1 else DEFAULT_SIZE
    return ShotChoice(path="", first=round(first), last=round(last), size=size, fps=hou.fps())


def _size_of(camera: str) -> tuple[int, int]:
    """Return the resolution of a camera of ``/obj``; cameras of a stage have none."""
    node = cast("hou.OpNode | None", hou.node(camera)) if camera.startswith("/") else None
    values = node.parmTuple("res") if node is not None else None
    if values is None:
        return DEFAULT_SIZE
    width, height = values.evalAsFloats()
    return round(width), round(height)


def _viewer() -> hou.SceneViewer | None:
    return cast("hou.SceneViewer | None", hou.ui.paneTabOfType(hou.paneTabType.SceneViewer))
