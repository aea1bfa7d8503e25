"""The facts about a shot in a Houdini scene: ranges, cameras with their animation, render outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.model.render_node import PRODUCT_LISTS, base_type
from cosmos_houdini.model.text_enum import TextEnum

Vector = tuple[float, float, float]

_INTERPOLATION = re.compile(r"(bezier|linear|constant|cubic|spline|qlinear|quintic|ease(in|out)?p?)\(\)")


class License(TextEnum):
    """The licence class of a scene file; Houdini passes it on to all files that are made with the scene."""

    COMMERCIAL = "commercial"
    INDIE = "indie"
    APPRENTICE = "apprentice"


def whole(number: float) -> float:
    """Return ``number``, as an int if it is whole to a thousandth.

    Converted values are not exact, because scenes store times in seconds, some of them in 32 bits.

    >>> whole(119.9999924), whole(23.976)
    (120, 23.976)
    """
    nearest = round(number)
    return nearest if abs(number - nearest) <= 1e-3 else number  # noqa: PLR2004 - the thousandth of the docstring


def is_interpolation(expression: str) -> bool:
    """Whether a channel's expression interpolates between two keys; only then does the channel have keys.

    >>> is_interpolation("bezier()"), is_interpolation("$F")
    (True, False)
    """
    return _INTERPOLATION.fullmatch(expression) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The part of a channel from one key to the next.

    Attributes:
        length_s: seconds until the next key; 0 after the last.
        values: the values at the start and at the end of the segment; the start value is that of the key.
        slopes: change of the value per second, at both ends.
        accels: lengths of both Bezier handles in the plane of seconds and value.
        expression: ``bezier()``, ``linear()``, ``constant()`` or any other text in the file.
    """

    length_s: float
    values: tuple[float, float] = (0.0, 0.0)
    slopes: tuple[float, float] = (0.0, 0.0)
    accels: tuple[float, float] = (0.0, 0.0)
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One animated or expression-driven component of a parameter.

    Attributes:
        start_s: time of the first key in seconds; 0 is frame 1.
        before: the rule before the first key (``extend`` repeats the value of that key).
        after: the rule after the last key (``extend`` repeats the value of that key).
    """

    name: str
    start_s: float = 0.0
    segments: tuple[Segment, ...]
    before: str = "extend"
    after: str = "extend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera as it was saved.

    Attributes:
        path: path of the node, for example ``/obj/cam1``.
        kind: ``obj``, or ``lop`` for a camera of a USD stage.
        type: the node type with its namespace and version.
        resolution: width and height in pixels; a LOP camera has none.
        pixel_aspect: width of a pixel divided by its height.
        focal_mm: focal length.
        aperture_mm: horizontal aperture.
        near: near clipping distance in scene units.
        far: far clipping distance in scene units.
        translate: the parameter ``t`` when the scene was saved, relative to ``parent``.
        rotate: the parameter ``r``, degrees about x, y and z.
        keyframes: frames at which any of the values above has a key.
        animated: whether any of them has more than one key.
        parent: the object whose movement the camera follows, or None.
        unresolved: parameters whose value over time, or whose effect on the camera's position, is not clear from the
            file: expressions, interpolations of unknown shape, look-at, pivots. The values above are the saved ones.
        channels: the animated components that can be evaluated.
        prim: path of the prim that a LOP camera makes, by which render nodes name it.
    """

    path: str
    kind: str
    type: str
    resolution: tuple[int, int] | None
    pixel_aspect: float | None
    focal_mm: float | None
    aperture_mm: float | None
    near: float | None
    far: float | None
    translate: Vector | None
    rotate: Vector | None
    keyframes: tuple[float, ...]
    animated: bool
    parent: str | None
    unresolved: tuple[str, ...]
    channels: Mapping[str, Channel] = field(default_factory=dict)
    prim: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the camera as ``scene --json`` prints it."""
        return {
            "path": self.path,
            "kind": self.kind,
            "type": self.type,
            "resolution": list(self.resolution) if self.resolution else None,
            "pixel_aspect": self.pixel_aspect,
            "focal_mm": self.focal_mm,
            "aperture_mm": self.aperture_mm,
            "near": self.near,
            "far": self.far,
            "animated": self.animated,
            "keyframes": list(self.keyframes),
            "translate": list(self.translate) if self.translate else None,
            "rotate": list(self.rotate) if self.rotate else None,
            "parent": self.parent,
            "unresolved": list(self.unresolved),
            **({"prim": self.prim} if self.prim else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSample:
    """A camera at one frame; unresolved parameters have their saved values."""

    frame: int
    translate: Vector | None
    rotate: Vector | None
    focal_mm: float | None

    def document(self) -> dict[str, Any]:
        """Return the sample as ``scene --json --samples`` prints it."""
        return {
            "frame": self.frame,
            "translate": list(self.translate) if self.translate else None,
            "rotate": list(self.rotate) if self.rotate else None,
            "focal_mm": self.focal_mm,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOutput:
    """A node that renders pictures.

    Attributes:
        path: of the node, or of its parameter where one node names several pictures.
        picture: the picture path with its variables, as the artist wrote it; None if the node names none.
        camera: node or prim path; None if the node names none.
        frame_range: first, last and increment; None if the node has no range or renders only the current frame.
        delegate: the render delegate of a node that renders a USD stage, for example ``BRAY_HdKarma``.
        take: the take that the node renders; None for the scene's current one.
        renders: paths of the nodes that name the pictures which this one writes, the settings first.
        rendered_by: path of the node that writes the picture which this one names; None where it writes it itself.
        vars: names of the render vars of a render product, for example ``depth``.
    """

    path: str
    type: str
    picture: str | None
    camera: str | None
    frame_range: tuple[float, float, float] | None
    delegate: str | None = None
    take: str | None = None
    renders: tuple[str, ...] = ()
    rendered_by: str | None = None
    vars: tuple[str, ...] = ()

    @property
    def node_path(self) -> str:
        """The path of the node that names the picture."""
        return self.path.rpartition("/")[0] if base_type(self.type) in PRODUCT_LISTS else self.path

    def document(self) -> dict[str, Any]:
        """Return the output as ``scene --json`` prints it."""
        return {
            "path": self.path,
            "type": self.type,
            "picture": self.picture,
            "camera": self.camera,
            "frame_range": list(self.frame_range) if self.frame_range else None,
            **{key: value for key, value in self._of_stages().items() if value},
        }

    def _of_stages(self) -> dict[str, Any]:
        """Return the facts that few nodes have; the others are printed without these keys."""
        return {
            "delegate": self.delegate,
            "take": self.take,
            "renders": list(self.renders),
            "rendered_by": self.rendered_by,
            "vars": list(self.vars),
        }

    @classmethod
    def of_document(cls, data: Mapping[str, Any]) -> RenderOutput:
        """Return the output of a document; keys that few nodes have may be missing."""
        frames = data.get("frame_range")
        return cls(
            path=data["path"],
            type=data.get("type", ""),
            picture=data["picture"],
            camera=data["camera"],
            frame_range=(frames[0], frames[1], frames[2]) if frames else None,
            delegate=data.get("delegate"),
            take=data.get("take"),
            renders=tuple(data.get("renders", ())),
            rendered_by=data.get("rendered_by"),
            vars=tuple(data.get("vars", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The contents of one scene file that this project reads.

    Attributes:
        path: where the file is now; ``$HIP`` is the folder of this path.
        houdini_version: for example ``20.5.332``; None if the file does not say.
        saved_at: ISO 8601, the local time of the machine that saved the scene, with its UTC offset if that is known.
        fps: frames a second.
        current_frame: the frame of the playbar.
        frame_range: the global range, both ends included.
        playback_range: the playbar's range, both ends included.
        variables: global variables of the scene, for example ``JOB``.
        facts: lens, camera move, lights and the like as JSON data, where somebody asked for them.
    """

    path: Path
    license: License
    houdini_version: str | None
    saved_at: str | None
    fps: float
    current_frame: float
    frame_range: tuple[int, int]
    playback_range: tuple[float, float]
    cameras: tuple[Camera, ...]
    outputs: tuple[RenderOutput, ...]
    variables: Mapping[str, str]
    facts: Mapping[str, Any] | None = None

    def document(self, samples: Mapping[str, Sequence[CameraSample]] | None = None) -> dict[str, Any]:
        """Return the scene as ``scene --json`` prints it; ``samples``, by camera path, are added to the cameras."""
        cameras = [camera.document() for camera in self.cameras]
        if samples is not None:
            for camera in cameras:
                camera["samples"] = [sample.document() for sample in samples[camera["path"]]]
        return {
            "path": str(self.path),
            "license": str(self.license),
            "houdini_version": self.houdini_version,
            "saved_at": self.saved_at,
            "fps": self.fps,
            "current_frame": self.current_frame,
            "frame_range": list(self.frame_range),
            "playback_range": list(self.playback_range),
            "cameras": cameras,
            "outputs": [output.document() for output in self.outputs],
            **({} if self.facts is None else {"facts": dict(self.facts)}),
        }
