"""Parts of a scene beyond the frame range: cameras in world space, lights, materials and objects, by name and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cosmos_houdini.model.scene import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A camera at one frame, in world space.

    Attributes:
        frame: the frame number.
        position: in scene units.
        right: unit vector from left to right in the picture.
        up: unit vector from bottom to top in the picture.
        focal_mm: focal length; None if it is unknown.
    """

    frame: float
    position: Vector
    right: Vector
    up: Vector
    focal_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPath:
    """The way of a camera through a shot.

    Attributes:
        path: the node.
        poses: one a frame, in order; empty where the way is not known.
        focal_mm: focal length at the first frame; None if it is unknown.
        aperture_mm: width of the film gate; None if it is unknown.
        aspect: width of the picture divided by its height; None if it is unknown.
        unresolved: parameters, of the camera or of what carries it, that hide the way.
    """

    path: str
    poses: tuple[Pose, ...]
    focal_mm: float | None
    aperture_mm: float | None
    aspect: float | None
    unresolved: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> CameraPath:
        """Return the path that ``dataclasses.asdict`` wrote."""
        poses = tuple(
            Pose(
                frame=pose["frame"],
                position=_vector(pose["position"]),
                right=_vector(pose["right"]),
                up=_vector(pose["up"]),
                focal_mm=pose["focal_mm"],
            )
            for pose in document["poses"]
        )
        return cls(**{**document, "poses": poses, "unresolved": tuple(document["unresolved"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light.

    Attributes:
        path: the node.
        name: the node's name.
        kind: ``sun``, ``sky``, ``environment``, ``distant``, ``point``, ``spot``, ``area`` and the like.
        elevation_deg: height of a sun above the horizon, -90 to 90; None for other lights, and where it is unknown.
    """

    path: str
    name: str
    kind: str
    elevation_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A material.

    Attributes:
        path: the node that carries the name.
        name: the node's name.
        kind: the type of its shader, for example ``principledshader``.
        looks: words that its own numbers give, such as ``metallic``; see ``node_kinds.looks_of``.
    """

    path: str
    name: str
    kind: str
    looks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneContents:
    """Everything in a scene that facts are made of.

    Attributes:
        fps: frames a second.
        frame_range: first and last frame.
        cameras: every camera.
        lights: every light that is on.
        materials: every material.
        objects: paths of the displayed objects with geometry.
    """

    fps: float
    frame_range: tuple[int, int]
    cameras: tuple[CameraPath, ...] = ()
    lights: tuple[Light, ...] = ()
    materials: tuple[Material, ...] = ()
    objects: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON data, as a session of Houdini sends it to the worker."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SceneContents:
        """Return the contents that ``document`` wrote.

        Raises:
            KeyError, TypeError, ValueError: a value is missing or of another kind.
        """
        first, last = document["frame_range"]
        return cls(
            fps=float(document["fps"]),
            frame_range=(int(first), int(last)),
            cameras=tuple(CameraPath.from_document(camera) for camera in document["cameras"]),
            lights=tuple(Light(**light) for light in document["lights"]),
            materials=tuple(
                Material(**{**material, "looks": tuple(material["looks"])}) for material in document["materials"]
            ),
            objects=tuple(document["objects"]),
        )


def _vector(values: Any) -> Vector:  # noqa: ANN401 - of a JSON document
    x, y, z = (float(value) for value in values)
    return (x, y, z)
