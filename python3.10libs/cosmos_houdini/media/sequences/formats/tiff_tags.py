"""The numbers of the tags of TIFF 6.0 that are read here."""

from __future__ import annotations

from collections.abc import Mapping

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 266, 273, 274, 277, 278, 279, 284
WHITE_POINT, PRIMARIES = 318, 319
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
ICC_PROFILE = 34675

WANTED = frozenset(
    {
        *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR),
        *(TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SAMPLE_FORMAT, FILL_ORDER, ORIENTATION, EXTRA_SAMPLES),
        *(WHITE_POINT, PRIMARIES, ICC_PROFILE),
    }
)

Tags = Mapping[int, tuple[int, ...]]
"""The values of a directory by tag; a rational is two values, numerator and denominator."""


def first_of(tags: Tags, tag: int, default: int) -> int:
    """Return the first value of a tag."""
    return (tags.get(tag) or (default,))[0]
