"""The colours of a PNG: the chunks cICP, iCCP, sRGB, gAMA and cHRM, the first of which counts (PNG, chapter 4.3).

The numbers in cICP are those of ITU-T H.273.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from cosmos_houdini.media.sequences.formats import icc
from cosmos_houdini.model.color_encoding import ColorEncoding, ColorKind

CHUNKS = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
PRIMARIES = {
    1: BT709,
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),
}
# Transfer of H.273 -> exponent, 0 for the curve of sRGB. Numbers of video count as those of a display, as everywhere.
_TRANSFERS = {1: 0.0, 6: 0.0, 13: 0.0, 14: 0.0, 15: 0.0, 4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_MOST_PROFILE_BYTES = 1 << 24
# The exponent of the display that gAMA 0.45455 stands for. Within 5 % of it, decoders take the numbers as they are.
_DISPLAY_EXPONENT = 2.2
_SAME_EXPONENT = 0.05
_SAME_PRIMARIES = 0.003


def encoding_of(chunks: Mapping[bytes, bytes]) -> tuple[str, ColorEncoding | None]:
    """Return why the colours have no meaning on a display, or empty; and their encoding, None for sRGB.

    Args:
        chunks: the contents of the chunks by name; others than ``CHUNKS`` are ignored.
    """
    if len(cicp := chunks.get(b"cICP", b"")) == struct.calcsize("4B"):
        return _coded(*cicp)
    if b"iCCP" in chunks:
        return "", _profile(chunks[b"iCCP"])
    if b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:  # noqa: PLR2004 - bytes of one number
        return "", None
    (gamma,) = struct.unpack(">I", chunks[b"gAMA"])
    primaries = _primaries(chunks.get(b"cHRM", b""))
    exponent = 100_000 / gamma if gamma else _DISPLAY_EXPONENT
    is_display = abs(exponent - _DISPLAY_EXPONENT) <= _DISPLAY_EXPONENT * _SAME_EXPONENT
    if is_display and not primaries:
        return "", None
    words = f"gAMA {gamma / 100_000:g}" + (" with primaries of its own (cHRM)" if primaries else "")
    # The curve of sRGB is that of gAMA 0.45455 with a straight beginning, and the one that these files were made with.
    return "", gamma_encoding(words, 0.0 if is_display else exponent, primaries)


def gamma_encoding(words: str, exponent: float, primaries: tuple[float, ...]) -> ColorEncoding:
    """Return an encoding of a power, 0 for the curve of sRGB, and primaries."""
    return ColorEncoding(kind=ColorKind.GAMMA, words=words, exponent=exponent, primaries=primaries)


def own_primaries(primaries: tuple[float, ...]) -> tuple[float, ...]:
    """Return red, green, blue and white if they differ from those of BT.709, else nothing."""
    return primaries if any(abs(a - b) > _SAME_PRIMARIES for a, b in zip(primaries, BT709, strict=True)) else ()


def _coded(primaries: int, transfer: int, matrix: int, full: int) -> tuple[str, ColorEncoding | None]:
    words = f"cICP {primaries}/{transfer}/{matrix}/{full}"
    if transfer in _HDR:
        return f"is high dynamic range ({_HDR[transfer]}, {words}): grade it to Rec.709 before", None
    if transfer not in _TRANSFERS or primaries not in PRIMARIES or matrix or full != 1:
        return f"says colours that this program does not know ({words}): write it as sRGB", None
    exponent, own = _TRANSFERS[transfer], own_primaries(PRIMARIES[primaries])
    return "", gamma_encoding(words, exponent, own) if exponent or own else None


def _profile(body: bytes) -> ColorEncoding | None:
    """Return the encoding of an iCCP chunk: a name, a zero, the method 0 and the compressed profile."""
    _, _, rest = body.partition(b"\0")
    try:
        # A profile of a few bytes may expand to gigabytes, so no more than any real one is taken.
        return icc.encoding_of(zlib.decompressobj().decompress(rest[1:], _MOST_PROFILE_BYTES))
    except zlib.error:
        return ColorEncoding(kind=ColorKind.TOLD, words="a damaged ICC profile")


def _primaries(body: bytes) -> tuple[float, ...]:
    """Return red, green, blue and white of a cHRM chunk, which begins with white; nothing if they are BT.709's."""
    if len(body) != struct.calcsize(">8I"):
        return ()
    white, colors = struct.unpack(">8I", body)[:2], struct.unpack(">8I", body)[2:]
    return own_primaries(tuple(number / 100_000 for number in (*colors, *white)))
