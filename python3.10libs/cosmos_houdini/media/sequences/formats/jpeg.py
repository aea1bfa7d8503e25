"""JPEG: the marker segments from SOI to EOI (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, cut_off
from cosmos_houdini.model.sequence import Picture

MAGIC = b"\xff\xd8\xff"

# Inside the entropy-coded data, FF 00 is a stuffed byte, FF D0 to FF D7 restart it, and FF FF is fill.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
START_OF_SCAN, END_OF_IMAGE, TEMPORARY = 0xDA, 0xD9, 0x01
# Among the codes of frame headers, C4 and CC are tables, and C8 is reserved.
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read(source: Source) -> Picture:
    """Return the facts in the frame header, after following all segments and scans up to the end marker.

    This proves that the file has a header, at least one scan, and the end of the picture. It does not prove the coded
    pixels, for which JPEG has no checksum.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    data = source.whole()
    picture: Picture | None = None
    scans = 0
    position = 2
    while True:
        marker, position = _marker(data, position)
        if marker == END_OF_IMAGE:
            break
        if marker == TEMPORARY:
            continue
        end = _segment_end(data, position)
        if marker in FRAME_HEADERS and picture is None:
            picture = _frame_header(data[position + 2 : end])
        scans += marker == START_OF_SCAN
        position = end
    if picture is None or not scans:
        raise Damaged("has no pixels before its end marker")
    return picture


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the code of the next marker and the offset after it."""
    found = _MARKER.search(data, position)
    if not found:
        raise Damaged(f"ends after {len(data)} bytes without an end marker: the render was cut off while writing")
    return found[1][0], found.end()


def _segment_end(data: bytes, position: int) -> int:
    if position + 2 > len(data):
        raise cut_off(len(data), position + 2)
    end = position + max(int.from_bytes(data[position : position + 2], "big"), 2)
    if end > len(data):
        raise cut_off(len(data), end)
    return end


def _frame_header(body: bytes) -> Picture:
    if len(body) < struct.calcsize(">BHHB"):
        raise Damaged("has a frame header that is too short")
    bit_depth, height, width, channels = struct.unpack_from(">BHHB", body)
    if not (width and height and channels):
        raise Damaged(f"says that it is {width}x{height} pixels large with {channels} channels")
    return Picture(format="jpeg", size=(width, height), bit_depth=bit_depth, channels=channels)
