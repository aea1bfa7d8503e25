"""ICC profiles: whether a profile is that of an sRGB display, and what it is called (ICC.1:2022, chapters 7 to 10)."""

from __future__ import annotations

import struct
from functools import lru_cache

from cosmos_houdini.model.color_encoding import ColorEncoding, ColorKind

# The colorants of sRGB, adapted to D50 as profiles hold them.
_SRGB = {b"rXYZ": (0.4360, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971), b"bXYZ": (0.1431, 0.0606, 0.7141)}
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_COLORANT_TOLERANCE = 0.004
# Two levels of 255: less than that cannot be seen.
_CURVE_TOLERANCE = 2 / 255
_TRIED = tuple(step / 16 for step in range(1, 16))
_HEADER_BYTES = 128
_MOST_TAGS = 256

Tags = dict[bytes, bytes]


@lru_cache(maxsize=16)
def encoding_of(profile: bytes) -> ColorEncoding | None:
    """Return the encoding that a profile describes; None for that of an sRGB display."""
    space = profile[16:20]
    tags = _tags(profile)
    words = f"ICC profile {_name(tags)!r}"
    try:
        if space == b"RGB " and {*_SRGB, *_CURVES} <= set(tags):
            if _is_srgb(tags):
                return None
            return ColorEncoding(kind=ColorKind.PROFILE, words=words, profile=profile)
        if space == b"GRAY" and b"kTRC" in tags:
            if _follows_srgb(tags[b"kTRC"]):
                return None
            if (exponent := _exponent(tags[b"kTRC"])) is not None:
                return ColorEncoding(kind=ColorKind.GAMMA, words=words, exponent=exponent)
    except (struct.error, IndexError, ValueError, ZeroDivisionError, OverflowError):
        words = "a damaged ICC profile"
    return ColorEncoding(kind=ColorKind.TOLD, words=words)


def _tags(profile: bytes) -> Tags:
    if len(profile) < _HEADER_BYTES + 4:
        return {}
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    tags: Tags = {}
    for index in range(min(count, _MOST_TAGS)):
        entry = profile[_HEADER_BYTES + 4 + index * 12 :][:12]
        if len(entry) == struct.calcsize(">4sII"):
            name, offset, length = struct.unpack(">4sII", entry)
            tags[name] = profile[offset : offset + length]
    return tags


def _name(tags: Tags) -> str:
    """Return the description, which is ASCII in version 2 and a list of languages in version 4."""
    body = tags.get(b"desc", b"")
    if body[:4] == b"desc" and len(body) >= struct.calcsize(">4sII"):
        (length,) = struct.unpack_from(">I", body, 8)
        text = body[12 : 12 + length].decode("latin-1")
    elif body[:4] == b"mluc" and len(body) >= struct.calcsize(">4sIIIIII"):
        length, offset = struct.unpack_from(">II", body, 20)
        text = body[offset : offset + length].decode("utf-16-be", "replace")
    else:
        text = ""
    return "".join(letter for letter in text.rstrip("\0") if letter.isprintable()) or "without a name"


def _is_srgb(tags: Tags) -> bool:
    for name, meant in _SRGB.items():
        found = [number / 65536 for number in struct.unpack_from(">3i", tags[name], 8)]
        if any(abs(a - b) > _COLORANT_TOLERANCE for a, b in zip(found, meant, strict=True)):
            return False
    return all(_follows_srgb(tags[name]) for name in _CURVES)


def _follows_srgb(curve: bytes) -> bool:
    return all(abs(_to_srgb(_light(curve, level)) - level) <= _CURVE_TOLERANCE for level in _TRIED)


def _to_srgb(light: float) -> float:
    """Return the level of an sRGB display for light from 0 to 1 (IEC 61966-2-1)."""
    return float(12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)  # noqa: PLR2004


def _exponent(curve: bytes) -> float | None:
    """Return the exponent of a curve that is a power, else None."""
    kind, count = struct.unpack_from(">4s4xI", curve)
    if kind == b"curv":
        return 1.0 if not count else struct.unpack_from(">H", curve, 12)[0] / 256 if count == 1 else None
    if kind == b"para" and count >> 16 == 0:
        return float(struct.unpack_from(">i", curve, 12)[0] / 65536)
    return None


def _light(curve: bytes, level: float) -> float:
    """Return the light of a level, both 0 to 1, by a curve of samples or a parametric curve (10.6 and 10.18)."""
    if (exponent := _exponent(curve)) is not None:
        return float(level**exponent)
    kind, count = struct.unpack_from(">4s4xI", curve)
    if kind == b"curv":
        place = level * (count - 1)
        low = int(place)
        before, after = struct.unpack_from(">2H", curve, 12 + 2 * min(low, count - 2))
        return float((before + (after - before) * (place - min(low, count - 2))) / 65535)
    g, a, b, c, d, e, f = (number / 65536 for number in struct.unpack(">7i", curve[12:40].ljust(28, b"\0")))
    form = count >> 16
    if form in {1, 2}:
        return float(max(a * level + b, 0.0) ** g + (c if form == 2 else 0.0))  # noqa: PLR2004 - the standard's number
    return float(max(a * level + b, 0.0) ** g + e if level >= d else c * level + f)
