"""PNG: the chunks, their order and their checksums (W3C PNG Specification, third edition, chapters 5 and 11)."""

from __future__ import annotations

import struct
import zlib
from threading import Semaphore

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, cut_off
from cosmos_houdini.model.sequence import Picture

MAGIC = b"\x89PNG\r\n\x1a\n"

PALETTE = 3
CHANNELS = {0: 1, 2: 3, PALETTE: 3, 4: 2, 6: 4}
BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), PALETTE: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Length, name and checksum around the data of every chunk.
FRAME_BYTES = 12
_HEADER = struct.Struct(">IIBBBBB")
_END = b"\0\0\0\0IEND\xaeB`\x82"

# Every checksum releases the interpreter lock and takes it again, thousands of times a second over the short chunks of
# a PNG. More threads than these lose more time by that than they save. Any number of them may wait for a file server.
_WALKERS = Semaphore(2)


def read(source: Source) -> Picture:
    """Return the facts in the header, after following every chunk up to IEND.

    This proves that nothing is cut off, that every byte matches the writer's checksums, and that header, palette,
    pixels and end are in order. It does not prove that the compressed pixels hold all lines; only decoding shows that.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    data = source.whole()
    with _WALKERS:
        return _walked(data)


def glance(source: Source) -> Picture:
    """Return the facts in the header of a file that ends as a PNG does; otherwise, or with a palette, call ``read``.

    This proves that nothing is cut off. It does not prove the bytes between, whose checksums take longer than all else.

    Raises:
        Damaged: as for ``read``.
    """
    begin = len(MAGIC) + 8
    if source.size < begin + _HEADER.size + 4 + len(_END) or source.at(source.size - len(_END), len(_END)) != _END:
        return read(source)
    start = source.at(0, begin + _HEADER.size + 4)
    name, _ = _chunk(start, len(MAGIC))
    body = start[begin : begin + _HEADER.size]
    return read(source) if body[9] == PALETTE else _header(name, body)


def _walked(data: bytes) -> Picture:
    picture: Picture | None = None
    names: list[bytes] = []
    position = len(MAGIC)
    while not names or names[-1] != b"IEND":
        name, end = _chunk(data, position)
        if picture is None:
            picture = _header(name, data[position + 8 : end - 4])
        if not names or names[-1] != name:
            names.append(name)
        position = end
    if picture is None:  # pragma: no cover - the loop runs at least once and _header returns or raises
        raise Damaged("has no header")
    return _with_palette(picture, data, names)


def _chunk(data: bytes, position: int) -> tuple[bytes, int]:
    """Check the chunk at ``position``; return its name and where the next one begins."""
    if position + FRAME_BYTES > len(data):
        raise cut_off(len(data), position + FRAME_BYTES)
    length, name = struct.unpack_from(">I4s", data, position)
    if not name.isalpha():
        raise Damaged(f"has damaged bytes at {position}, where a chunk should begin")
    end = position + FRAME_BYTES + length
    if end > len(data):
        raise cut_off(len(data), end)
    checksum = zlib.crc32(memoryview(data)[position + 4 : end - 4])
    if checksum != int.from_bytes(data[end - 4 : end], "big"):
        raise Damaged(f"has a wrong checksum in its {name.decode()} chunk at byte {position}: its data was changed")
    return name, end


def _header(name: bytes, body: bytes) -> Picture:
    if name != b"IHDR" or len(body) != _HEADER.size:
        raise Damaged("does not begin with a PNG header")
    width, height, bit_depth, color_type, compression, filters, interlace = _HEADER.unpack(body)
    if not (width and height):
        raise Damaged(f"says that it is {width}x{height} pixels large")
    if bit_depth not in BIT_DEPTHS.get(color_type, ()):
        raise Damaged(f"has a header with {bit_depth} bits in colour type {color_type}, which PNG does not know")
    if compression or filters or interlace > 1:
        raise Damaged(f"has a header with methods {compression}, {filters}, {interlace}, which PNG does not know")
    if color_type == PALETTE:
        bit_depth = 8
    return Picture(format="png", size=(width, height), bit_depth=bit_depth, channels=CHANNELS[color_type])


def _with_palette(picture: Picture, data: bytes, names: list[bytes]) -> Picture:
    """Check the order of the chunks and count the alpha of a transparent palette, which decodes to four channels."""
    if names.count(b"IDAT") != 1:
        raise Damaged("has no pixels" if b"IDAT" not in names else "has other chunks between its pixels")
    if data[len(MAGIC) + 17] != PALETTE:
        return picture
    before = names[: names.index(b"IDAT")]
    if b"PLTE" not in before:
        raise Damaged("has palette colours and no palette")
    channels = 4 if b"tRNS" in before else 3
    return Picture(format=picture.format, size=picture.size, bit_depth=picture.bit_depth, channels=channels)
