"""Writes TIFF files in every layout of the format, byte by byte, because no library of the tests writes them all."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.integer] | NDArray[np.floating]

UNCOMPRESSED, DEFLATE = 1, 8
MINISWHITE, BLACK, RGB, PALETTE, CMYK, YCBCR, CIELAB, LOGLUV = 0, 1, 2, 3, 5, 6, 8, 32845
BITS, SAMPLE_FORMAT, EXTRA_SAMPLES, ORIENTATION, ICC = 258, 339, 338, 274, 34675
# Tag -> struct code of its field type, for those that are not SHORT or LONG.
_TYPES = {"B": 1, "H": 3, "I": 4, "f": 11, "Q": 16}


def write_tiff(
    path: Path,
    samples: Samples,
    *,
    bits: int = 8,
    photometric: int = RGB,
    compression: int = UNCOMPRESSED,
    tile: int = 0,
    rows: int = 0,
    planar: bool = False,
    big: bool = False,
    order: str = "<",
    tags: Mapping[int, tuple[str, tuple[int | float, ...]]] | None = None,
) -> Path:
    """Write height x width x channels samples.

    Args:
        path: the file.
        samples: integers below ``2 ** bits``, or floats of ``bits`` bits.
        bits: bits of a sample, 1 to 32; samples that are no whole bytes are packed, the highest bit first.
        photometric: what the samples mean; see the constants.
        compression: none or deflate; another number is written into the file with deflated samples.
        tile: width and height of a tile, a multiple of 16; 0 writes strips.
        rows: rows of a strip; 0 writes one strip.
        planar: whether each channel is stored by itself.
        big: whether it is a BigTIFF.
        order: ``<`` or ``>``, the byte order.
        tags: further tags, or other values of tags: struct code and values of each.
    """
    height, width, channels = samples.shape
    blocks = [_packed(block, bits, order) for block in _blocks(samples, tile, rows or height, planar=planar)]
    if compression != UNCOMPRESSED:
        blocks = [zlib.compress(block) for block in blocks]
    entries: dict[int, tuple[str, tuple[int | float, ...]]] = {
        256: ("I", (width,)),
        257: ("I", (height,)),
        BITS: ("H", (bits,) * channels),
        259: ("H", (compression,)),
        262: ("H", (photometric,)),
        277: ("H", (channels,)),
        284: ("H", (2 if planar else 1,)),
        **({SAMPLE_FORMAT: ("H", (3,) * channels)} if samples.dtype.kind == "f" else {}),
        **(tags or {}),
    }
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HHH", 43, 8, 0) if big else b""
    head = head or (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 42)
    start = len(head) + (8 if big else 4)
    offsets = tuple(start + sum(map(len, blocks[:index])) for index in range(len(blocks)))
    lengths = tuple(map(len, blocks))
    if tile:
        entries |= {322: ("I", (tile,)), 323: ("I", (tile,)), 324: ("I", offsets), 325: ("I", lengths)}
    else:
        entries |= {273: ("I", offsets), 278: ("I", (rows or height,)), 279: ("I", lengths)}
    data = b"".join(blocks)
    data += bytes(len(data) % 2)
    directory = _directory(entries, start + len(data), big=big, order=order)
    path.write_bytes(head + struct.pack(f"{order}{'Q' if big else 'I'}", start + len(data)) + data + directory)
    return path


def _blocks(samples: Samples, tile: int, rows: int, *, planar: bool) -> Iterator[Samples]:
    planes = [samples[..., index : index + 1] for index in range(samples.shape[2])] if planar else [samples]
    for plane in planes:
        if not tile:
            yield from (plane[top : top + rows] for top in range(0, len(plane), rows))
            continue
        padded = np.pad(plane, [(0, -plane.shape[0] % tile), (0, -plane.shape[1] % tile), (0, 0)])
        for top in range(0, padded.shape[0], tile):
            yield from (padded[top : top + tile, left : left + tile] for left in range(0, padded.shape[1], tile))


def _packed(block: Samples, bits: int, order: str) -> bytes:
    if bits % 8 == 0:
        return block.astype(block.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
    lines = block.reshape(len(block), -1).astype(np.uint32)
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint32)
    each = (lines[..., None] >> shifts & 1).astype(np.uint8).reshape(len(lines), -1)
    return np.packbits(each, axis=1).tobytes()


def _directory(entries: Mapping[int, tuple[str, tuple[int | float, ...]]], at: int, *, big: bool, order: str) -> bytes:
    offset, room = ("Q", 8) if big else ("I", 4)
    count = struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
    elsewhere_at = at + len(count) + len(entries) * (4 + 2 * room) + room
    body, elsewhere = b"", b""
    for tag, (code, values) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(packed) > room:
            field = struct.pack(f"{order}{offset}", elsewhere_at + len(elsewhere))
            elsewhere += packed + bytes(len(packed) % 2)
        else:
            field = packed.ljust(room, b"\0")
        body += struct.pack(f"{order}HH{offset}", tag, _TYPES[code], len(values)) + field
    return count + body + bytes(room) + elsewhere
