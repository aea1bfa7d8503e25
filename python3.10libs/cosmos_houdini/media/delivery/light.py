"""The way back from the colours of a display to the light of the plate: the inverse of the very view that was applied.

OpenColorIO inverts the view of the configuration that the conversion names. Light that the view showed as the display's
white, or outside of its gamut, has no way back: it became the same colour as other light.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - as its own documents write it
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.color import BRIGHTEST_HALF, OCIO_ERRORS, PRIMARIES

Plane = NDArray[Any]

SRGB_DISPLAY = "srgb_rec709_display"
"""The name that the ASWF Color Interop Forum gives the colours of an sRGB display."""

_LEVEL = 1 / 255
_SIDE = 9
# A view that returns less than half of its own colours has no inverse that deserves the name.
_LEAST_INVERTED = 0.5
_BT709, _P3, _BT2020 = (PRIMARIES[index][0] for index in (2, 3, 4))
_LINEAR_NAMES = ("lin_ap1_scene", "lin_ap0_scene", "lin_rec709_scene", "lin_p3d65_scene", "lin_rec2020_scene")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorMeaning:
    """How the numbers of a delivery mean colours.

    Attributes:
        words: for people.
        interop_id: the name of the ASWF Color Interop Forum; empty if there is none.
        chromaticities: x and y of red, green, blue and white (CIE 1931); empty if they are unknown.
    """

    words: str
    interop_id: str = SRGB_DISPLAY
    chromaticities: tuple[float, ...] = _BT709


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseView:
    """A transform from display colour to light.

    Attributes:
        meaning: of the light.
        remarks: sentences about what has no way back.
        processor: of OpenColorIO.
    """

    meaning: ColorMeaning
    remarks: tuple[str, ...]
    processor: Any = field(repr=False, compare=False)

    def apply(self, planes: tuple[Plane, Plane, Plane]) -> tuple[Plane, Plane, Plane]:
        """Return the light of red, green and blue, height x width float32 each, as finite numbers of half float.

        Args:
            planes: display colour, height x width uint16 each, 0 to 65535.
        """
        red, green, blue = (np.ascontiguousarray(plane, np.float32) / np.float32(65535) for plane in planes)
        height, width = red.shape
        self.processor.apply(OCIO.PlanarImageDesc(red, green, blue, width, height))
        red, green, blue = (np.nan_to_num(plane, nan=0, posinf=BRIGHTEST_HALF) for plane in (red, green, blue))
        limit = BRIGHTEST_HALF
        return red.clip(-limit, limit), green.clip(-limit, limit), blue.clip(-limit, limit)


def display_meaning(shown: Mapping[str, Any] | None) -> ColorMeaning:
    """Return how the numbers of a result mean colours.

    Args:
        shown: the display transform of the colour pass as ``metadata.json`` holds it; None for pictures that were meant
            for a display before.
    """
    if not shown or "view" not in shown:
        return ColorMeaning(words="display-referred sRGB")
    words = f"display-referred: {shown['display']}, {shown['view']}"
    try:
        config = _open(shown["config"])
        space = config.getColorSpace(config.getDisplayViewColorSpaceName(shown["display"], shown["view"]))
        name = str(space.getInteropID()) if space is not None else ""
    except (BadInput, *OCIO_ERRORS):
        name = ""
    chromaticities = _P3 if "p3" in name else _BT2020 if "rec2020" in name or "rec2100" in name else _BT709
    return ColorMeaning(words=words, interop_id=name or SRGB_DISPLAY, chromaticities=chromaticities)


def inverse_view(shown: Mapping[str, Any] | None) -> InverseView:
    """Return the inverse of the display transform that a conversion applied.

    Args:
        shown: as for ``display_meaning``. Pictures that were meant for a display have no view; the curve of sRGB is
            undone for them.

    Raises:
        BadInput: the configuration is gone, or the view has no inverse.
    """
    if not shown or "view" not in shown:
        return _inverse_srgb()
    name = f"{shown['display']}, {shown['view']} of {shown['config']}"
    config = _open(shown["config"])
    light = 2.0 ** -float(shown.get("exposure_stops", 0.0))
    view = {"src": shown["input_space"], "display": shown["display"], "view": shown["view"]}
    back = OCIO.DisplayViewTransform(**view, direction=OCIO.TRANSFORM_DIR_INVERSE)
    try:
        processor = _processor(config, OCIO.GroupTransform([back, _scale(light)]))
        forth = _processor(config, OCIO.GroupTransform([_scale(1 / light), OCIO.DisplayViewTransform(**view)]))
    except OCIO_ERRORS as error:
        raise _no_inverse(name, " ".join(str(error).split())) from error
    share = _inverted_share(processor, forth)
    if share < _LEAST_INVERTED:
        raise _no_inverse(name, f"only {share:.0%} of its colours come back")
    lost = (f"{1 - share:.0%} of the colours of {name} are not reached from any light; the nearest is given",)
    space = str(shown["input_space"])
    return InverseView(
        meaning=_linear_meaning(config, space, name),
        remarks=lost if share < 1 else (),
        processor=processor,
    )


def _open(name: str) -> Any:  # noqa: ANN401 - the binding has no types
    if "://" not in name and not Path(name).is_file():
        raise BadInput(
            f"the OpenColorIO configuration {name}, with which the plate was shown, is no file any more",
            action="put it back; --to exr keeps the colours of the display",
        )
    try:
        return OCIO.Config.CreateFromFile(name)
    except OCIO_ERRORS as error:
        said = " ".join(str(error).split())
        raise BadInput(f"the OpenColorIO configuration {name} cannot be used: {said}") from error


def _no_inverse(view: str, reason: str) -> BadInput:
    return BadInput(f"the view {view} has no inverse: {reason}", action="--to exr keeps the colours of the display")


def _processor(config: Any, transform: Any) -> Any:  # noqa: ANN401
    return config.getProcessor(transform).getDefaultCPUProcessor()


def _scale(factor: float) -> Any:  # noqa: ANN401
    return OCIO.MatrixTransform.Scale([factor, factor, factor, 1])


def _inverse_srgb() -> InverseView:
    curve = OCIO.ExponentWithLinearTransform(gamma=[2.4] * 3 + [1], offset=[0.055] * 3 + [0])
    meaning = ColorMeaning(words="linear sRGB, by the curve of sRGB", interop_id="lin_rec709_scene")
    said = "the plate was meant for a display and no view was applied: the curve of sRGB alone is undone"
    return InverseView(meaning=meaning, remarks=(said,), processor=_processor(OCIO.Config.CreateRaw(), curve))


def _linear_meaning(config: Any, space: str, view: str) -> ColorMeaning:  # noqa: ANN401
    words = f"scene-linear {space}, by the inverse of {view}"
    for (primaries, names), name in zip(PRIMARIES, _LINEAR_NAMES, strict=True):
        known = {str(found.getName()) for each in names if (found := config.getColorSpace(each)) is not None}
        if space in known:
            return ColorMeaning(words=words, interop_id=name, chromaticities=primaries)
    found = config.getColorSpace(space)
    said = str(found.getInteropID()) if found is not None else ""
    return ColorMeaning(words=words, interop_id=said, chromaticities=())


def _inverted_share(back: Any, forth: Any) -> float:  # noqa: ANN401
    """Return the share of display colours that come back to within one of 255 levels, from light and back."""
    axis = np.linspace(0, 1, _SIDE, dtype=np.float32)
    colors = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    again = colors.copy()
    back.applyRGB(again)
    forth.applyRGB(again)
    error = np.abs(np.nan_to_num(again, nan=9.0, posinf=9.0, neginf=-9.0) - colors).max(axis=-1)
    return float((error <= _LEVEL).mean())
