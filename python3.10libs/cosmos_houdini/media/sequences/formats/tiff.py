"""TIFF and BigTIFF: the directories and the extents of strips and tiles (TIFF 6.0 by Adobe; BigTIFF of libtiff)."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, replace

from cosmos_houdini.media.sequences.formats import lzw, tiff_meaning
from cosmos_houdini.media.sequences.formats.source import (
    Damaged,
    Source,
    check_size,
    check_stored,
    cut_off,
    inflated_bytes,
)
from cosmos_houdini.media.sequences.formats.tiff_meaning import LZW, SEPARATE_PLANES, UNCOMPRESSED, YCBCR
from cosmos_houdini.media.sequences.formats.tiff_tags import (
    BITS,
    COMPRESSION,
    HEIGHT,
    PHOTOMETRIC,
    PLANAR,
    ROWS_PER_STRIP,
    SAMPLES,
    STRIP_BYTES,
    STRIP_OFFSETS,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WANTED,
    WIDTH,
    Tags,
    first_of,
)
from cosmos_houdini.model.sequence import Picture

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# In YCbCr, several pixels may share their chroma.
_LEAST_CHROMA = 1 / 3
DEFLATE = (8, 32946)
# Compression -> the most bytes that one byte can stand for. Those that are not here pack plain areas without limit.
MOST_PACKED = {UNCOMPRESSED: 1, 5: 2048, 8: 1032, 32773: 64, 32946: 1032}
# A picture of the largest size in strips of one line, or in tiles of 64 x 64, has far fewer.
MOST_BLOCKS = 1 << 20
MOST_ENTRIES = 4096
_PADDED_BYTES = 16
# Directories are pages or smaller versions of the picture; a longer chain is a loop or no picture.
MOST_DIRECTORIES = 1024
# Field type of the format -> struct code, for the types in which the tags above are written.
_NUMBERS = {1: "B", 3: "H", 4: "I", 5: "II", 7: "B", 13: "I", 16: "Q", 18: "Q"}


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
    first: Tags | None = None
    while offset:
        if offset in seen or len(seen) >= MOST_DIRECTORIES:
            raise Damaged("has directories that run in a circle")
        seen.add(offset)
        tags, offset = _directory(source, layout, offset)
        first = first or tags
        # The blocks of a layout that nobody here reads may be anywhere: the file is refused as what it is.
        if not tiff_meaning.picture(tags).refusal:
            _check_extents(source, tags)
    if first is None:
        raise Damaged("has no picture in it: the render was cut off while writing")
    picture = tiff_meaning.picture(first)
    more = ["BigTIFF"] if layout.offset == "Q" else []
    more += [f"{len(seen)} pages"] if len(seen) > 1 else []
    more += ["old LZW"] if _old_lzw(source, first) else []
    return replace(picture, layout=", ".join([*more, *filter(None, [picture.layout])]))


def prove(source: Source) -> None:
    """Decompress the blocks of Deflate, or the first of LZW, of a file that ``read`` accepts; compare with the header.

    Raises:
        Damaged: a strip or tile holds more or fewer bytes than its lines need, or cannot be decompressed.
    """
    layout, offset = _start(source)
    tags, _ = _directory(source, layout, offset)
    if tiff_meaning.picture(tags).refusal:
        return
    compression = first_of(tags, COMPRESSION, UNCOMPRESSED)
    if compression not in {*DEFLATE, LZW} or first_of(tags, PHOTOMETRIC, 1) == YCBCR:
        return
    tiled = TILE_OFFSETS in tags
    width, height = first_of(tags, TILE_WIDTH if tiled else WIDTH, 0), first_of(tags, HEIGHT, 0)
    rows = first_of(tags, TILE_HEIGHT, 0) if tiled else min(first_of(tags, ROWS_PER_STRIP, height) or height, height)
    line, strips = _line_bytes(tags, width), -(-height // rows)
    blocks = (tags[TILE_OFFSETS], tags[TILE_BYTES]) if tiled else (tags[STRIP_OFFSETS], tags[STRIP_BYTES])
    for index, (start, length) in enumerate(zip(*blocks, strict=False)):
        # Some writers fill up the last strip.
        needed = {rows * line, rows * line if tiled else min(rows, height - index % strips * rows) * line}
        block = source.at(start, length)
        most = max(needed)
        found = lzw.unpacked_bytes(block, most) if compression == LZW else inflated_bytes([block], most)
        if found not in needed:
            more = "more than" if found > most else f"{found} of"
            name = f"{'tile' if tiled else 'strip'} {index + 1}"
            raise Damaged(f"has {more} the {most} bytes of {name} that the size in its header needs")
        # Python takes long for LZW, and a wrong width shows in the first block.
        if compression == LZW:
            return


def _start(source: Source) -> tuple[_Layout, int]:
    head = source.at(0, 8)
    order = "<" if head.startswith(b"II") else ">"
    if b"+" not in head[:4]:
        return _Layout(order, "H", "I"), struct.unpack_from(f"{order}I", head, 4)[0]
    (first,) = struct.unpack(f"{order}Q", source.at(8, 8))
    return _Layout(order, "Q", "Q"), first


def _directory(source: Source, layout: _Layout, offset: int) -> tuple[Tags, int]:
    """Return the tags that are wanted of the directory at ``offset`` and the offset of the next one, 0 for none."""
    count_bytes = struct.calcsize(layout.count)
    (count,) = struct.unpack(layout.order + layout.count, source.at(offset, count_bytes))
    if count > MOST_ENTRIES:
        raise Damaged(f"has a directory of {count} entries at {offset}, which no picture has")
    entry = layout.entry
    body = source.at(offset + count_bytes, count * entry.size + struct.calcsize(layout.offset))
    tags = {}
    for tag, kind, values, field in entry.iter_unpack(body[: count * entry.size]):
        if tag in WANTED and kind in _NUMBERS:
            tags[tag] = _values(source, layout, kind, values, field)
    (following,) = struct.unpack(layout.order + layout.offset, body[count * entry.size :])
    return tags, following


def _values(source: Source, layout: _Layout, kind: int, count: int, field: bytes) -> tuple[int, ...]:
    """Return a tag's values, which are in the entry itself if they fit, and otherwise elsewhere in the file."""
    code = _NUMBERS[kind]
    if count > MOST_BLOCKS:
        raise Damaged(f"has a list of {count} numbers in its header, which no picture needs")
    length = count * struct.calcsize(code)
    if length > len(field):
        (offset,) = struct.unpack(layout.order + layout.offset, field)
        field = source.at(offset, length)
    return struct.unpack(f"{layout.order}{count * len(code)}{code[0]}", field[:length])


def _old_lzw(source: Source, tags: Tags) -> bool:
    """Return whether the codes begin with the lowest bit, as in GIF: a zero byte, then an odd one (LZWDecodeCompat)."""
    if first_of(tags, COMPRESSION, UNCOMPRESSED) != LZW:
        return False
    offset = first_of(tags, TILE_OFFSETS if TILE_OFFSETS in tags else STRIP_OFFSETS, 0)
    return int.from_bytes(source.at(offset, 2), "big") & 0xFF01 == 1


def _check_extents(source: Source, tags: Tags) -> None:
    tiled = TILE_OFFSETS in tags
    offsets = tags.get(TILE_OFFSETS if tiled else STRIP_OFFSETS, ())
    lengths = tags.get(TILE_BYTES if tiled else STRIP_BYTES, ())
    needed = _block_count(tags, tiled=tiled)
    if tiled:
        check_size(first_of(tags, TILE_WIDTH, 0), first_of(tags, TILE_HEIGHT, 0))
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
    compression = first_of(tags, COMPRESSION, UNCOMPRESSED)
    if compression in MOST_PACKED:
        shared = _LEAST_CHROMA if first_of(tags, PHOTOMETRIC, 1) == YCBCR else 1
        check_stored(sum(lengths), _pixel_bytes(tags) * shared / MOST_PACKED[compression])
    if compression == UNCOMPRESSED and not tiled:
        _check_strips(tags, lengths)
    _check_overlap(offsets, lengths)


def _check_strips(tags: Tags, lengths: tuple[int, ...]) -> None:
    """Refuse uncompressed strips that are longer than their lines: the picture is wider than its header says."""
    line = _line_bytes(tags, first_of(tags, WIDTH, 0))
    height = first_of(tags, HEIGHT, 0)
    rows = min(first_of(tags, ROWS_PER_STRIP, height) or height, height)
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
    samples = 1 if first_of(tags, PLANAR, 1) == SEPARATE_PLANES else first_of(tags, SAMPLES, 1)
    return -(-width * samples * first_of(tags, BITS, 1) // 8)


def _block_count(tags: Tags, *, tiled: bool) -> int:
    width, height = first_of(tags, WIDTH, 0), first_of(tags, HEIGHT, 0)
    planes = first_of(tags, SAMPLES, 1) if first_of(tags, PLANAR, 1) == SEPARATE_PLANES else 1
    if tiled:
        across, down = first_of(tags, TILE_WIDTH, 0) or width, first_of(tags, TILE_HEIGHT, 0) or height
        return -(-width // across) * -(-height // down) * planes
    rows = min(first_of(tags, ROWS_PER_STRIP, height) or height, height)
    return -(-height // rows) * planes


def _pixel_bytes(tags: Tags) -> int:
    bits_a_line = first_of(tags, WIDTH, 0) * first_of(tags, SAMPLES, 1) * first_of(tags, BITS, 1)
    return bits_a_line * first_of(tags, HEIGHT, 0) // 8
