"""Convert camera nodes to Cameras, and Cameras to one sample for each frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_node import base_type, expand_own_name
from cosmos_houdini.model.scene import Camera, CameraSample, Channel, Scene, Vector
from cosmos_houdini.scene.curve import is_certain, is_keyed, is_locked, key_frames, value_at
from cosmos_houdini.scene.nodes import Node, wired_paths
from cosmos_houdini.scene.parm import ParmValue
from cosmos_houdini.scene.timeline import Timeline

CAMERA_TYPES = frozenset({"cam", "camera"})
SAMPLE_LIMIT = 200_000
"""The most frames that are sampled: more than two hours."""

# A parameter with another value than the one here moves the camera away from its translate and rotate.
_PLAIN = {
    "xOrd": ("srt",),
    "rOrd": ("xyz",),
    "p": ("0", "0", "0"),
    "pr": ("0", "0", "0"),
    "lookatpath": ("",),
    "pathobjpath": ("",),
    "constraints_on": ("off",),
    "lookatenable": ("off",),
    "focalunits": ("mm",),
}
_PRETRANSFORM = re.compile(r"^pretransform UT_DMatrix4 (.*)$", re.MULTILINE)
_IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"


def read_cameras(nodes: tuple[Node, ...], types: Mapping[str, str], timeline: Timeline) -> tuple[Camera, ...]:
    """Return the cameras among ``nodes``, objects and LOPs, in the order of the file."""
    cameras = (_camera(node, types, timeline) for node in nodes if base_type(node.type) in CAMERA_TYPES)
    return tuple(camera for camera in cameras if camera)


def sample_cameras(scene: Scene) -> dict[str, tuple[CameraSample, ...]]:
    """Return every camera, by path, at every frame of the scene's global range.

    Unresolved parameters keep their saved values.

    Raises:
        BadInput: the range has more than SAMPLE_LIMIT frames.
    """
    first, last = scene.frame_range
    if last - first >= SAMPLE_LIMIT:
        raise BadInput(
            f"{scene.path}: the global range {first}-{last} has {last - first + 1} frames",
            allowed=f"at most {SAMPLE_LIMIT} samples",
            action="set the range of the shot in Houdini's Global Animation Options",
        )
    return {
        camera.path: tuple(_sample(camera, frame, scene.fps) for frame in range(first, last + 1))
        for camera in scene.cameras
    }


def _sample(camera: Camera, frame: int, fps: float) -> CameraSample:
    def now(component: str, saved: float) -> float:
        channel = camera.channels.get(component)
        return value_at(channel, frame, fps) if channel else saved

    def vector(parm: str, saved: Vector | None) -> Vector | None:
        if saved is None:
            return None
        return (now(f"{parm}x", saved[0]), now(f"{parm}y", saved[1]), now(f"{parm}z", saved[2]))

    return CameraSample(
        frame=frame,
        translate=vector("t", camera.translate),
        rotate=vector("r", camera.rotate),
        focal_mm=None if camera.focal_mm is None else now("focal", camera.focal_mm),
    )


def _camera(node: Node, types: Mapping[str, str], timeline: Timeline) -> Camera | None:
    is_lop = base_type(node.type) == "camera"
    if is_lop and "primpath" not in node.parms:
        return None
    reading = _Reading(node=node, timeline=timeline)
    translate, rotate = reading.vector("t"), reading.vector("r")
    focal_mm = reading.scalar("focalLength" if is_lop else "focal", key="focal")
    aperture_mm = reading.scalar("horizontalAperture" if is_lop else "aperture")
    near, far = reading.numbers("clippingRange", 2) if is_lop else (reading.scalar("near"), reading.scalar("far"))
    resolution = (None, None) if is_lop else reading.numbers("res", 2)
    # A USD camera has no pixel aspect: its two apertures are lengths, and its pixels are square.
    pixel_aspect = 1.0 if is_lop else reading.scalar("aspect")
    return Camera(
        path=node.path,
        kind="lop" if is_lop else "obj",
        type=node.type,
        resolution=_size(*resolution),
        pixel_aspect=pixel_aspect,
        focal_mm=focal_mm,
        aperture_mm=aperture_mm,
        near=near,
        far=far,
        translate=translate,
        rotate=rotate,
        keyframes=tuple(sorted(reading.keyframes)),
        animated=reading.animated,
        parent=None if is_lop else _parent(node, types),
        unresolved=(*dict.fromkeys(reading.unresolved), *_displacing(node)),
        channels=reading.channels,
        prim=_prim(node) if is_lop else None,
    )


def _prim(node: Node) -> str:
    """Return the path of the prim that a LOP camera makes, with its own variable expanded."""
    return expand_own_name(node.parms["primpath"][0].text, node.path)


def _size(width: float | None, height: float | None) -> tuple[int, int] | None:
    return None if width is None or height is None else (round(width), round(height))


def _displacing(node: Node) -> tuple[str, ...]:
    """Return the parameters that move the camera away from its translate and rotate, or change its focal unit."""
    names = [
        name
        for name, plain in _PLAIN.items()
        if name in node.parms and (_texts(node.parms[name]) != plain or any(v.channel for v in node.parms[name]))
    ]
    matrix = _PRETRANSFORM.search(node.definition)
    if matrix and matrix[1].strip() != _IDENTITY:
        names.append("pretransform")
    return tuple(names)


def _texts(values: tuple[ParmValue, ...]) -> tuple[str, ...]:
    return tuple("0" if value.number == 0 else value.text for value in values)


def _parent(node: Node, types: Mapping[str, str]) -> str | None:
    """Return the object whose movement this one follows: the object wired into it, else the subnet around it."""
    folder = node.path.rpartition("/")[0]
    if wired := wired_paths(node.path, node.definition):
        return wired[0]
    around = types.get(folder)
    return folder if around is not None and base_type(around) != "objnet" else None


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Reads the values of one node and collects the channels that drive them."""

    node: Node
    timeline: Timeline
    channels: dict[str, Channel] = field(default_factory=dict)
    keyframes: set[float] = field(default_factory=set)
    unresolved: list[str] = field(default_factory=list)
    animated: bool = False

    def vector(self, parm: str) -> Vector | None:
        x, y, z = self.numbers(parm, 3)
        return None if x is None or y is None or z is None else (x, y, z)

    def scalar(self, parm: str, *, key: str | None = None) -> float | None:
        return self.numbers(parm, 1, keys=[key or parm])[0]

    def numbers(self, parm: str, count: int, *, keys: list[str] | None = None) -> tuple[float | None, ...]:
        """Return the saved numbers of a parameter; missing numbers are None and are listed as unresolved."""
        values = self.node.parms.get(parm, ())
        if len(values) < count:
            self.unresolved.append(parm)
            return (None,) * count
        keys = keys or [f"{parm}{axis}" for axis in "xyz"[:count]]
        return tuple(self._number(parm, key, value) for key, value in zip(keys, values, strict=False))

    def _number(self, parm: str, key: str, value: ParmValue) -> float | None:
        if value.number is None:
            self.unresolved.append(value.channel or parm)
        elif value.channel:
            self._drive(key, value.channel)
        return value.number

    def _drive(self, key: str, name: str) -> None:
        """Add the channel ``name`` as the driver of the component ``key`` if its values are certain."""
        channel = self.node.channels.get(name)
        if channel is None or not is_keyed(channel):
            if channel is None or not is_locked(channel):
                self.unresolved.append(name)
            return
        self.keyframes.update(key_frames(channel, self.timeline.fps))
        self.animated = self.animated or len(channel.segments) > 1
        if is_certain(channel, self.timeline.first_s, self.timeline.last_s):
            self.channels[key] = channel
        else:
            self.unresolved.append(name)
