"""Cameras in world space, lights, materials and displayed objects of a scene file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from cosmos_houdini.model.contents import CameraPath, Light, Material, Pose, SceneContents
from cosmos_houdini.model.node_kinds import (
    ALTITUDE_PARMS,
    KIND_PARMS,
    LIGHT_KINDS,
    LOOK_PARMS,
    MATERIALS,
    kind_of_light,
    looks_of,
)
from cosmos_houdini.model.render_node import base_type
from cosmos_houdini.model.scene import Camera, Scene, Vector
from cosmos_houdini.scene.curve import value_at
from cosmos_houdini.scene.nodes import Contents, Node
from cosmos_houdini.scene.parenting import is_object, parent_path
from cosmos_houdini.scene.timeline import Timeline
from cosmos_houdini.scene.transform import Placement, Transform, read_placement

CONTENT_TYPES = frozenset(LIGHT_KINDS) | MATERIALS
MOST_POSES = 2000
"""The most frames at which a way is followed; a longer shot is followed at fewer, evenly spaced."""

_OFF = ("off", "0")
_SUNNY = ("sun", "distant", "sky")


def describe_contents(contents: Contents, scene: Scene, timeline: Timeline) -> SceneContents:
    """Return the contents of a scene by name and kind.

    Args:
        contents: read with CONTENT_TYPES and with its objects.
        scene: read from the same contents.
        timeline: of the scene.
    """
    nodes = {node.path: node for node in contents.nodes}
    follow = _Follower(contents, timeline)
    return SceneContents(
        fps=scene.fps,
        frame_range=scene.frame_range,
        cameras=tuple(_camera_path(camera, nodes[camera.path], follow, timeline) for camera in scene.cameras),
        lights=tuple(_lights(contents, follow)),
        materials=tuple(_materials(contents)),
        objects=contents.displayed,
    )


class _Follower:
    """Finds the way of nodes in world space through the objects that carry them."""

    def __init__(self, contents: Contents, timeline: Timeline) -> None:
        self._contents = contents
        self._timeline = timeline
        self._placements: dict[str, Placement] = {}

    def chain(self, node: Node) -> tuple[tuple[Placement, ...], tuple[str, ...]]:
        """Return the placements from a node up to the world, and what hides the way."""
        placements, unresolved, seen = [], [], {node.path}
        current = node
        while True:
            placement = self._placement(current)
            placements.append(placement)
            own = current is node
            unresolved += [parm if own else f"{current.path} {parm}" for parm in placement.unresolved]
            parent = self._parent(current)
            if parent is None:
                return tuple(placements), tuple(unresolved)
            if parent in seen or parent not in self._contents.carriers:
                return tuple(placements), (*unresolved, f"parent {parent}")
            seen.add(parent)
            current = self._contents.carriers[parent]

    def _placement(self, node: Node) -> Placement:
        if node.path not in self._placements:
            self._placements[node.path] = read_placement(node, self._timeline)
        return self._placements[node.path]

    def _parent(self, node: Node) -> str | None:
        if not is_object(node.path, self._contents.types):
            return None
        return parent_path(node.path, node.definition, self._contents.types)


def world_at(chain: tuple[Placement, ...], frame: float) -> Transform:
    """Return the transform from a node to the world at a frame."""
    whole = Transform()
    for placement in chain:
        whole = whole.then(placement.at(frame))
    return whole


def _camera_path(camera: Camera, node: Node, follow: _Follower, timeline: Timeline) -> CameraPath:
    chain, unresolved = follow.chain(node)
    lens = tuple(name for name in camera.unresolved if name in {"focal", "focalLength", "focalunits"})
    focal_mm = None if lens else camera.focal_mm
    focal = camera.channels.get("focal")
    is_still = focal is None and not any(placement.is_moving for placement in chain)
    poses = () if unresolved else tuple(_poses(chain, _frames(timeline, is_still=is_still), camera, timeline.fps))
    size, width = camera.resolution, camera.pixel_aspect or 1.0
    return CameraPath(
        path=camera.path,
        poses=poses,
        focal_mm=focal_mm,
        aperture_mm=camera.aperture_mm,
        aspect=size[0] * width / size[1] if size and size[1] else None,
        unresolved=(*unresolved, *(name for name in lens if name not in unresolved)),
    )


def _frames(timeline: Timeline, *, is_still: bool) -> list[float]:
    """Return the frames to look at, evenly spaced; the ends of the range for what does not move."""
    first, last = timeline.first, timeline.last
    if is_still or last <= first:
        return [float(first), float(max(first, last))]
    step = max(1, math.ceil((last - first) / MOST_POSES))
    return [float(frame) for frame in range(first, last + 1, step)]


def _poses(chain: tuple[Placement, ...], frames: list[float], camera: Camera, fps: float) -> Iterator[Pose]:
    focal = camera.channels.get("focal")
    for frame in frames:
        world = world_at(chain, frame)
        yield Pose(
            frame=frame,
            position=world.shift,
            right=_unit(world.rows[0]),
            up=_unit(world.rows[1]),
            focal_mm=value_at(focal, frame, fps) if focal else camera.focal_mm,
        )


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector) or 1.0
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def _lights(contents: Contents, follow: _Follower) -> Iterator[Light]:
    for node in contents.nodes:
        kind = kind_of_light(base_type(node.type), _first_text(node, KIND_PARMS))
        if kind is None or _first_text(node, ("light_enable", "enable")) in _OFF:
            continue
        yield Light(path=node.path, name=_name(node.path), kind=kind, elevation_deg=_elevation(node, kind, follow))


def _elevation(node: Node, kind: str, follow: _Follower) -> float | None:
    """Return how high a sun stands, in degrees: a sky's own altitude, or where a distant light shines from.

    A light shines along its negative z axis, so that its z axis points at the sun.
    """
    if kind not in _SUNNY:
        return None
    for parm in ALTITUDE_PARMS:
        values = node.parms.get(parm)
        if values and not values[0].channel:
            return values[0].number
    chain, unresolved = follow.chain(node)
    if kind == "sky" or unresolved or any(placement.is_moving for placement in chain):
        return None
    towards = _unit(world_at(chain, 1.0).rows[2])
    return math.degrees(math.asin(max(-1.0, min(1.0, towards[1]))))


def _materials(contents: Contents) -> Iterator[Material]:
    """Yield every material once: a shader inside a builder has the builder's name."""
    seen = set()
    for node in contents.nodes:
        if base_type(node.type) not in MATERIALS:
            continue
        path = _material_path(node.path, contents.types)
        if path in seen:
            continue
        seen.add(path)
        numbers = {
            parm: values[0].number
            for parm in LOOK_PARMS
            if (values := node.parms.get(parm)) and not values[0].channel and values[0].number is not None
        }
        yield Material(path=path, name=_name(path), kind=base_type(node.type), looks=looks_of(numbers))


def _material_path(path: str, types: Mapping[str, str]) -> str:
    """Return the material that a shader belongs to: the outermost builder or subnet around it, else itself."""
    folder = path.rpartition("/")[0]
    while folder in types and (base_type(types[folder]) == "subnet" or base_type(types[folder]) in MATERIALS):
        path, folder = folder, folder.rpartition("/")[0]
    return path


def _first_text(node: Node, parms: tuple[str, ...]) -> str:
    return next((node.parms[parm][0].text for parm in parms if node.parms.get(parm)), "")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
