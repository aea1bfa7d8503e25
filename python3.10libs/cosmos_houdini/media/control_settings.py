"""What a person may choose about the control passes; plain values, so that reading them loads no picture library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.model.text_enum import TextEnum

FAR = 1e9


class DepthKind(TextEnum):
    """What the numbers of a depth pass mean."""

    CAMERA_Z = "camera-z"
    RAY_DISTANCE = "ray-distance"
    NEAR_BRIGHT = "near-bright"
    NEAR_DARK = "near-dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorSettings:
    """How scene-linear colour is shown; what is None follows the configuration.

    Attributes:
        config: path or ``ocio://`` name of an OpenColorIO configuration; None for ``$OCIO`` or the built-in one.
        display: None for the configuration's default display, sRGB in the built-in one.
        view: None for the display's default view.
        input_space: colour space of the pictures; None for what the file says, else the role ``scene_linear``.
        exposure_stops: each stop doubles the light before the view.
    """

    config: str | None = None
    display: str | None = None
    view: str | None = None
    input_space: str | None = None
    exposure_stops: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What a camera needs to turn the length of a ray into depth; the optical axis goes through the centre.

    Attributes:
        focal_mm: focal length.
        aperture_mm: width of the film back, as Houdini's ``aperture``.
        pixel_aspect: width of a pixel divided by its height.
    """

    focal_mm: float
    aperture_mm: float
    pixel_aspect: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSettings:
    """How depth is read.

    Attributes:
        kind: what the numbers mean; None to tell it from them.
        percentiles: shares of the shot's pixels, 0 to 100, that lie below black and white.
        far: distance in scene units from which everything is sky.
        frozen: the range of an earlier conversion, as its ``metadata.json`` holds it.
        lenses: the camera at each frame, for ray distance.
    """

    kind: DepthKind | None = None
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: float = FAR
    frozen: Mapping[str, Any] | None = None
    lenses: Mapping[int, Lens] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """All choices of one conversion.

    Attributes:
        color: how scene-linear colour is shown.
        depth: how depth is read.
        objects: names of Cryptomatte objects to keep, with ``*``, ``?`` and ``[]``; all without any.
        mask_objects: likewise, the objects that the mask shows.
        palette: the table of the show's segmentation colours; None to keep none.
        edge: preset with which edges are computed where no edge pass is rendered; None to compute none.
        vis: likewise of the blurred colour.
        engine: for which the blurred colour is computed; their presets differ a little.
    """

    color: ColorSettings = ColorSettings()
    depth: DepthSettings = DepthSettings()
    objects: tuple[str, ...] = ()
    mask_objects: tuple[str, ...] = ()
    palette: Path | None = None
    edge: str | None = None
    vis: str | None = None
    engine: str = ""
