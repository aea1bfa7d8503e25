"""Convert camera nodes to Cameras, and Cameras to one sample for each frame."""

from __future__ import annotations

from collections.abc import Mapping

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_node import base_type, expand_own_name
from cosmos_houdini.model.scene import Camera, CameraSample, Scene, Vector
from cosmos_houdini.scene.curve import value_at
from cosmos_houdini.scene.nodes import Node
from cosmos_houdini.scene.parenting import parent_path
from cosmos_houdini.scene.timeline import Timeline
from cosmos_houdini.scene.values import Reading, displacing

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
    reading = Reading(node=node, timeline=timeline)
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
        parent=None if is_lop else parent_path(node.path, node.definition, types),
        unresolved=(*dict.fromkeys(reading.unresolved), *displacing(node, _PLAIN)),
        channels=reading.channels,
        prim=_prim(node) if is_lop else None,
    )


def _prim(node: Node) -> str:
    """Return the path of the prim that a LOP camera makes, with its own variable expanded."""
    return expand_own_name(node.parms["primpath"][0].text, node.path)


def _size(width: float | None, height: float | None) -> tuple[int, int] | None:
    return None if width is None or height is None else (round(width), round(height))
