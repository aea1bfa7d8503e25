"""The facts of a scene that a prompt can use, each only where the scene gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.facts.camera_move import CameraMove, describe_angle, describe_move
from cosmos_houdini.facts.daylight import sun_elevation, time_of_day
from cosmos_houdini.facts.lens import LensFact, describe_lens
from cosmos_houdini.model.contents import CameraPath, Light, Material, SceneContents

# Houdini's own names say nothing: a type with a number, as in geo1.
_DEFAULT_NAME = re.compile(r"(geo|box|sphere|grid|torus|tube|null|file|object|instance|test\w*)\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFacts:
    """The facts of a shot that its scene gives.

    Attributes:
        fps: frames a second.
        frames: number of frames of the range.
        camera: path of the camera that the facts are about; None where it is open which one renders.
        lens: its lens.
        move: what it does; None where its way is not known.
        angle: its angle in words; None likewise.
        unresolved: parameters that hide its way.
        lights: every light that is on.
        materials: every material.
        objects: names of displayed objects that somebody named.
        elevation_deg: height of the sun above the horizon.
    """

    fps: float
    frames: int
    camera: str | None
    lens: LensFact | None
    move: CameraMove | None
    angle: str | None
    unresolved: tuple[str, ...]
    lights: tuple[Light, ...]
    materials: tuple[Material, ...]
    objects: tuple[str, ...]
    elevation_deg: float | None

    @property
    def duration_s(self) -> float:
        """Length of the shot in seconds."""
        return self.frames / self.fps

    @property
    def time_of_day(self) -> str | None:
        """The time of day that the sun's height means; None without a sun."""
        return None if self.elevation_deg is None else time_of_day(self.elevation_deg)

    def lines(self) -> list[str]:
        """Return the facts as sentences for people, one for each that is known."""
        found = [f"{self.duration_s:.4g} s ({self.frames} frames at {self.fps:g} fps)"]
        if self.camera and self.lens:
            view = f", {self.lens.view_deg:.3g} degrees wide" if self.lens.view_deg else ""
            found.append(f"{self.camera}: {self.lens.focal_mm:g} mm, {self.lens.words or 'film unknown'}{view}")
        if self.move:
            found.append(self.move.sentence)
        if self.unresolved:
            found.append(f"Houdini is needed to follow {self.camera}: {', '.join(self.unresolved)}")
        if self.time_of_day:
            found.append(f"the sun stands {self.elevation_deg:.3g} degrees high: {self.time_of_day}")
        found += [f"light {light.name}: {light.kind}" for light in self.lights]
        found += [f"material {one.name}: {', '.join((one.kind, *one.looks))}" for one in self.materials]
        return [*found, f"objects: {', '.join(self.objects)}"] if self.objects else found

    def document(self) -> dict[str, Any]:
        """Return the facts as ``scene --facts --json`` and ``metadata.json`` hold them."""
        return {
            "fps": self.fps,
            "frames": self.frames,
            "duration_s": round(self.duration_s, 4),
            "camera": self.camera,
            "lens": self.lens.document() if self.lens else None,
            "camera_move": self.move.document() if self.move else None,
            "camera_angle": self.angle,
            "unresolved": list(self.unresolved),
            "lights": [
                {"path": light.path, "name": light.name, "kind": light.kind, "elevation_deg": _rounded(light)}
                for light in self.lights
            ],
            "materials": [
                {"path": one.path, "name": one.name, "kind": one.kind, "looks": list(one.looks)}
                for one in self.materials
            ],
            "objects": list(self.objects),
            "time_of_day": self.time_of_day,
        }


def describe_scene(contents: SceneContents, camera: str | None) -> SceneFacts:
    """Return the facts of a scene.

    Args:
        contents: of the scene.
        camera: path of the camera that renders; None where that is open, which leaves out lens and move.
    """
    path = next((one for one in contents.cameras if one.path == camera), None)
    first, last = contents.frame_range
    return SceneFacts(
        fps=contents.fps,
        frames=last - first + 1,
        camera=path.path if path else None,
        lens=_lens(path) if path else None,
        move=describe_move(path, contents.fps) if path else None,
        angle=describe_angle(path) if path else None,
        unresolved=path.unresolved if path else (),
        lights=contents.lights,
        materials=contents.materials,
        objects=tuple(name for one in contents.objects if not _is_default(name := one.rpartition("/")[2])),
        elevation_deg=sun_elevation(contents.lights),
    )


def _lens(path: CameraPath) -> LensFact | None:
    return describe_lens(path.focal_mm, path.aperture_mm)


def _is_default(name: str) -> bool:
    return _DEFAULT_NAME.fullmatch(name) is not None


def _rounded(light: Light) -> float | None:
    return None if light.elevation_deg is None else round(light.elevation_deg, 2)
