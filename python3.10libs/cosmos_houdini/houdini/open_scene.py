"""The open scene as Houdini evaluates it, in the form of the offline reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.open_outputs import all_nodes, read_open_outputs, read_text, type_name
from cosmos_houdini.model.render_node import base_type, expand_own_name
from cosmos_houdini.model.scene import Camera, CameraSample, License, Scene, Vector, is_interpolation, whole

_LICENSES = {".hip": License.COMMERCIAL, ".hiplc": License.INDIE, ".hipnc": License.APPRENTICE}
# kind -> translate, rotate, focal length, aperture, clipping: the parameters whose keys belong to the camera
_PARMS = {
    "obj": ("t", "r", "focal", "aperture", "near", "far", "res", "aspect"),
    "lop": ("t", "r", "focalLength", "horizontalAperture", "clippingRange"),
}


def load_scene(path: Path) -> None:
    """Open a scene file in this session; whatever was open before is gone.

    Raises:
        BadInput: Houdini cannot read the file.
    """
    try:
        hou.hipFile.load(path.as_posix(), suppress_save_prompt=True, ignore_load_warnings=True)
    except hou.OperationFailed as error:
        raise BadInput(f"Houdini cannot open {path}: {error.instanceMessage()}") from error


def read_open_scene() -> Scene:
    """Return what Houdini says about the open scene, at the current frame."""
    path = Path(hou.hipFile.path())
    first, last = hou.playbar.frameRange()
    start, end = hou.playbar.playbackRange()
    nodes = all_nodes()
    cameras = [_camera(node, kind) for node in nodes if (kind := camera_kind(node))]
    return Scene(
        path=path,
        license=_LICENSES.get(path.suffix, License.COMMERCIAL),
        houdini_version=hou.getenv("_HIP_SAVEVERSION"),
        saved_at=_saved_at(hou.getenv("_HIP_SAVETIME") or ""),
        fps=whole(hou.fps()),
        current_frame=whole(hou.frame(full_precision=True)),
        frame_range=(round(first), round(last)),
        playback_range=(whole(start), whole(end)),
        cameras=tuple(cameras),
        outputs=read_open_outputs(nodes),
        variables={},
    )


def sample_open_scene(scene: Scene) -> dict[str, tuple[CameraSample, ...]]:
    """Return every camera, by path, at every frame of the global range, as Houdini evaluates it there."""
    first, last = scene.frame_range
    return {camera.path: tuple(_samples(_node(camera.path), camera.kind, first, last)) for camera in scene.cameras}


def _node(path: str) -> hou.OpNode:
    return cast("hou.OpNode", hou.node(path))


def camera_kind(node: hou.OpNode) -> str | None:
    """Return ``obj`` or ``lop`` for a camera of that kind, and None for any other node."""
    type_, category = type_name(node), node.type().category().name()
    if type_ == "cam" and category == "Object":
        return "obj"
    # The offline reader leaves out a camera without this parameter too.
    return "lop" if type_ == "camera" and category == "Lop" and node.parm("primpath") is not None else None


def _camera(node: hou.OpNode, kind: str) -> Camera:
    """Return a camera; a parameter that this build's camera lacks is None, and is named under ``unresolved``."""
    is_lop = kind == "lop"
    near, far = _numbers(node, "clippingRange", 2) if is_lop else (_number(node, "near"), _number(node, "far"))
    keys = {parm.name(): _keys(parm) for parm in _driven(node, kind)}
    sample = _sample(node, kind, None)
    width, height = (None, None) if is_lop else _numbers(node, "res", 2)
    return Camera(
        path=node.path(),
        kind=kind,
        type=node.type().name(),
        resolution=None if width is None or height is None else (round(width), round(height)),
        pixel_aspect=1.0 if is_lop else _number(node, "aspect"),
        focal_mm=sample.focal_mm,
        aperture_mm=_number(node, "horizontalAperture" if is_lop else "aperture"),
        near=near,
        far=far,
        translate=sample.translate,
        rotate=sample.rotate,
        keyframes=tuple(sorted({frame for frames in keys.values() for frame in frames})),
        animated=any(len(frames) > 1 for frames in keys.values()),
        parent=None if is_lop else _parent(node),
        unresolved=tuple(name for name in _PARMS[kind] if node.parmTuple(name) is None),
        prim=expand_own_name(read_text(node, "primpath") or "", node.path()) if is_lop else None,
    )


def _samples(node: hou.OpNode, kind: str, first: int, last: int) -> Iterator[CameraSample]:
    for frame in range(first, last + 1):
        yield _sample(node, kind, frame)


def _sample(node: hou.OpNode, kind: str, frame: int | None) -> CameraSample:
    """Return the camera at a frame, or at the current one."""
    return CameraSample(
        frame=round(hou.frame()) if frame is None else frame,
        translate=_vector(node, "t", frame),
        rotate=_vector(node, "r", frame),
        focal_mm=_number(node, "focalLength" if kind == "lop" else "focal", frame),
    )


def _vector(node: hou.OpNode, name: str, frame: int | None) -> Vector | None:
    x, y, z = _numbers(node, name, 3, frame)
    return None if x is None or y is None or z is None else (x, y, z)


def _number(node: hou.OpNode, name: str, frame: int | None = None) -> float | None:
    return _numbers(node, name, 1, frame)[0]


def _numbers(node: hou.OpNode, name: str, count: int, frame: int | None = None) -> tuple[float | None, ...]:
    """Return the values of a parameter, or so many times None where the node lacks it."""
    values = node.parmTuple(name)
    if values is None:
        return (None,) * count
    return values.evalAsFloats() if frame is None else values.evalAsFloatsAtFrame(frame)


def _driven(node: hou.OpNode, kind: str) -> Iterator[hou.Parm]:
    for name in _PARMS[kind]:
        yield from node.parmTuple(name) or ()


def _keys(parm: hou.Parm) -> tuple[float, ...]:
    """Return the frames of a parameter's keys; an expression alone is none."""
    keys = parm.keyframes()
    if len(keys) == 1 and not (keys[0].isExpressionSet() and is_interpolation(keys[0].expression())):
        return ()
    return tuple(whole(key.frame()) for key in keys)


def _parent(node: hou.OpNode) -> str | None:
    wired: hou.OpNode | None = next((other for other in node.inputs() if other is not None), None)
    if wired is not None:
        return wired.path()
    around = node.parent()
    is_object = around is not None and around.type().category().name() == "Object"
    return around.path() if around is not None and is_object and base_type(around.type().name()) != "objnet" else None


def _saved_at(text: str) -> str | None:
    """Return the scene's own time of saving in ISO 8601, without a zone, which Houdini does not tell.

    >>> _saved_at("Thu Jun  4 10:42:29 2020")
    '2020-06-04T10:42:29'
    """
    match = re.fullmatch(r"\w{3} (\w{3}) +(\d+) (\d\d:\d\d:\d\d) (\d{4})", text.strip())
    if not match or match[1] not in _MONTHS:
        return None
    return f"{match[4]}-{_MONTHS.index(match[1]) + 1:02d}-{int(match[2]):02d}T{match[3]}"


# Not by strptime: it would take the names of the months in the artist's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
