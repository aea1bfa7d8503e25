"""DPX: the header and the size that its pixels need (SMPTE ST 268-1)."""

from __future__ import annotations

import struct

from cosmos_houdini.media.sequences.formats import exif
from cosmos_houdini.media.sequences.formats.source import Damaged, Source, check_size, cut_off
from cosmos_houdini.model.color_encoding import ColorEncoding, ColorKind
from cosmos_houdini.model.sequence import Picture

MAGIC_BIG, MAGIC_LITTLE = b"SDPX", b"XPDS"

HEADER_BYTES = 2048
UNDEFINED = 0xFFFFFFFF
# Descriptor of an image element -> components per pixel, and how many of them decode to channels.
_COMPONENTS = {50: 3, 51: 4, 52: 4, 100: 2, 101: 3, 102: 3, 103: 4, **{150 + n: n + 2 for n in range(7)}}
_CHANNELS = {100: 3, 101: 4}
BIT_DEPTHS = (1, 8, 10, 12, 16, 32, 64)
FLOAT_BITS = 32
RUN_LENGTH_ENCODED = 1
# The file, image and orientation headers always stand before the pixels.
_LEAST_OFFSET = 1664
_MOST_ELEMENTS = 8
# Writers fill the end of a file up to the blocks of a disk.
_MOST_PADDING = 8192
_PADDED_SHARE = 1 / 8
_LUMA, _RGB, _RGBA, _ABGR = 6, 50, 51, 52
_WITH_ALPHA = frozenset({_RGBA, _ABGR})
# Image orientation of the header -> orientation as EXIF counts it.
_TURNS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 6, 6: 8, 7: 7}
# FFmpeg's DPX decoder and OpenImageIO's agree on these; the tests compare them.
_PLAIN_BITS = frozenset({8, 10, 16})
_DENSITY, _LINEAR, _LOGARITHM = 1, 2, 3
_CREATOR = slice(160, 260)


def read(source: Source) -> Picture:
    """Return the facts in the header, after comparing the sizes in it with the size of the file.

    This proves that the header makes sense and that the file is long enough for its pixels. It does not prove the
    pixels, for which DPX has no checksum. It also does not prove the length of run-length encoded pixels beyond the
    size that the header names.

    Raises:
        Damaged: the file does not pass one of these checks.
    """
    header = source.at(0, HEADER_BYTES)
    order = ">" if header.startswith(MAGIC_BIG) else "<"
    (pixels_at,) = struct.unpack_from(f"{order}I", header, 4)
    (total,) = struct.unpack_from(f"{order}I", header, 16)
    elements, width, height = struct.unpack_from(f"{order}HII", header, 770)
    descriptor, bit_depth, packing, encoding = _element(header, order)
    check_size(width, height)
    if not 1 <= elements <= _MOST_ELEMENTS or bit_depth not in BIT_DEPTHS:
        raise Damaged(f"has a header with {elements} image elements of {bit_depth} bits, which DPX does not know")
    if pixels_at < _LEAST_OFFSET:
        raise Damaged(f"says that its pixels begin at byte {pixels_at}, which lies inside its header")
    pixels = 0
    if encoding != RUN_LENGTH_ENCODED:
        pixels = height * _line_bytes(width * _COMPONENTS.get(descriptor, 1), bit_depth, packing)
    _check_extent(source, pixels_at, pixels, total)
    if pixels and elements == 1:
        _check_rest(source.size - pixels_at - pixels, pixels, header, order, height)
    turn = _TURNS.get(struct.unpack_from(f"{order}H", header, 768)[0], exif.UPRIGHT)
    layout = [f"image orientation {turn}"] if turn != exif.UPRIGHT else []
    if descriptor not in {_LUMA, _RGB, _RGBA} or bit_depth not in _PLAIN_BITS or encoding == RUN_LENGTH_ENCODED:
        layout.append(f"descriptor {descriptor}, {bit_depth} bits, encoding {encoding}")
    kind = "float" if bit_depth >= FLOAT_BITS else "uint"
    return Picture(
        format="dpx",
        size=exif.upright((width, height), turn),
        bit_depth=bit_depth,
        channels=elements if elements > 1 else _CHANNELS.get(descriptor, _COMPONENTS.get(descriptor, 1)),
        channel_type=kind,
        alpha="unsaid" if descriptor in _WITH_ALPHA else "",
        encoding=_encoding(header) if kind == "uint" else None,
        layout=", ".join(layout),
        turn=turn,
        refusal=_refusal(descriptor, elements),
    )


def _refusal(descriptor: int, elements: int) -> str:
    if elements > 1:
        return f"has {elements} image elements, of which no program makes one picture: write it as RGB"
    if descriptor not in {_LUMA, _RGB, *_WITH_ALPHA}:
        return f"holds no RGB (descriptor {descriptor} of SMPTE ST 268): write it as RGB"
    return ""


def _encoding(header: bytes) -> ColorEncoding | None:
    """Return what the transfer characteristic of the first image element says; video counts as a display."""
    transfer = header[801]
    if transfer in {_DENSITY, _LOGARITHM}:
        words = "printing density" if transfer == _DENSITY else "logarithmic"
        return ColorEncoding(kind=ColorKind.DENSITY, words=f"DPX transfer {transfer}, {words}")
    if transfer != _LINEAR:
        return None
    if header[_CREATOR].startswith(b"Lavc"):
        return ColorEncoding(
            kind=ColorKind.TOLD, words="DPX transfer 2, linear, which FFmpeg writes into every DPX, also into sRGB"
        )
    return ColorEncoding(kind=ColorKind.LINEAR, words="DPX transfer 2, linear")


def _check_extent(source: Source, pixels_at: int, pixels: int, total: int) -> None:
    """Refuse a file that is shorter than its pixels or its header says, and a header that says less than its pixels.

    Args:
        source: the file.
        pixels_at: where the pixels begin.
        pixels: how many bytes they take; 0 where that is unknown.
        total: the size of the file as the header gives it; 0 or UNDEFINED where it does not.
    """
    said = 0 if total == UNDEFINED else total
    needed = max(pixels_at + pixels, said)
    if source.size < needed:
        raise cut_off(source.size, needed)
    if 0 < said < pixels_at + pixels:
        raise Damaged(
            f"says in its header that it is {said} bytes long, and that its pixels end at byte {pixels_at + pixels}"
        )


def _check_rest(rest: int, pixels: int, header: bytes, order: str, lines: int) -> None:
    """Refuse a file with far more bytes than its size needs: its header shows a part of the picture, or none of it."""
    offset, line_padding, end_padding = struct.unpack_from(f"{order}III", header, 808)
    (pixels_at,) = struct.unpack_from(f"{order}I", header, 4)
    if offset not in (0, UNDEFINED, pixels_at):
        raise Damaged(f"says that its pixels begin at byte {pixels_at}, and at byte {offset}")
    padding = (0 if line_padding == UNDEFINED else line_padding * lines) + (
        0 if end_padding == UNDEFINED else end_padding
    )
    if rest - padding >= max(_MOST_PADDING, pixels * _PADDED_SHARE):
        raise Damaged(
            f"has {pixels + rest} bytes of pixels, where the size in its header needs {pixels}: header and pixels "
            "contradict each other"
        )


def _element(header: bytes, order: str) -> tuple[int, int, int, int]:
    """Return descriptor, bits, packing and encoding of the first image element."""
    descriptor, _, _, bit_depth, packing, encoding = struct.unpack_from(f"{order}BBBBHH", header, 800)
    return descriptor, bit_depth, packing, encoding


def _line_bytes(samples: int, bit_depth: int, packing: int) -> int:
    """Return the smallest number of bytes that one line takes.

    >>> _line_bytes(1920 * 3, 10, packing=1)
    7680
    """
    if packing and bit_depth == 10:  # noqa: PLR2004 - three samples of ten bits fill a word of 32
        return -(-samples // 3) * 4
    if packing and bit_depth == 12:  # noqa: PLR2004 - each sample of twelve bits fills a word of 16
        return samples * 2
    return -(-samples * bit_depth // 8)
