"""TIFF and BigTIFF: the directories and the extents of strips and tiles (TIFF 6.0 by Adobe; BigTIFF of libtiff)."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_houdini.media.sequences.formats.source import (
    Damaged,
    Source,
    check_size,
    check_stored,
    cut_off,
    inflated_bytes,
)
from cosmos_houdini.model.sequence import Picture

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SAMPLE_FORMAT = 322, 323, 324, 325, 339

_WANTED = frozenset(
    {
        *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR),
        *(TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SAMPLE_FORMAT),
    }
)

UNCOMPRESSED, SEPARATE_PLANES, IEEE_FLOAT, PALETTE = 1, 2, 3, 3
# YCbCr, in which several pixels may share their chroma.
SUBSAMPLED, _LEAST_CHROMA = 6, 1 / 3
DEFLATE = (8, 32946)
HALF_BITS = 16
# Compression -> the most bytes that one byte can stand for. Those that are not here pack plain areas without limit.
MOST_PACKED = {UNCOMPRESSED: 1, 5: 2048, 8: 1032, 32773: 64, 32946: 1032}
# A picture of the largest size in strips of one line, or in tiles of 64 x 64, has far fewer.
MOST_BLOCKS = 1 << 20
MOST_ENTRIES = 4096
_PADDED_BYTES = 16
# Directories are pages or smaller versions of the picture; a longer chain is a loop or no picture.
MOST_DIRECTORIES = 1024
# Field type of the format -> struct code, for the types in which the tags above are written.
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

Tags = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The form of numbers: the byte order, and the struct codes of the entry count, of offsets and of an entry."""

    order: str
    count: str
    offset: str

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(f"{self.order}HH{self.offset}{struct.calcsize(self.offset)}s")


def read(source: Source) -> Picture:
    """Return the facts in the first directory, after comparing the extents of all strips and tiles with the file size.

    This proves that every directory is complete and has as many strips or tiles as its picture needs, and that all of
    them are inside the file. It does not prove the pixels in them, for which TIFF has no checksum.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    layout, offset = _start(source)
    seen: set[int] = set()
    picture: Picture | None = None
    while offset:
        if offset in seen or len(seen) >= MOST_DIRECTORIES:
            raise Damaged("has directories that run in a circle")
        seen.add(offset)
        tags, offset = _directory(source, layout, offset)
        page = _picture(tags)
        picture = picture or page
        _check_extents(source, tags)
    if picture is None:
        raise Damaged("has no picture in it: the render was cut off while writing")
    return picture


def prove(source: Source) -> None:
    """Decompress the blocks of a file that ``read`` accepts if Deflate packed them, and compare them with the header.

    Raises:
        Damaged: a strip or tile holds more or fewer bytes than its lines need, or cannot be decompressed.
    """
    layout, offset = _start(source)
    tags, _ = _directory(source, layout, offset)
    if _one(tags, COMPRESSION, UNCOMPRESSED) not in DEFLATE or _one(tags, PHOTOMETRIC, 1) == SUBSAMPLED:
        return
    tiled = TILE_OFFSETS in tags
    width, height = _one(tags, TILE_WIDTH if tiled else WIDTH, 0), _one(tags, HEIGHT, 0)
    rows = _one(tags, TILE_HEIGHT, 0) if tiled else min(_one(tags, ROWS_PER_STRIP, height) or height, height)
    line, strips = _line_bytes(tags, width), -(-height // rows)
    blocks = (tags[TILE_OFFSETS], tags[TILE_BYTES]) if tiled else (tags[STRIP_OFFSETS], tags[STRIP_BYTES])
    for index, (start, length) in enumerate(zip(*blocks, strict=False)):
        # Some writers fill up the last strip.
        needed = {rows * line, rows * line if tiled else min(rows, height - index % strips * rows) * line}
        found = inflated_bytes([source.at(start, length)], max(needed))
        if found not in needed:
            more = "more than" if found > max(needed) else f"{found} of"
            name = f"{'tile' if tiled else 'strip'} {index + 1}"
            raise Damaged(f"has {more} the {max(needed)} bytes of {name} that the size in its header needs")


def _start(source: Source) -> tuple[_Layout, int]:
    head = source.at(0, 8)
    order = "<" if head.startswith(b"II") else ">"
    if b"+" not in head[:4]:
        return _Layout(order, "H", "I"), struct.unpack_from(f"{order}I", head, 4)[0]
    (first,) = struct.unpack(f"{order}Q", source.at(8, 8))
    return _Layout(order, "Q", "Q"), first


def _directory(source: Source, layout: _Layout, offset: int) -> tuple[Tags, int]:
    """Return the integer tags of the directory at ``offset`` and the offset of the next one, 0 for none."""
    count_bytes = struct.calcsize(layout.count)
    (count,) = struct.unpack(layout.order + layout.count, source.at(offset, count_bytes))
    if count > MOST_ENTRIES:
        raise Damaged(f"has a directory of {count} entries at {offset}, which no picture has")
    entry = layout.entry
    body = source.at(offset + count_bytes, count * entry.size + struct.calcsize(layout.offset))
    tags = {}
    for tag, kind, values, field in entry.iter_unpack(body[: count * entry.size]):
        if tag in _WANTED and kind in _INTEGERS:
            tags[tag] = _values(source, layout, kind, values, field)
    (following,) = struct.unpack(layout.order + layout.offset, body[count * entry.size :])
    return tags, following


def _values(source: Source, layout: _Layout, kind: int, count: int, field: bytes) -> tuple[int, ...]:
    """Return a tag's values, which are in the entry itself if they fit, and otherwise elsewhere in the file."""
    code = _INTEGERS[kind]
    if count > MOST_BLOCKS:
        raise Damaged(f"has a list of {count} numbers in its header, which no picture needs")
    length = count * struct.calcsize(code)
    if length > len(field):
        (offset,) = struct.unpack(layout.order + layout.offset, field)
        field = source.at(offset, length)
    return struct.unpack(f"{layout.order}{count}{code}", field[:length])


def _one(tags: Tags, tag: int, default: int) -> int:
    return (tags.get(tag) or (default,))[0]


def _picture(tags: Tags) -> Picture:
    width, height, samples = _one(tags, WIDTH, 0), _one(tags, HEIGHT, 0), _one(tags, SAMPLES, 1)
    check_size(width, height)
    if not samples:
        raise Damaged(f"says that it is {width}x{height} pixels large with 0 channels")
    bit_depth = _one(tags, BITS, 1)
    kind = "uint"
    if _one(tags, SAMPLE_FORMAT, 1) == IEEE_FLOAT:
        kind = "half" if bit_depth == HALF_BITS else "float"
    channels = 3 if _one(tags, PHOTOMETRIC, 1) == PALETTE else samples
    return Picture(format="tiff", size=(width, height), bit_depth=bit_depth, channels=channels, channel_type=kind)


def _check_extents(source: Source, tags: Tags) -> None:
    tiled = TILE_OFFSETS in tags
    offsets = tags.get(TILE_OFFSETS if tiled else STRIP_OFFSETS, ())
    lengths = tags.get(TILE_BYTES if tiled else STRIP_BYTES, ())
    needed = _block_count(tags, tiled=tiled)
    blocks = "tiles" if tiled else "strips"
    if min(len(offsets), len(lengths)) < needed:
        raise Damaged(f"has {min(len(offsets), len(lengths))} of {needed} {blocks} of pixels")
    if max(len(offsets), len(lengths)) > needed:
        raise Damaged(
            f"has {max(len(offsets), len(lengths))} {blocks} of pixels, where the size in its header needs {needed}"
        )
    if not all(offsets) or not all(lengths):
        raise Damaged("has empty strips or tiles of pixels: the render was cut off while writing")
    end = max(offset + length for offset, length in zip(offsets, lengths, strict=False))
    if end > source.size:
        raise cut_off(source.size, end)
    compression = _one(tags, COMPRESSION, UNCOMPRESSED)
    if compression in MOST_PACKED:
        shared = _LEAST_CHROMA if _one(tags, PHOTOMETRIC, 1) == SUBSAMPLED else 1
        check_stored(sum(lengths), _pixel_bytes(tags) * shared / MOST_PACKED[compression])
    if compression == UNCOMPRESSED and not tiled:
        _check_strips(tags, lengths)
    _check_overlap(offsets, lengths)


def _check_strips(tags: Tags, lengths: tuple[int, ...]) -> None:
    """Refuse uncompressed strips that are longer than their lines: the picture is wider than its header says."""
    line = _line_bytes(tags, _one(tags, WIDTH, 0))
    height = _one(tags, HEIGHT, 0)
    rows = min(_one(tags, ROWS_PER_STRIP, height) or height, height)
    # Chroma that is subsampled takes fewer bytes than this, and a writer may fill a strip up to a word.
    longest = max(lengths)
    if longest >= rows * line + max(line, _PADDED_BYTES):
        raise Damaged(
            f"has a strip of {longest} bytes, where {rows} lines of the width in its header need {rows * line}: "
            "header and pixels contradict each other"
        )


def _check_overlap(offsets: tuple[int, ...], lengths: tuple[int, ...]) -> None:
    """Refuse blocks that share some of their bytes; blocks of the same content may be stored once."""
    extents = sorted(set(zip(offsets, lengths, strict=False)))
    for (offset, length), (following, _) in itertools.pairwise(extents):
        if offset + length > following:
            raise Damaged(f"has blocks of pixels that overlap at byte {following}")


def _line_bytes(tags: Tags, width: int) -> int:
    """Return the bytes of one line of a strip or tile before compression."""
    samples = 1 if _one(tags, PLANAR, 1) == SEPARATE_PLANES else _one(tags, SAMPLES, 1)
    return -(-width * samples * _one(tags, BITS, 1) // 8)


def _block_count(tags: Tags, *, tiled: bool) -> int:
    width, height = _one(tags, WIDTH, 0), _one(tags, HEIGHT, 0)
    planes = _one(tags, SAMPLES, 1) if _one(tags, PLANAR, 1) == SEPARATE_PLANES else 1
    if tiled:
        across, down = _one(tags, TILE_WIDTH, 0) or width, _one(tags, TILE_HEIGHT, 0) or height
        return -(-width // across) * -(-height // down) * planes
    rows = min(_one(tags, ROWS_PER_STRIP, height) or height, height)
    return -(-height // rows) * planes


def _pixel_bytes(tags: Tags) -> int:
    bits_a_line = _one(tags, WIDTH, 0) * _one(tags, SAMPLES, 1) * _one(tags, BITS, 1)
    return bits_a_line * _one(tags, HEIGHT, 0) // 8
