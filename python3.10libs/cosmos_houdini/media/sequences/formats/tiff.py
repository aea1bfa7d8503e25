"""TIFF and BigTIFF: the directories and the extents of strips and tiles (TIFF 6.0 by Adobe; BigTIFF of libtiff)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, cut_off
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
HALF_BITS = 16
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
    length = count * struct.calcsize(code)
    if length > len(field):
        (offset,) = struct.unpack(layout.order + layout.offset, field)
        field = source.at(offset, length)
    return struct.unpack(f"{layout.order}{count}{code}", field[:length])


def _one(tags: Tags, tag: int, default: int) -> int:
    return (tags.get(tag) or (default,))[0]


def _picture(tags: Tags) -> Picture:
    width, height, samples = _one(tags, WIDTH, 0), _one(tags, HEIGHT, 0), _one(tags, SAMPLES, 1)
    if not (width and height and samples):
        raise Damaged(f"says that it is {width}x{height} pixels large with {samples} channels")
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
    if min(len(offsets), len(lengths)) < needed:
        raise Damaged(f"has {min(len(offsets), len(lengths))} of {needed} {'tiles' if tiled else 'strips'} of pixels")
    if not all(offsets) or not all(lengths):
        raise Damaged("has empty strips or tiles of pixels: the render was cut off while writing")
    end = max(offset + length for offset, length in zip(offsets, lengths, strict=False))
    if end > source.size:
        raise cut_off(source.size, end)
    if _one(tags, COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED and sum(lengths) < _pixel_bytes(tags):
        raise Damaged(f"has {sum(lengths)} of {_pixel_bytes(tags)} bytes of pixels")


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
