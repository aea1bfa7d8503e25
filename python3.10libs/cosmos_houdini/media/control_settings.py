"""The user's settings for the control passes; they are plain values, so that reading them loads no picture library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from cosmos_houdini.media.controls.blur_presets import TRANSFER25, BlurPreset
from cosmos_houdini.model.text_enum import TextEnum

FAR = 1e9

Fit = Literal["auto", "fit", "letterbox", "crop", "none"]
"""Ways to put a plate of another aspect into the engine's frame; see ``shots.framing.plan_framing``."""
FITS: tuple[str, ...] = get_args(Fit)
DepthKindName = Literal["auto", "camera-z", "ray-distance", "near-bright", "near-dark"]
"""The kinds of depth, and ``auto``, which finds the kind from names and values."""
DEPTH_KINDS: tuple[str, ...] = get_args(DepthKindName)


class DepthKind(TextEnum):
    """The meaning of the numbers in a depth pass."""

    CAMERA_Z = "camera-z"
    RAY_DISTANCE = "ray-distance"
    NEAR_BRIGHT = "near-bright"
    NEAR_DARK = "near-dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorSettings:
    """How to show scene-linear colour; a setting that is None follows the configuration.

    Attributes:
        config: path or ``ocio://`` name of an OpenColorIO configuration; None for ``$OCIO`` or the built-in one.
        display: name of the display; None for the configuration's default, which is sRGB in the built-in one.
        view: name of the view; None for the display's default view.
        input_space: colour space of the pictures; None for the one that the file gives, else the role ``scene_linear``.
        exposure_stops: exposure in stops; each stop doubles the light before the view.
    """

    config: str | None = None
    display: str | None = None
    view: str | None = None
    input_space: str | None = None
    exposure_stops: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """The values of a camera that turn the length of a ray into depth; the optical axis goes through the centre.

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
    """How to read depth.

    Attributes:
        kind: what the numbers mean; None to guess it from them.
        percentiles: shares of the shot's pixels, 0 to 100, that are below black and below white.
        far: distance in scene units from which everything is sky.
        frozen: the range of an earlier conversion, as its ``metadata.json`` holds it.
        lenses: the camera's lens at each frame, for ray distance.
    """

    kind: DepthKind | None = None
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: float = FAR
    frozen: Mapping[str, Any] | None = None
    lenses: Mapping[int, Lens] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """All settings of the control passes in one conversion.

    Attributes:
        color: how to show scene-linear colour.
        depth: how to read depth.
        objects: names of the Cryptomatte objects to keep, with ``*``, ``?`` and ``[]``; if empty, all are kept.
        mask_objects: names of the Cryptomatte objects that the mask shows, with ``*``, ``?`` and ``[]``.
        palette: file with the table of the show's segmentation colours; None to use no file.
        edge: preset for edges that are computed if no edge pass is rendered; None to compute none.
        vis: preset for blurred colour that is computed if no vis pass is rendered; None to compute none.
        blur_presets: numbers of each preset of the blurred colour; an engine may have its own.
    """

    color: ColorSettings = ColorSettings()
    depth: DepthSettings = DepthSettings()
    objects: tuple[str, ...] = ()
    mask_objects: tuple[str, ...] = ()
    palette: Path | None = None
    edge: str | None = None
    vis: str | None = None
    blur_presets: Mapping[str, BlurPreset] = field(default_factory=lambda: TRANSFER25)
