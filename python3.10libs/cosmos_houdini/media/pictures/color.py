"""Converts scene-linear colour to 8-bit display colour with OpenColorIO; 8-bit comps do not need this.

The configuration is the named one, that of ``$OCIO``, or a built-in ACES studio configuration. The name of the built-in
one contains its version, so that a shot looks the same with a newer OpenColorIO.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - as its own documents write it
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.control_settings import ColorSettings
from cosmos_houdini.media.pictures.display_cube import bake, is_faithful
from cosmos_houdini.media.pictures.display_levels import three_channels

BUILT_IN = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
SCENE_LINEAR = "scene_linear"
SEEN_DISPLAY, SEEN_VIEW = "COSMOS_HOUDINI_OCIO_DISPLAY", "COSMOS_HOUDINI_OCIO_VIEW"
"""Variables with the display and view of Houdini's viewport; they count where nothing is configured."""
BRIGHTEST_HALF = 65504.0
CHROMATICITY_TOLERANCE = 2e-3
OCIO_ERRORS = (OCIO.Exception, OCIO.ExceptionMissingFile)
# Red, green, blue and white as the EXR attribute gives them, and the names that configurations give their linear space.
PRIMARIES: tuple[tuple[tuple[float, ...], tuple[str, ...]], ...] = (
    (
        (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767),
        ("ACEScg", "lin_ap1", "ACES - ACEScg"),
    ),
    (
        (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
        ("ACES2065-1", "lin_ap0", "ACES - ACES2065-1"),
    ),
    (
        (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290),
        ("Linear Rec.709 (sRGB)", "lin_rec709", "Utility - Linear - Rec.709", "Utility - Linear - sRGB"),
    ),
    (
        (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.3290),
        ("Linear P3-D65", "lin_p3d65", "Utility - Linear - P3-D65"),
    ),
    (
        (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
        ("Linear Rec.2020", "lin_rec2020", "Utility - Linear - Rec.2020"),
    ),
)

Linear = NDArray[Any]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class DisplayTransform:
    """One transform from scene-linear to display colour, for all frames of a shot.

    Attributes:
        config: path or name of the configuration.
        display: name of the display, as the configuration spells it.
        view: name of the view, as the configuration spells it.
        input_space: name of the input space, as the configuration spells it.
        input_reason: the reason for this input space.
        exposure_stops: the chosen exposure.
        opened: the configuration itself.
        to_light: a transform of OpenColorIO from the numbers of the files to light; None if they are light.
    """

    config: str
    display: str
    view: str
    input_space: str
    input_reason: str
    exposure_stops: float
    opened: Any = field(repr=False, compare=False)
    to_light: Any = field(default=None, repr=False, compare=False)

    def apply(self, linear: Linear) -> Picture:
        """Return height x width x 3 bytes as the display shows them.

        Args:
            linear: height x width x 3 or more, scene-linear; alpha is ignored, NaN is black.
        """
        return self._bytes(self._quick, linear)

    def apply_exactly(self, linear: Linear) -> Picture:
        """Return the exact bytes; ``apply`` is much faster for ACES 2 views, and within one level 99 times in 100."""
        return self._bytes(self.exact, linear)

    def document(self) -> dict[str, Any]:
        """Return the settings of the transform as JSON data."""
        return {
            "config": self.config,
            "display": self.display,
            "view": self.view,
            "input_space": self.input_space,
            "input_space_from": self.input_reason,
            "exposure_stops": self.exposure_stops,
        }

    @cached_property
    def exact(self) -> Any:  # noqa: ANN401 - the binding has no types
        """The full transform.

        Raises:
            BadInput: the configuration cannot provide it, for example because it names a file that does not exist.
        """
        return self._processor(self._view)

    @cached_property
    def _quick(self) -> Any:  # noqa: ANN401
        baked = bake(self.opened, self._view)
        return self._processor(baked) if is_faithful(self.opened, baked, self._view) else self.exact

    @property
    def _view(self) -> Any:  # noqa: ANN401
        return OCIO.DisplayViewTransform(src=self.input_space, display=self.display, view=self.view)

    def _processor(self, shown: Any) -> Any:  # noqa: ANN401
        light = 2.0**self.exposure_stops
        steps = [self.to_light] if self.to_light is not None else []
        brightened = OCIO.GroupTransform([*steps, OCIO.MatrixTransform.Scale([light, light, light, 1]), shown])
        with _naming(f"{self.config} cannot show {self.input_space} on {self.display}, {self.view}"):
            processor = self.opened.getProcessor(brightened)
        return processor.getOptimizedCPUProcessor(OCIO.BIT_DEPTH_F32, OCIO.BIT_DEPTH_UINT8, OCIO.OPTIMIZATION_DEFAULT)

    @staticmethod
    def _bytes(processor: Any, linear: Linear) -> Picture:  # noqa: ANN401
        light = np.ascontiguousarray(finite_light(linear))
        shown = np.empty(light.shape, np.uint8)
        processor.apply(_image(light, OCIO.BIT_DEPTH_F32), _image(shown, OCIO.BIT_DEPTH_UINT8))
        return shown


def display_transform(
    choice: ColorSettings, attributes: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> DisplayTransform:
    """Return the transform that the settings give for files with these header attributes.

    Args:
        choice: the user's settings.
        attributes: header of the EXR part that holds the colour; its ``chromaticities`` decide the input space.
        environ: environment in which to look up ``OCIO``, SEEN_DISPLAY and SEEN_VIEW; by default that of the process.

    Raises:
        BadInput: the configuration cannot be read, or lacks the display, view or space; the error lists those it has.
    """
    environ = os.environ if environ is None else environ
    name = choice.config or environ.get("OCIO") or BUILT_IN
    config = _open_config(name)
    displays = [*config.getDisplays()]
    seen = None if choice.config else environ.get(SEEN_DISPLAY)
    display = _one_of(name, "display", choice.display or _known(seen, displays) or config.getDefaultDisplay(), displays)
    views = [*config.getViews(display)]
    seen_view = _known(environ.get(SEEN_VIEW), views) if seen == display else None
    view = _one_of(name, f"view of {display}", choice.view or seen_view or config.getDefaultView(display), views)
    space, reason = _input_space(name, config, choice.input_space, (attributes or {}).get("chromaticities"))
    transform = DisplayTransform(
        config=name,
        display=display,
        view=view,
        input_space=space,
        input_reason=reason,
        exposure_stops=choice.exposure_stops,
        opened=config,
    )
    _ = transform.exact  # raises the errors of the configuration before the first picture is read
    return transform


def _known(name: str | None, names: list[str]) -> str | None:
    """Return a name that a viewport has, where the configuration has it too."""
    return name if name in names else None


def finite_light(linear: Linear) -> NDArray[np.float32]:
    """Return three channels of finite float32: NaN and negative infinity become 0, infinity 65504.

    The highest integer becomes 1. A single channel is copied to all three.
    """
    light = three_channels(linear).astype(np.float32, copy=False)
    if linear.dtype.kind in "ui":
        return light / np.float32(np.iinfo(linear.dtype).max)
    if np.isfinite(light.sum()):
        return light
    return np.nan_to_num(light, nan=0.0, posinf=BRIGHTEST_HALF, neginf=0.0)


def _open_config(name: str) -> Any:  # noqa: ANN401 - the binding has no types
    if "://" not in name and not Path(name).is_file():
        raise BadInput(
            f"the OpenColorIO configuration {name} is no file", action=f"correct $OCIO, or unset it to use {BUILT_IN}"
        )
    with _naming(f"{name} cannot be used"):
        config = OCIO.Config.CreateFromFile(name)
    if not [*config.getDisplays()]:
        raise BadInput(f"the OpenColorIO configuration {name} cannot be used: it has no display")
    return config


@contextmanager
def _naming(trouble: str) -> Iterator[None]:
    """Convert OpenColorIO's errors, often of several lines, to a BadInput that names the configuration."""
    try:
        yield
    except OCIO_ERRORS as error:
        raise BadInput(f"the OpenColorIO configuration {trouble}: {' '.join(str(error).split())}") from error


def _one_of(config: str, what: str, wanted: str, known: list[str]) -> str:
    if wanted not in known:
        raise BadInput(
            f"the OpenColorIO configuration {config} has no {what} {wanted!r}",
            allowed=", ".join(known),
            action=did_you_mean(wanted, known),
        )
    return wanted


def _input_space(name: str, config: Any, chosen: str | None, chromaticities: Any) -> tuple[str, str]:  # noqa: ANN401
    spaces = [*config.getColorSpaceNames()]
    if chosen:
        if config.getColorSpace(chosen) is None:
            raise _no_space(name, chosen, spaces)
        return chosen, "chosen"
    if chromaticities is None:
        linear = config.getColorSpace(SCENE_LINEAR)
        if linear is None:
            raise _no_space(name, SCENE_LINEAR, spaces)
        return str(linear.getName()), f"role {SCENE_LINEAR}"
    for primaries, names in PRIMARIES:
        if np.allclose(chromaticities, primaries, atol=CHROMATICITY_TOLERANCE):
            known = next((space for name_ in names if (space := config.getColorSpace(name_)) is not None), None)
            if known is None:
                raise _no_space(name, names[0], spaces)
            return str(known.getName()), "the file's chromaticities"
    raise BadInput(
        f"the file's chromaticities {tuple(round(float(c), 4) for c in chromaticities)} are those of no known space",
        allowed=", ".join(names[0] for _, names in PRIMARIES),
        action="choose the input space",
    )


def _no_space(config: str, wanted: str, spaces: list[str]) -> BadInput:
    return BadInput(
        f"the OpenColorIO configuration {config} has no colour space {wanted!r}",
        allowed=", ".join(spaces),
        action=did_you_mean(wanted, spaces) or "choose the input space",
    )


def _image(pixels: NDArray[Any], depth: Any) -> Any:  # noqa: ANN401
    """Return OpenColorIO's view of a height x width x 3 array; OpenColorIO reads and writes the array's own memory."""
    height, width, _ = pixels.shape
    return OCIO.PackedImageDesc(pixels, width, height, 3, depth, *reversed(pixels.strides))
