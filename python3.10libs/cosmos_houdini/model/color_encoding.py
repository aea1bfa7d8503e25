"""The relation between the numbers of a picture file and light, as the file itself says it."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.model.text_enum import TextEnum


class ColorKind(TextEnum):
    """How the numbers become colours of a display.

    ``gamma`` is a power and primaries. ``profile`` is an ICC profile of a matrix and curves. ``density`` is the
    logarithm of film, and ``linear`` is light as a scene has it: both go through the view of the OpenColorIO
    configuration. ``told`` cannot be applied, and a person is told so.
    """

    GAMMA = "gamma"
    PROFILE = "profile"
    DENSITY = "density"
    LINEAR = "linear"
    TOLD = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorEncoding:
    """An encoding other than that of an sRGB display.

    Attributes:
        kind: how the numbers become colours.
        words: the encoding in the words of the format, for people (``gAMA 1``, ``ICC profile 'Display P3'``).
        exponent: light is the number, 0 to 1, to this power; 0 for the curve of sRGB.
        primaries: x and y of red, green, blue and white (CIE 1931); those of BT.709 if empty.
        profile: the ICC profile.
    """

    kind: ColorKind
    words: str
    exponent: float = 0.0
    primaries: tuple[float, ...] = ()
    profile: bytes = b""

    def __str__(self) -> str:
        """Return the words."""
        return self.words
