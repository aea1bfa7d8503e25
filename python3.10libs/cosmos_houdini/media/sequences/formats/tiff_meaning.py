"""TIFF: how the samples become a picture, and the layouts that not every reader knows (TIFF 6.0; libtiff 4.7)."""

from __future__ import annotations

from cosmos_houdini.media.sequences.formats import exif, icc, png_color
from cosmos_houdini.media.sequences.formats.source import Damaged, check_size
from cosmos_houdini.media.sequences.formats.tiff_tags import (
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    FILL_ORDER,
    HEIGHT,
    ICC_PROFILE,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    PRIMARIES,
    SAMPLE_FORMAT,
    SAMPLES,
    TILE_OFFSETS,
    WHITE_POINT,
    WIDTH,
    Tags,
    first_of,
)
from cosmos_houdini.model.color_encoding import ColorEncoding, ColorKind
from cosmos_houdini.model.sequence import Picture

UNCOMPRESSED, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773
SEPARATE_PLANES = 2
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_UNSIGNED, _SIGNED, _FLOAT, _VOID = 1, 2, 3, 4
_ASSOCIATED, _UNASSOCIATED = 1, 2
HALF_BITS, _FLOAT_BITS = 16, (16, 32, 64)
_MOST_PACKED_BITS, _WORD_BITS = 16, 32
_PLAIN_BITS = frozenset({8, HALF_BITS})
_PLAIN_COMPRESSIONS = frozenset({UNCOMPRESSED, LZW, DEFLATE, OLD_DEFLATE, PACKBITS})
# CCITT, JPEG and WebP: OpenImageIO reads these beside the plain ones.
_READ_COMPRESSIONS = _PLAIN_COMPRESSIONS | {2, 3, 4, 7, 50001}
_COMPRESSIONS = {
    6: "old-style JPEG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    32909: "PixarLog",
    34925: "LZMA",
    50000: "Zstandard",
    50002: "JPEG XL",
}
_PHOTOMETRICS = {
    4: "a transparency mask",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "a sensor's mosaic",
    32844: "CIE LogL",
    32845: "CIE LogLuv",
    34892: "raw light of a sensor",
}
_KNOWN = {_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, YCBCR}
_MOST_BYTE = 255
_REMEDY = "write it as RGB of 8 or 16 bits with LZW, or as PNG"


def picture(tags: Tags) -> Picture:
    """Return the facts in a directory.

    Raises:
        Damaged: there is no picture of this size.
    """
    width, height, samples = first_of(tags, WIDTH, 0), first_of(tags, HEIGHT, 0), first_of(tags, SAMPLES, 1)
    check_size(width, height)
    if not samples:
        raise Damaged(f"says that it is {width}x{height} pixels large with 0 channels")
    bits, photometric = first_of(tags, BITS, 1), first_of(tags, PHOTOMETRIC, _BLACK_IS_ZERO)
    kind = "uint"
    if first_of(tags, SAMPLE_FORMAT, _UNSIGNED) == _FLOAT:
        kind = "half" if bits == HALF_BITS else "float"
    turn = exif.known(first_of(tags, ORIENTATION, exif.UPRIGHT))
    return Picture(
        format="tiff",
        size=exif.upright((width, height), turn),
        bit_depth=bits,
        channels=_channels(photometric, samples),
        channel_type=kind,
        alpha=_alpha(tags, photometric, samples),
        encoding=_encoding(tags) if kind == "uint" else None,
        layout=", ".join(_layout(tags, turn)),
        turn=turn,
        is_white_zero=photometric == _WHITE_IS_ZERO,
        refusal=_refusal(tags),
    )


def _channels(photometric: int, samples: int) -> int:
    """Return the number of channels after the change to RGB."""
    if photometric == _PALETTE:
        return samples + 2
    return samples - 1 if photometric == _CMYK else samples


def _alpha(tags: Tags, photometric: int, samples: int) -> str:
    colors = {_RGB: 3, YCBCR: 3, _CMYK: 4}.get(photometric, 1)
    if samples <= colors:
        return ""
    said = {_ASSOCIATED: "premultiplied", _UNASSOCIATED: "straight"}
    return said.get(first_of(tags, EXTRA_SAMPLES, 0), "unsaid")


def _layout(tags: Tags, turn: int) -> list[str]:
    """Return in words the ways of storing that FFmpeg reads wrongly or that nobody has compared."""
    photometric, bits = first_of(tags, PHOTOMETRIC, _BLACK_IS_ZERO), first_of(tags, BITS, 1)
    compression, samples = first_of(tags, COMPRESSION, UNCOMPRESSED), first_of(tags, SAMPLES, 1)
    found = [f"orientation {turn}"] if turn != exif.UPRIGHT else []
    if TILE_OFFSETS in tags:
        found.append("tiles")
    if first_of(tags, PLANAR, 1) == SEPARATE_PLANES and samples > 1:
        found.append("separate planes")
    names = {_WHITE_IS_ZERO: "white is zero", _PALETTE: "palette", _CMYK: "CMYK", YCBCR: "YCbCr"}
    if photometric in names:
        found.append(names[photometric])
    if bits not in _PLAIN_BITS:
        found.append(f"{bits} bits")
    if compression not in _PLAIN_COMPRESSIONS:
        found.append(f"compression {compression}")
    if len(tags.get(EXTRA_SAMPLES, ())) > 1 or samples > 4:  # noqa: PLR2004 - RGB and alpha
        found.append(f"{samples} channels")
    if first_of(tags, FILL_ORDER, 1) != 1:
        found.append("reversed bits")
    return found


def _refusal(tags: Tags) -> str:
    """Return why no reader here gives the colours of a directory; empty if one does."""
    compression, photometric = first_of(tags, COMPRESSION, UNCOMPRESSED), first_of(tags, PHOTOMETRIC, _BLACK_IS_ZERO)
    if compression not in _READ_COMPRESSIONS:
        named = _COMPRESSIONS.get(compression, "a method")
        return f"is compressed by {named} (number {compression}), which this program does not read: {_REMEDY}"
    if photometric not in _KNOWN:
        named = _PHOTOMETRICS.get(photometric, "colours")
        return f"holds {named} (photometric {photometric}), which this program does not read: {_REMEDY}"
    depths, kinds = set(tags.get(BITS) or (1,)), set(tags.get(SAMPLE_FORMAT) or (_UNSIGNED,))
    if len(depths) > 1 or len(kinds) > 1:
        return f"has channels of different depths or kinds ({sorted(depths)} bits): {_REMEDY}"
    (bits,), (kind,) = depths, kinds
    if kind == _FLOAT and bits in _FLOAT_BITS:
        return ""
    if kind in {_UNSIGNED, _VOID} and (bits <= _MOST_PACKED_BITS or bits == _WORD_BITS):
        return ""
    words = {_SIGNED: "signed integers", _FLOAT: "floats"}.get(kind, "numbers")
    return f"holds {words} of {bits} bits, which this program does not read: {_REMEDY}"


def _encoding(tags: Tags) -> ColorEncoding | None:
    """Return what the ICC profile says, or else the primaries in the tags."""
    profile = tags.get(ICC_PROFILE, ())
    if profile and max(profile) <= _MOST_BYTE:
        found = icc.encoding_of(bytes(profile))
        if found and found.kind is ColorKind.PROFILE and first_of(tags, PHOTOMETRIC, _RGB) == _CMYK:
            return ColorEncoding(kind=ColorKind.TOLD, words=f"{found.words} of RGB in a file of CMYK")
        return found
    colors, white = _fractions(tags, PRIMARIES), _fractions(tags, WHITE_POINT)
    if len(colors) != len("xyxyxy") or len(white) != len("xy"):
        return None
    own = png_color.own_primaries((*colors, *white))
    return png_color.gamma_encoding("primaries of its own", 0.0, own) if own else None


def _fractions(tags: Tags, tag: int) -> tuple[float, ...]:
    values = tags.get(tag, ())
    if len(values) % 2 or not all(values[1::2]):
        return ()
    return tuple(above / below for above, below in zip(values[::2], values[1::2], strict=True))
