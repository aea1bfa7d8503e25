"""JPEG: the marker segments from SOI to EOI (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, check_size, check_stored, cut_off
from cosmos_houdini.model.sequence import Picture

MAGIC = b"\xff\xd8\xff"

# Inside the entropy-coded data, FF 00 is a stuffed byte, FF D0 to FF D7 restart it, and FF FF is fill.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
START_OF_SCAN, END_OF_IMAGE, TEMPORARY = 0xDA, 0xD9, 0x01
# Among the codes of frame headers, C4 and CC are tables, and C8 is reserved.
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# The frames of Huffman codes without prediction: each takes at least one bit for a block of 8 x 8 samples, and a
# sequential one takes another to end the block.
_BITS_A_BLOCK = {0xC0: 2, 0xC1: 2, 0xC2: 1}
_BLOCK = 8
_COMPONENT = struct.Struct(">BBB")


def read(source: Source) -> Picture:
    """Return the facts in the frame header, after following all segments and scans up to the end marker.

    This proves that the file has one header, at least one scan of its components, enough bytes for its size, and the
    end of the picture. It does not prove the coded pixels, for which JPEG has no checksum.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    data = source.whole()
    frame: _Frame | None = None
    scans: list[int] = []
    position = 2
    while True:
        marker, position = _marker(data, position)
        if marker == END_OF_IMAGE:
            break
        if marker == TEMPORARY:
            continue
        end = _segment_end(data, position)
        if marker in FRAME_HEADERS:
            if frame is not None:
                raise Damaged("has two frame headers")
            frame = _frame_header(marker, data[position + 2 : end])
        if marker == START_OF_SCAN:
            if frame is None:
                raise Damaged("has pixels before its frame header")
            _check_scan(frame, data[position + 2 : end])
            scans.append(end)
        position = end
    if frame is None or not scans:
        raise Damaged("has no pixels before its end marker")
    check_stored(position - scans[0], frame.least_bytes)
    return frame.picture


@dataclass(frozen=True, slots=True)
class _Frame:
    """The facts in a frame header: the picture, the names of its components, and the fewest bytes of its pixels."""

    picture: Picture
    components: frozenset[int]
    least_bytes: float


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


def _frame_header(marker: int, body: bytes) -> _Frame:
    if len(body) < struct.calcsize(">BHHB"):
        raise Damaged("has a frame header that is too short")
    bit_depth, height, width, channels = struct.unpack_from(">BHHB", body)
    check_size(width, height)
    listed = body[struct.calcsize(">BHHB") :]
    if not channels or len(listed) != channels * _COMPONENT.size:
        raise Damaged(f"has a frame header with {channels} channels that lists others")
    components = frozenset(name for name, _, _ in _COMPONENT.iter_unpack(listed))
    blocks = -(-width // _BLOCK) * -(-height // _BLOCK)
    return _Frame(
        picture=Picture(format="jpeg", size=(width, height), bit_depth=bit_depth, channels=channels),
        components=components,
        least_bytes=blocks * _BITS_A_BLOCK.get(marker, 0) / 8,
    )


def _check_scan(frame: _Frame, body: bytes) -> None:
    """Refuse a scan of components that the frame does not have."""
    count = body[0] if body else 0
    if not count or len(body) < 1 + 2 * count or not frame.components.issuperset(body[1 : 1 + 2 * count : 2]):
        raise Damaged("has a scan of other channels than its frame header lists")
