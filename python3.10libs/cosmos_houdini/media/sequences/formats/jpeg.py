"""JPEG: the marker segments from SOI to EOI (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

from cosmos_houdini.media.sequences.formats import exif, icc
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
_LARGEST_BLOCK, _MORE_LINES, _MOST_LINES = 16, 32, 65_500
_COMPONENT = struct.Struct(">BBB")
# Baseline, extended and progressive with Huffman codes. The others are without loss, hierarchical or arithmetic.
_USUAL_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_EXIF, _ICC, _ADOBE = 0xE1, 0xE2, 0xEE
_ICC_MARK, _ADOBE_MARK = b"ICC_PROFILE\0", b"Adobe"
_KEPT = {_EXIF: exif.MARK, _ICC: _ICC_MARK, _ADOBE: _ADOBE_MARK}
_CMYK_CHANNELS = 4
# Of the components' names, those that mean RGB where no marker of Adobe says anything (as libjpeg takes them).
_RGB_NAMES = b"RGB"


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
    said: dict[int, list[bytes]] = {marker: [] for marker in _KEPT}
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
        if marker in _KEPT and not scans and data.startswith(_KEPT[marker], position + 2):
            said[marker].append(data[position + 2 : end])
        if marker == START_OF_SCAN:
            if frame is None:
                raise Damaged("has pixels before its frame header")
            _check_scan(frame, data[position + 2 : end])
            scans.append(end)
        position = end
    if frame is None or not scans:
        raise Damaged("has no pixels before its end marker")
    check_stored(position - scans[0], frame.least_bytes)
    return _with_meaning(frame.picture, said)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The facts in a frame header: the picture, the names of its components, and the fewest bytes of its pixels."""

    picture: Picture
    components: frozenset[int]
    least_bytes: float


def _with_meaning(picture: Picture, said: dict[int, list[bytes]]) -> Picture:
    """Return a picture with the orientation and the colours that its application segments say."""
    turn = exif.orientation(said[_EXIF][0]) if said[_EXIF] else exif.UPRIGHT
    layout = [picture.layout] if picture.layout else []
    layout += [f"EXIF orientation {turn}"] if turn != exif.UPRIGHT else []
    # Adobe's marker says as its last byte whether the three or four channels were changed to luma and chroma.
    if picture.channels != _CMYK_CHANNELS and said[_ADOBE] and said[_ADOBE][0][11:12] == b"\0":
        layout.append("RGB without luma and chroma")
    # A profile of more than 64 kB goes over several segments; after the mark stand the number and the count.
    parts = sorted(said[_ICC], key=lambda part: part[12:13])
    profile = b"".join(part[14:] for part in parts)
    return replace(
        picture,
        # The channels of CMYK become three of RGB, whichever program reads them.
        channels=3 if picture.channels == _CMYK_CHANNELS else picture.channels,
        size=exif.upright(picture.size, turn),
        turn=turn,
        layout=", ".join(layout),
        encoding=icc.encoding_of(profile) if profile else None,
    )


def with_more_lines(data: bytes) -> bytes | None:
    """Return a file that ``read`` accepts with more lines in its header; None where that tells nothing.

    There are at least 32 lines more than whole blocks of 16 hold, so that no encoder can have filled them up.
    """
    marker, position = _marker(data, 2)
    while marker not in FRAME_HEADERS:
        position = position if marker == TEMPORARY else _segment_end(data, position)
        marker, position = _marker(data, position)
    (height,) = struct.unpack_from(">H", data, position + 3)
    taller = -(-height // _LARGEST_BLOCK) * _LARGEST_BLOCK + _MORE_LINES
    if marker not in _USUAL_FRAMES or taller > _MOST_LINES:
        return None
    return data[: position + 3] + struct.pack(">H", taller) + data[position + 5 :]


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
        picture=_stored_picture(marker, (width, height), bit_depth, bytes(listed[::3])),
        components=components,
        least_bytes=blocks * _BITS_A_BLOCK.get(marker, 0) / 8,
    )


def _stored_picture(marker: int, size: tuple[int, int], bit_depth: int, names: bytes) -> Picture:
    channels = len(names)
    refusal = ""
    if bit_depth != 8 or marker not in _USUAL_FRAMES:  # noqa: PLR2004 - bits
        refusal = f"is a JPEG of {bit_depth} bits and coding process {marker - 0xC0}, which no reader here knows"
        refusal += ": write it as 8-bit JPEG or as PNG"
    elif channels not in {1, 3, _CMYK_CHANNELS}:
        refusal = f"is a JPEG of {channels} channels, which mean no colours: write it as RGB"
    layout = "CMYK" if channels == _CMYK_CHANNELS else "RGB" if names == _RGB_NAMES else ""
    return Picture(format="jpeg", size=size, bit_depth=bit_depth, channels=channels, layout=layout, refusal=refusal)


def _check_scan(frame: _Frame, body: bytes) -> None:
    """Refuse a scan of components that the frame does not have."""
    count = body[0] if body else 0
    if not count or len(body) < 1 + 2 * count or not frame.components.issuperset(body[1 : 1 + 2 * count : 2]):
        raise Damaged("has a scan of other channels than its frame header lists")
