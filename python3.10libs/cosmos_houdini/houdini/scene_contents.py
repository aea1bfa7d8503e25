"""The camera of a shot in world space, lights, materials and objects of the open scene, as Houdini evaluates them.

They have the form of the offline reader, so that the worker makes the same facts of them for a prompt. Nothing is left
open here: look-at, constraints and expressions are evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import cast

import hou

from cosmos_houdini.errors import ToolError
from cosmos_houdini.houdini.open_scene import read_open_scene
from cosmos_houdini.model.contents import CameraPath, Light, Material, Pose, SceneContents
from cosmos_houdini.model.node_kinds import (
    ALTITUDE_PARMS,
    KIND_PARMS,
    LOOK_PARMS,
    MATERIALS,
    kind_of_light,
    looks_of,
)
from cosmos_houdini.model.render_node import base_type
from cosmos_houdini.model.render_outputs import rendering_camera
from cosmos_houdini.model.scene import Camera, Scene, Vector

MOST_POSES = 2000
"""The most frames at which a way is followed, as for the offline reader."""
_OFF = ("off", "0")
_SUNNY = ("sun", "distant")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionShot:
    """The contents of the open scene, and the path of the camera that a shot is rendered through."""

    contents: SceneContents
    camera: str | None


def read_in_steps(output: str = "") -> Generator[None, None, SessionShot]:
    """Read the contents of the open scene by name and kind, and follow a camera that is an object over its range.

    A rig takes its time for each frame. So this is a generator that pauses after each, and returns the contents.

    Args:
        output: path of the render node; empty for the viewport.

    Raises:
        ToolError: a node cannot be evaluated.
    """
    try:
        return (yield from _read(output))
    except hou.Error as error:
        raise ToolError(
            f"the scene cannot be read: {error.instanceMessage()}", action="mend the node, or type a prompt"
        ) from error


def _read(output: str) -> Generator[None, None, SessionShot]:
    scene = read_open_scene()
    camera = rendering_camera(scene, output)
    cameras = ((yield from _camera_path(camera, scene)),) if camera else ()
    nodes = [cast("hou.OpNode", node) for node in hou.root().allSubChildren(recurse_in_locked_nodes=False)]
    contents = SceneContents(
        fps=scene.fps,
        frame_range=scene.frame_range,
        cameras=cameras,
        lights=tuple(light for node in nodes if (light := _light(node))),
        materials=tuple(_materials(nodes)),
        objects=tuple(node.path() for node in nodes if _is_displayed_object(node)),
    )
    return SessionShot(contents=contents, camera=camera.path if camera else None)


def _camera_path(camera: Camera, scene: Scene) -> Generator[None, None, CameraPath]:
    node = hou.node(camera.path)
    size, width = camera.resolution, camera.pixel_aspect or 1.0
    is_object = isinstance(node, hou.ObjNode)
    return CameraPath(
        path=camera.path,
        poses=(yield from _poses(node, camera, scene)) if isinstance(node, hou.ObjNode) else (),
        focal_mm=camera.focal_mm,
        aperture_mm=camera.aperture_mm,
        aspect=size[0] * width / size[1] if size and size[1] else None,
        unresolved=() if is_object else ("prim",),
    )


def _poses(node: hou.ObjNode, camera: Camera, scene: Scene) -> Generator[None, None, tuple[Pose, ...]]:
    first, last = scene.frame_range
    step = max(1, math.ceil((last - first) / MOST_POSES))
    focal = node.parmTuple("focal")
    poses = []
    for frame in range(first, max(first, last) + 1, step):
        right, up, _, position = _rows(node, frame)
        focal_mm = focal.evalAsFloatsAtFrame(frame)[0] if focal else camera.focal_mm
        poses.append(Pose(frame=frame, position=position, right=_unit(right), up=_unit(up), focal_mm=focal_mm))
        yield
    return tuple(poses)


def _rows(node: hou.ObjNode, frame: float) -> tuple[Vector, ...]:
    """Return the axes and the position of an object in world space, as rows."""
    values = node.worldTransformAtTime(hou.frameToTime(frame)).asTuple()
    return tuple((values[i], values[i + 1], values[i + 2]) for i in (0, 4, 8, 12))


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def _light(node: hou.OpNode) -> Light | None:
    kind = kind_of_light(base_type(node.type().name()), _first_text(node, KIND_PARMS))
    if kind is None or _first_text(node, ("light_enable", "enable")) in _OFF:
        return None
    return Light(path=node.path(), name=node.name(), kind=kind, elevation_deg=_elevation(node, kind))


def _elevation(node: hou.OpNode, kind: str) -> float | None:
    """Return how high a sun stands, in degrees: a light shines along its negative z axis."""
    for name in ALTITUDE_PARMS:
        parm = node.parm(name)
        if parm is not None:
            return float(parm.eval())
    if kind not in _SUNNY or not isinstance(node, hou.ObjNode):
        return None
    towards = _unit(_rows(node, hou.frame())[2])
    return math.degrees(math.asin(max(-1.0, min(1.0, towards[1]))))


def _materials(nodes: list[hou.OpNode]) -> list[Material]:
    """Return every material once: a shader inside a builder has the builder's name."""
    found: dict[str, Material] = {}
    for node in nodes:
        kind = base_type(node.type().name())
        if kind not in MATERIALS:
            continue
        outer: hou.Node = node
        while (around := outer.parent()) is not None and base_type(around.type().name()) in {"subnet", *MATERIALS}:
            outer = around
        numbers = {name: float(parm.eval()) for name in LOOK_PARMS if (parm := node.parm(name)) is not None}
        found.setdefault(
            outer.path(), Material(path=outer.path(), name=outer.name(), kind=kind, looks=looks_of(numbers))
        )
    return list(found.values())


def _is_displayed_object(node: hou.OpNode) -> bool:
    return isinstance(node, hou.ObjNode) and base_type(node.type().name()) == "geo" and node.isDisplayFlagSet()


def _first_text(node: hou.OpNode, names: tuple[str, ...]) -> str:
    return next((parm.evalAsString() for name in names if (parm := node.parm(name)) is not None), "")
