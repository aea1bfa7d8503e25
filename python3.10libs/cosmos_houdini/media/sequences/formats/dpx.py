"""DPX: the header and the size that its pixels need (SMPTE ST 268-1)."""

from __future__ import annotations

import struct

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, cut_off
from cosmos_houdini.model.sequence import Picture

MAGIC_BIG, MAGIC_LITTLE = b"SDPX", b"XPDS"

HEADER_BYTES = 2048
UNDEFINED = 0xFFFFFFFF
# Descriptor of an image element -> components per pixel, and how many of them decode to channels.
_COMPONENTS = {50: 3, 51: 4, 52: 4, 100: 2, 101: 3, 102: 3, 103: 4, **{150 + n: n + 2 for n in range(7)}}
_CHANNELS = {100: 3, 101: 4}
BIT_DEPTHS = (1, 8, 10, 12, 16, 32, 64)
FLOAT_BITS = 32
RUN_LENGTH_ENCODED = 1


def read(source: Source) -> Picture:
    """Return the facts in the header, after comparing the sizes in it with the size of the file.

    This proves that the header makes sense and that the file is long enough for its pixels. It does not prove the
    pixels, for which DPX has no checksum. It also does not prove the length of run-length encoded pixels beyond the
    size that the header names.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    header = source.at(0, HEADER_BYTES)
    order = ">" if header.startswith(MAGIC_BIG) else "<"
    (pixels_at,) = struct.unpack_from(f"{order}I", header, 4)
    (total,) = struct.unpack_from(f"{order}I", header, 16)
    elements, width, height = struct.unpack_from(f"{order}HII", header, 770)
    descriptor, bit_depth, packing, encoding = _element(header, order)
    if not (width and height) or UNDEFINED in (width, height):
        raise Damaged(f"says that it is {width}x{height} pixels large")
    if not elements or bit_depth not in BIT_DEPTHS:
        raise Damaged(f"has a header with {elements} image elements of {bit_depth} bits, which DPX does not know")
    needed = pixels_at
    if encoding != RUN_LENGTH_ENCODED:
        needed += height * _line_bytes(width * _COMPONENTS.get(descriptor, 1), bit_depth, packing)
    if total != UNDEFINED:
        needed = max(needed, total)
    if source.size < needed:
        raise cut_off(source.size, needed)
    channels = elements if elements > 1 else _CHANNELS.get(descriptor, _COMPONENTS.get(descriptor, 1))
    kind = "float" if bit_depth >= FLOAT_BITS else "uint"
    return Picture(format="dpx", size=(width, height), bit_depth=bit_depth, channels=channels, channel_type=kind)


def _element(header: bytes, order: str) -> tuple[int, int, int, int]:
    """Return descriptor, bits, packing and encoding of the first image element."""
    descriptor, _, _, bit_depth, packing, encoding = struct.unpack_from(f"{order}BBBBHH", header, 800)
    return descriptor, bit_depth, packing, encoding


def _line_bytes(samples: int, bit_depth: int, packing: int) -> int:
    """Return the smallest number of bytes that one line takes.

    >>> _line_bytes(1920 * 3, 10, packing=1)
    7680
    """
    if packing and bit_depth == 10:  # noqa: PLR2004 - three samples of ten bits fill a word of 32
        return -(-samples // 3) * 4
    if packing and bit_depth == 12:  # noqa: PLR2004 - each sample of twelve bits fills a word of 16
        return samples * 2
    return -(-samples * bit_depth // 8)
