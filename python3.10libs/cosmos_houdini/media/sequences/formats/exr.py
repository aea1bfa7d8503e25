"""OpenEXR: headers, offset tables and the extent of every chunk (OpenEXR File Layout, openexr.com)."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cosmos_houdini.media.sequences.formats.source import Damaged, Source, check_size, check_stored, cut_off
from cosmos_houdini.model.sequence import Picture

MAGIC = b"v/1\x01"

TILED, DEEP, MULTI_PART = 0x200, 0x800, 0x1000
# Index of the compression attribute -> lines in one chunk: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB,
# HTJ2K256, HTJ2K32, LJ2K, ZSTD.
LINES_A_CHUNK = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256, 256, 32, 256, 1)
CHANNEL_TYPES = {0: ("uint", 32), 1: ("half", 16), 2: ("float", 32)}
# (of lines, deep) -> layout of a chunk's own header, without the part number: coordinates and sizes.
_CHUNK_HEADERS = {
    (True, False): struct.Struct("<ii"),
    (False, False): struct.Struct("<iiiii"),
    (True, True): struct.Struct("<iQQQ"),
    (False, True): struct.Struct("<iiiiQQQ"),
}
MIPMAP, RIPMAP = 1, 2
UNCOMPRESSED = 0
# Index of the compression attribute -> the most bytes that one byte can stand for: RLE, ZIPS, ZIP, PXR24. The latter
# drops 8 of 32 bits before it compresses. The others pack plain areas without limit.
MOST_PACKED = {1: 64, 2: 1032, 3: 1032, 5: 1376}
# A picture of the largest size has as many tiles of 16 x 16 over all its levels.
MOST_CHUNKS = 1 << 20
MOST_PARTS = 1024
_COLORS = frozenset({"R", "Y", "RED"})
# The rounding of renderers must not make two frames of a shot differ.
_ASPECT_DIGITS = 4
# The names and headers of real pictures are far below these limits; a file that exceeds them is damaged.
LONGEST_NAME = 255
MOST_ATTRIBUTE_BYTES = 1 << 26

Attributes = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The facts that are needed from the header of one part.

    Attributes:
        channels: name and pixel type of each channel.
        display_window: x and y of the first and the last pixel of the picture.
        pixel_aspect: width of a pixel divided by its height.
        data_window: x and y of the first and the last pixel that the file holds.
        lines: lines in one chunk, 0 for tiles.
        chunks: number of chunks.
        deep: whether a pixel can hold any number of samples.
        compression: the index of its compression.
        line_bytes: bytes of one line of pixels before compression; 0 where a channel has fewer samples than pixels.
    """

    channels: tuple[tuple[str, int], ...]
    display_window: tuple[int, int, int, int]
    pixel_aspect: float
    data_window: tuple[int, int, int, int]
    lines: int
    chunks: int
    deep: bool
    compression: int
    line_bytes: int


def read(source: Source) -> Picture:
    """Return the facts in the headers, after following every offset to its chunk.

    The size is that of the display window. Channels are counted over all parts. Depth and type are those of the first
    colour channel. This proves that every header and offset table is complete, and that every chunk exists, belongs to
    its lines or is the only one of its tile, has room for its pixels, and shares no byte with another. It does
    not prove the compressed pixels in the chunks, for which EXR has no checksum.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    (flags,) = struct.unpack("<I", source.at(4, 4))
    parts, position = _headers(source, flags)
    extents: list[tuple[int, int]] = []
    for number, part in enumerate(parts):
        table = source.at(position, part.chunks * 8)
        position += len(table)
        offsets = struct.unpack(f"<{part.chunks}Q", table)
        extents += _check_chunks(source, part, offsets, number if flags & MULTI_PART else None)
    _check_overlap(extents, position)
    return _picture(parts)


def read_extent(source: Source) -> tuple[int, int]:
    """Return where the offset tables begin and where they end.

    Raises:
        Damaged: as for ``read``.
    """
    (flags,) = struct.unpack("<I", source.at(4, 4))
    parts, position = _headers(source, flags)
    return position, position + 8 * sum(part.chunks for part in parts)


def _headers(source: Source, flags: int) -> tuple[list[_Part], int]:
    """Return the parts and where the first offset table begins."""
    parts, position = [], 8
    while True:
        attributes, position = _attributes(source, position)
        if attributes:
            parts.append(_part(attributes, flags))
        if not flags & MULTI_PART:
            break
        if not attributes:
            break
        if len(parts) > MOST_PARTS:
            raise Damaged(f"has more than {MOST_PARTS} parts, which no picture has")
    if not parts:
        raise Damaged("has no header")
    return parts, position


def _attributes(source: Source, position: int) -> tuple[Attributes, int]:
    """Return the attributes of the header at ``position`` and the offset after it."""
    attributes: dict[str, bytes] = {}
    total = 0
    while True:
        name, position = _text(source, position)
        if not name:
            return attributes, position
        _, position = _text(source, position)
        (length,) = struct.unpack("<I", source.at(position, 4))
        total += length
        if total > MOST_ATTRIBUTE_BYTES:
            raise Damaged(f"has damaged bytes at {position} in its header")
        attributes[name] = source.at(position + 4, length)
        position += 4 + length


def _text(source: Source, position: int) -> tuple[str, int]:
    """Return the text that ends with a zero byte, and the offset after it."""
    window = source.at(position, max(1, min(LONGEST_NAME + 1, source.size - position)))
    end = window.find(b"\0")
    if end < 0:
        if len(window) <= LONGEST_NAME:
            raise cut_off(source.size, source.size + 1)
        raise Damaged(f"has damaged bytes at {position} in its header")
    return window[:end].decode("utf-8", "replace"), position + end + 1


def _part(attributes: Attributes, flags: int) -> _Part:
    data_window = _box(attributes, "dataWindow")
    kind = attributes.get("type", b"")
    tiled = kind in (b"tiledimage", b"deeptile") if kind else bool(flags & TILED)
    (compression,) = _unpack(attributes, "compression", "<B")
    if compression >= len(LINES_A_CHUNK) and "chunkCount" not in attributes:
        raise Damaged(f"is compressed in a way (number {compression}) that this program does not know")
    lines = 0 if tiled else LINES_A_CHUNK[min(compression, len(LINES_A_CHUNK) - 1)]
    chunks = _chunk_count(attributes, data_window, lines if compression < len(LINES_A_CHUNK) or tiled else None)
    channels = tuple(_channels(attributes.get("channels", b"")))
    return _Part(
        channels=tuple((name, kind) for name, kind, _ in channels),
        display_window=_box(attributes, "displayWindow"),
        pixel_aspect=_pixel_aspect(attributes),
        data_window=data_window,
        lines=lines if compression < len(LINES_A_CHUNK) else 0,
        chunks=chunks,
        deep=kind.startswith(b"deep") if kind else bool(flags & DEEP),
        compression=compression,
        line_bytes=_line_bytes(channels, data_window),
    )


def _chunk_count(attributes: Attributes, window: tuple[int, int, int, int], lines: int | None) -> int:
    """Return the number of chunks of a part.

    Args:
        attributes: of the header of the part.
        window: its data window.
        lines: lines in one chunk, 0 for tiles; None where an unknown compression decides on them.
    """
    said = _unpack(attributes, "chunkCount", "<i")[0] if "chunkCount" in attributes else None
    counted = said or 0
    if lines == 0:
        counted = _tile_count(attributes, window)
    elif lines is not None:
        counted = -(-(window[3] - window[1] + 1) // lines)
    if not 0 < counted <= MOST_CHUNKS:
        raise Damaged(f"says that it has {counted} blocks of pixels")
    if said not in (None, counted):
        raise Damaged(f"says that it has {said} blocks of pixels, where its size needs {counted}")
    return counted


def _line_bytes(channels: Iterable[tuple[str, int, tuple[int, int]]], window: tuple[int, int, int, int]) -> int:
    listed = list(channels)
    if any(sampling != (1, 1) for _, _, sampling in listed):
        return 0
    return (window[2] - window[0] + 1) * sum(CHANNEL_TYPES[kind][1] // 8 for _, kind, _ in listed)


def _unpack(attributes: Attributes, name: str, layout: str) -> tuple[int, ...]:
    value = attributes.get(name, b"")
    if len(value) != struct.calcsize(layout):
        raise Damaged(f"has no {name} in its header" if not value else f"has a damaged {name} in its header")
    return struct.unpack(layout, value)


def _box(attributes: Attributes, name: str) -> tuple[int, int, int, int]:
    left, top, right, bottom = _unpack(attributes, name, "<iiii")
    if right < left or bottom < top:
        raise Damaged(f"has a {name} of {right - left + 1}x{bottom - top + 1} pixels in its header")
    check_size(right - left + 1, bottom - top + 1)
    return left, top, right, bottom


def _pixel_aspect(attributes: Attributes) -> float:
    """Return the pixel aspect in the header, or 1 if the header has no usable value."""
    value = attributes.get("pixelAspectRatio", b"")
    aspect: float = struct.unpack("<f", value)[0] if len(value) == struct.calcsize("<f") else 1.0
    return round(aspect, _ASPECT_DIGITS) if math.isfinite(aspect) and aspect > 0 else 1.0


def _channels(value: bytes) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Yield name, pixel type, and the distances of samples across and down, of each channel of a ``chlist``."""
    position = 0
    while (end := value.find(b"\0", position)) > position and end + 17 <= len(value):
        kind, _, across, down = struct.unpack_from("<iIii", value, end + 1)
        if kind not in CHANNEL_TYPES:
            raise Damaged(f"has a channel of type {kind}, which EXR does not know")
        yield value[position:end].decode("utf-8", "replace"), kind, (across, down)
        position = end + 17


def _tile_count(attributes: Attributes, window: tuple[int, int, int, int]) -> int:
    """Return the number of tiles over all levels of a tiled part whose header does not give this number."""
    across, down, mode = _unpack(attributes, "tiles", "<IIB")
    if not (across and down):
        raise Damaged("has tiles without size")
    check_size(across, down)
    width, height = window[2] - window[0] + 1, window[3] - window[1] + 1
    levels, rounding_up = mode & 0xF, bool(mode >> 4)
    widths, heights = [width], [height]
    if levels in (MIPMAP, RIPMAP):
        widths, heights = _level_sizes(width, up=rounding_up), _level_sizes(height, up=rounding_up)
    columns, rows = [-(-w // across) for w in widths], [-(-h // down) for h in heights]
    if levels != MIPMAP:
        return sum(columns) * sum(rows)
    count = max(len(columns), len(rows))
    columns += [1] * (count - len(columns))
    rows += [1] * (count - len(rows))
    return sum(c * r for c, r in zip(columns, rows, strict=True))


def _level_sizes(size: int, *, up: bool) -> list[int]:
    """Return the sizes of a side at all levels.

    >>> _level_sizes(5, up=False), _level_sizes(5, up=True)
    ([5, 2, 1], [5, 3, 2, 1])
    """
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + up) // 2)
    return sizes


def _check_chunks(
    source: Source, part: _Part, offsets: tuple[int, ...], number: int | None
) -> Iterator[tuple[int, int]]:
    """Follow every offset, and yield where each chunk begins and ends.

    Args:
        source: the file.
        part: the part of the chunks.
        offsets: where they begin.
        number: of the part, with which each chunk of a multi-part file begins; None for a file of one part.
    """
    absent = offsets.count(0)
    if absent:
        what = "blocks of lines" if part.lines else "tiles"
        raise Damaged(f"lacks {absent} of {len(offsets)} {what}: the render was cut off while writing")
    layout = _CHUNK_HEADERS[bool(part.lines), part.deep]
    prefix = b"" if number is None else struct.pack("<i", number)
    tiles: set[tuple[int, ...]] = set()
    for index, offset in enumerate(offsets):
        head = source.at(offset, len(prefix) + layout.size)
        fields = layout.unpack_from(head, len(prefix))
        end = offset + len(head) + (sum(fields[-3:-1]) if part.deep else fields[-1])
        line = part.data_window[1] + index * part.lines
        misplaced = fields[0] != line if part.lines else min(fields[:4]) < 0 or fields[:4] in tiles
        tiles.add(fields[:4])
        if not head.startswith(prefix) or misplaced or end <= offset + len(head):
            raise Damaged(f"has damaged bytes at {offset}, where block {index + 1} of {len(offsets)} should begin")
        if end > source.size:
            raise cut_off(source.size, end)
        if part.lines and not part.deep:
            _check_lines(part, line, fields[-1])
        yield offset, end


def _check_lines(part: _Part, line: int, stored: int) -> None:
    """Compare the bytes of a block of lines with those that its pixels take."""
    raw = min(part.lines, part.data_window[3] - line + 1) * part.line_bytes
    if part.compression in MOST_PACKED:
        check_stored(stored, raw / MOST_PACKED[part.compression])
    elif part.compression == UNCOMPRESSED and raw and stored != raw:
        raise Damaged(
            f"has {stored} bytes of pixels in line {line}, where the size in its header needs {raw}: header and pixels "
            "contradict each other"
        )


def _check_overlap(extents: list[tuple[int, int]], begin: int) -> None:
    """Refuse chunks that share bytes with one another, or with the headers and tables, which end at ``begin``."""
    end = begin
    for start, following in sorted(extents):
        if start < end:
            raise Damaged(f"has blocks of pixels that overlap at byte {start}")
        end = following


def _picture(parts: list[_Part]) -> Picture:
    channels = [channel for part in parts for channel in part.channels]
    if not channels:
        raise Damaged("has no channels")
    named = [channel for channel in channels if channel[0].rpartition(".")[2].upper() in _COLORS]
    # The picture itself comes first and Cryptomatte last: its channels are called R and G too, and are first in files.
    color = min(named, key=lambda channel: ("crypto" in channel[0].lower(), "." in channel[0]), default=channels[0])
    channel_type, bit_depth = CHANNEL_TYPES[color[1]]
    left, top, right, bottom = parts[0].display_window
    layer = color[0].rpartition(".")[0]
    has_alpha = any(name in {f"{layer}.A".removeprefix("."), f"{layer}.a".removeprefix(".")} for name, _ in channels)
    return Picture(
        format="exr",
        size=(right - left + 1, bottom - top + 1),
        bit_depth=bit_depth,
        channels=len(channels),
        channel_type=channel_type,
        pixel_aspect=parts[0].pixel_aspect,
        # The format itself says that colours are multiplied by alpha (OpenEXR, Technical Introduction).
        alpha="premultiplied" if has_alpha else "",
    )
