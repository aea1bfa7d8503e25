"""The open scene as Houdini evaluates it, in the form of the offline reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import BadInput, ToolError, did_you_mean
from cosmos_houdini.model.render_node import RENDER_NODES, base_type
from cosmos_houdini.model.scene import (
    Camera,
    CameraSample,
    License,
    RenderOutput,
    Scene,
    Vector,
    is_interpolation,
    whole,
)

_LICENSES = {".hip": License.COMMERCIAL, ".hiplc": License.INDIE, ".hipnc": License.APPRENTICE}
_TEXT_EXPRESSION = re.compile(r'"([^"`]*)"')
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
    """Return what Houdini says about the open scene, at the current frame; ``unresolved`` is empty for every camera."""
    path = Path(hou.hipFile.path())
    first, last = hou.playbar.frameRange()
    start, end = hou.playbar.playbackRange()
    nodes = _nodes()
    cameras = [_camera(node, kind) for node in nodes if (kind := _camera_kind(node))]
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
        outputs=tuple(_output(node) for node in nodes if base_type(node.type().name()) in RENDER_NODES),
        variables={},
    )


def sample_open_scene(scene: Scene) -> dict[str, tuple[CameraSample, ...]]:
    """Return every camera, by path, at every frame of the global range, as Houdini evaluates it there."""
    first, last = scene.frame_range
    return {camera.path: tuple(_samples(_node(camera.path), camera.kind, first, last)) for camera in scene.cameras}


def render(node_path: str, frames: tuple[int, int] | None) -> None:
    """Render a ROP of the open scene.

    Args:
        node_path: for example ``/out/mantra1``.
        frames: first and last frame; without them the node's own range.

    Raises:
        BadInput: there is no such ROP.
        ToolError: it failed.
    """
    node = hou.node(node_path)
    if not isinstance(node, hou.RopNode):
        rops = [other.path() for other in _nodes() if isinstance(other, hou.RopNode)]
        raise BadInput(
            f"{hou.hipFile.path()} has no ROP {node_path}",
            allowed=", ".join(rops) or "none: the scene has no ROP",
            action=did_you_mean(node_path, rops),
        )
    try:
        if frames:
            node.render(frame_range=(*frames, 1), output_progress=True)
        else:
            node.render(output_progress=True)
    except hou.OperationFailed as error:
        raise ToolError(
            f"{node_path} did not render", detail=error.instanceMessage(), action="render it in Houdini to see why"
        ) from error


def output_paths() -> tuple[str, ...]:
    """Return the paths of the open scene's nodes that write pictures."""
    return tuple(node.path() for node in _nodes() if base_type(node.type().name()) in RENDER_NODES)


def _nodes() -> list[hou.OpNode]:
    # The inside of a locked asset is not saved in the scene, so that the offline reader does not know it either.
    return [cast("hou.OpNode", node) for node in hou.root().allSubChildren(recurse_in_locked_nodes=False)]


def _node(path: str) -> hou.OpNode:
    return cast("hou.OpNode", hou.node(path))


def _camera_kind(node: hou.OpNode) -> str | None:
    type_ = base_type(node.type().name())
    category = node.type().category().name()
    if type_ == "cam" and category == "Object":
        return "obj"
    return "lop" if type_ == "camera" and category == "Lop" else None


def _camera(node: hou.OpNode, kind: str) -> Camera:
    is_lop = kind == "lop"
    near, far = _numbers(node, "clippingRange") if is_lop else (*_numbers(node, "near"), *_numbers(node, "far"))
    keys = {parm.name(): _keys(parm) for parm in _driven(node, kind)}
    sample = _sample(node, kind, None)
    width, height = (None, None) if is_lop else _numbers(node, "res")
    return Camera(
        path=node.path(),
        kind=kind,
        type=node.type().name(),
        resolution=None if width is None or height is None else (round(width), round(height)),
        pixel_aspect=1.0 if is_lop else _numbers(node, "aspect")[0],
        focal_mm=sample.focal_mm,
        aperture_mm=_numbers(node, "horizontalAperture" if is_lop else "aperture")[0],
        near=near,
        far=far,
        translate=sample.translate,
        rotate=sample.rotate,
        keyframes=tuple(sorted({frame for frames in keys.values() for frame in frames})),
        animated=any(len(frames) > 1 for frames in keys.values()),
        parent=None if is_lop else _parent(node),
        unresolved=(),
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
        focal_mm=_numbers(node, "focalLength" if kind == "lop" else "focal", frame)[0],
    )


def _vector(node: hou.OpNode, name: str, frame: int | None) -> Vector:
    x, y, z = _numbers(node, name, frame)
    return (x, y, z)


def _numbers(node: hou.OpNode, name: str, frame: int | None = None) -> tuple[float, ...]:
    """Return the values of a parameter; every camera has those that are asked for here."""
    values = node.parmTuple(name)
    if values is None:
        raise BadInput(f"{node.path()} has no parameter {name!r}", action="use Houdini's own camera type")
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


def _output(node: hou.OpNode) -> RenderOutput:
    parms = RENDER_NODES[base_type(node.type().name())]
    return RenderOutput(
        path=node.path(),
        type=node.type().name(),
        picture=_text(node, parms.picture),
        camera=_text(node, parms.camera) if parms.camera else None,
        frame_range=_range(node),
    )


def _text(node: hou.OpNode, name: str) -> str | None:
    parm = node.parm(name)
    if parm is None:
        return None
    try:
        return parm.unexpandedString() or None
    except hou.OperationFailed:
        # Driven by a channel. One that is nothing but a quoted text is that text, as the artist wrote it.
        literal = _TEXT_EXPRESSION.fullmatch(parm.expression())
        return (literal[1] if literal else parm.evalAsString()) or None


def _range(node: hou.OpNode) -> tuple[float, float, float] | None:
    mode, span = node.parm("trange"), node.parmTuple("f")
    if mode is None or span is None or mode.evalAsString() in {"off", "0"}:
        return None
    first, last, step = span.evalAsFloats()
    return (whole(first), whole(last), whole(step))


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
