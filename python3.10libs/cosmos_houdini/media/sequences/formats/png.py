"""PNG: the chunks, their order and their checksums (W3C PNG Specification, third edition, chapters 5 and 11)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Semaphore

from cosmos_houdini.media.sequences.formats import exif, png_color
from cosmos_houdini.media.sequences.formats.source import (
    Damaged,
    Source,
    check_size,
    check_stored,
    cut_off,
    inflated_bytes,
)
from cosmos_houdini.model.sequence import Picture

MAGIC = b"\x89PNG\r\n\x1a\n"

PALETTE = 3
CHANNELS = {0: 1, 2: 3, PALETTE: 3, 4: 2, 6: 4}
BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), PALETTE: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Deflate packs at most 258 bytes into two bits (RFC 1951), and the header of its block takes more.
_MOST_PACKED = 1032
_ENTRY_BYTES, _MOST_ENTRIES = 3, 256
# Length, name and checksum around the data of every chunk.
FRAME_BYTES = 12
_HEADER = struct.Struct(">IIBBBBB")
_BODY = slice(len(MAGIC) + 8, len(MAGIC) + 8 + _HEADER.size)
_END = b"\0\0\0\0IEND\xaeB`\x82"

# The chunks before the pixels that say what they mean; only the orientation may stand behind the pixels too.
_TELLING = frozenset({b"tRNS", b"eXIf", *png_color.CHUNKS})
# A glance reads this much at first, which holds everything before the pixels but a large ICC profile.
_HEAD_BYTES = 4096
_TAIL_BYTES = 8192

# Every checksum releases the interpreter lock and takes it again, thousands of times a second over the short chunks of
# a PNG. More threads than these lose more time by that than they save. Any number of them may wait for a file server.
_WALKERS = Semaphore(2)


def read(source: Source) -> Picture:
    """Return the facts in the header, after following every chunk up to IEND.

    This proves that nothing is cut off, that every byte matches the writer's checksums, and that header, palette,
    pixels and end are in order. It does not prove that the compressed pixels hold all lines; ``prove`` does.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    _first_chunk(source)
    data = source.whole()
    with _WALKERS:
        return _walked(data)


def prove(source: Source) -> None:
    """Decompress the pixels of a file that ``read`` accepts, and compare their number with the header.

    Raises:
        Damaged: there are more or fewer bytes than the size needs, or they cannot be decompressed.
    """
    data = source.whole()
    needed = _pixel_bytes(data[_BODY])
    found = inflated_bytes(_pixels(data), needed)
    if found != needed:
        more = "more than" if found > needed else f"{found} of"
        raise Damaged(f"has {more} the {needed} bytes of pixels that the size in its header needs")


def glance(source: Source) -> Picture:
    """Return the facts in the header of a file that ends as a PNG does; otherwise, or with a palette, call ``read``.

    This proves that nothing is cut off. It does not prove the bytes between, whose checksums take longer than all else.

    Raises:
        Damaged: as for ``read``.
    """
    begin = len(MAGIC) + 8
    if source.size < begin + _HEADER.size + 4 + len(_END) or source.at(source.size - len(_END), len(_END)) != _END:
        return read(source)
    picture, body = _first_chunk(source)
    telling = _told_at_a_glance(source)
    if body[9] == PALETTE or telling is None:
        return read(source)
    check_stored(source.size, _pixel_bytes(body) / _MOST_PACKED)
    return _with_meaning(picture, telling)


def _told_at_a_glance(source: Source) -> dict[bytes, bytes] | None:
    """Return the chunks before the pixels; None if that needs the whole file."""
    start = source.at(0, min(source.size, _HEAD_BYTES))
    telling: dict[bytes, bytes] = {}
    position = len(MAGIC)
    while start[position + 4 : position + 8] != b"IDAT":
        if position + FRAME_BYTES + int.from_bytes(start[position : position + 4], "big") > len(start):
            return None
        name, end = _chunk(start, position)
        telling.setdefault(name, start[position + 8 : end - 4])
        position = end
    after = max(source.size - _TAIL_BYTES, position)
    return None if b"eXIf" in source.at(after, source.size - after) else telling


def _first_chunk(source: Source) -> tuple[Picture, bytes]:
    """Return the facts in the header and its bytes; a wrong size is refused before more is read."""
    begin = len(MAGIC) + 8
    start = source.at(0, min(begin + _HEADER.size + 4, source.size))
    name, end = _chunk(start, len(MAGIC))
    return _header(name, start[begin : end - 4]), start[begin:]


def _pixel_bytes(body: bytes) -> int:
    """Return how many bytes the pixels of a header take before compression, with the filter byte of each line."""
    width, height, bit_depth, color_type, _, _, interlace = _HEADER.unpack_from(body)
    bits = bit_depth * (1 if color_type == PALETTE else CHANNELS[color_type])
    # (first column, first line, step of columns, step of lines) of the passes of Adam7, chapter 8 of the specification.
    adam7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    sizes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in adam7]
    lines = [(w, h) for w, h in (sizes if interlace else [(width, height)]) if w > 0 and h > 0]
    return sum(h * (1 + -(-w * bits // 8)) for w, h in lines)


def _pixels(data: bytes) -> Iterator[bytes]:
    """Yield the data of the IDAT chunks of a file that ``read`` accepts."""
    position, name = len(MAGIC), b""
    # Other bytes may follow the end of the picture.
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        if name == b"IDAT":
            yield data[position + 8 : position + 8 + length]
        position += FRAME_BYTES + length


def _walked(data: bytes) -> Picture:
    picture: Picture | None = None
    names: list[bytes] = []
    telling: dict[bytes, bytes] = {}
    position, stored = len(MAGIC), 0
    while not names or names[-1] != b"IEND":
        name, end = _chunk(data, position)
        if picture is None:
            picture = _header(name, data[position + 8 : end - 4])
        elif name == b"IHDR":
            raise Damaged("has two headers")
        elif name == b"PLTE":
            _check_palette(end - position - FRAME_BYTES)
        elif name == b"IDAT":
            stored += end - position - FRAME_BYTES
        if name in _TELLING:
            telling.setdefault(name, data[position + 8 : end - 4])
        if not names or names[-1] != name:
            names.append(name)
        position = end
    if picture is None:  # pragma: no cover - the loop runs at least once and _header returns or raises
        raise Damaged("has no header")
    found = _with_palette(picture, data, names)
    check_stored(stored, _pixel_bytes(data[_BODY]) / _MOST_PACKED)
    return _with_meaning(found, telling)


def _with_meaning(picture: Picture, telling: Mapping[bytes, bytes]) -> Picture:
    """Return a picture with the transparency, the colours and the orientation that the chunks say."""
    keyed = b"tRNS" in telling and picture.channels in {1, 3}
    channels = picture.channels + keyed
    turn = exif.orientation(telling.get(b"eXIf", b""))
    layout = [f"EXIF orientation {turn}"] if turn != exif.UPRIGHT else []
    layout += ["a colour that counts as transparent"] if keyed else []
    refusal, encoding = png_color.encoding_of(telling)
    return replace(
        picture,
        size=exif.upright(picture.size, turn),
        channels=channels,
        alpha="straight" if channels in {2, 4} else "",
        encoding=encoding,
        layout=", ".join(layout),
        turn=turn,
        refusal=refusal,
    )


def _check_palette(length: int) -> None:
    if length % _ENTRY_BYTES or not 0 < length <= _ENTRY_BYTES * _MOST_ENTRIES:
        raise Damaged(f"has a palette of {length} bytes, which PNG does not know")


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
    check_size(width, height)
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
