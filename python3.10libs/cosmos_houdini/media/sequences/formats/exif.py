"""EXIF: the orientation of a picture (CIPA DC-008, 4.6.5.1; the block is a small TIFF)."""

from __future__ import annotations

import struct

MARK = b"Exif\0\0"
ORIENTATION = 274
UPRIGHT, TURNED = 1, 8
# From this value on, the stored rows are columns of the upright picture.
SIDEWAYS = 5


def orientation(block: bytes) -> int:
    r"""Return the orientation that an EXIF block says, 1 to 8; 1 if it says none or is damaged.

    The block may begin with the mark that it has in a JPEG.

    >>> orientation(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0")
    6
    """
    block = block.removeprefix(MARK)
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < struct.calcsize("HHI"):
        return UPRIGHT
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    if start + 2 > len(block):
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for index in range(min(count, (len(block) - start - 2) // 12)):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", block, start + 2 + index * 12)
        if tag == ORIENTATION:
            return known(value)
    return UPRIGHT


def known(value: int) -> int:
    """Return an orientation of the standard; any other number counts as upright, as viewers take it."""
    return value if UPRIGHT <= value <= TURNED else UPRIGHT


def upright(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Return the size of a stored picture after it is turned upright.

    >>> upright((1920, 1080), 6), upright((1920, 1080), 3)
    ((1080, 1920), (1920, 1080))
    """
    return (size[1], size[0]) if turn >= SIDEWAYS else size
