"""A picture file that is read at offsets; a read past the end raises Damaged."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from io import FileIO

# The pictures of a shot are far smaller; a sparse or mistaken file of this size must not be read into memory.
LARGEST = 1 << 30
MOST_PIXELS = 1 << 27
"""The most pixels of a picture: 134 million, as 16384x8192. A short header can ask for any amount of memory."""

_INFLATED_BYTES = 1 << 20


class Damaged(Exception):
    """A file cannot be used; the text says why, for an artist, without the file's name."""


def cut_off(size: int, needed: int) -> Damaged:
    """Return the error for a file that is shorter than its contents need.

    >>> str(cut_off(1200, 4096))
    'ends after 1200 of at least 4096 bytes: the render was cut off while writing'
    """
    return Damaged(f"ends after {size} of at least {needed} bytes: the render was cut off while writing")


def check_size(width: int, height: int) -> None:
    """Refuse a size that no picture has, or that is beyond MOST_PIXELS.

    Raises:
        Damaged: the size cannot be used.
    """
    if width <= 0 or height <= 0:
        raise Damaged(f"says that it is {width}x{height} pixels large")
    if width * height > MOST_PIXELS:
        raise Damaged(
            f"says that it is {width}x{height} pixels large, and pictures of at most {MOST_PIXELS // 10**6} million "
            "pixels are read"
        )


def check_stored(stored: int, needed: float) -> None:
    """Refuse fewer bytes of pixels than the size in the header needs at the least.

    Raises:
        Damaged: the pixels cannot fill the picture.
    """
    if stored < needed:
        raise Damaged(
            f"has {stored} bytes of pixels, where the size in its header needs at least {math.ceil(needed)}: "
            "header and pixels contradict each other"
        )


def inflated_bytes(blocks: Iterable[bytes], most: int) -> int:
    """Return to how many bytes the blocks of one zlib stream decompress; more than ``most`` as soon as they do.

    Raises:
        Damaged: the stream is damaged or does not end.
    """
    stream, found = zlib.decompressobj(), 0
    try:
        for block in blocks:
            rest = block
            while rest and found <= most and not stream.eof:
                found += len(stream.decompress(rest, _INFLATED_BYTES))
                rest = stream.unconsumed_tail
        found += len(stream.flush()) if found <= most else 0
    except zlib.error as error:
        raise Damaged(f"has pixels that cannot be decompressed ({error})") from error
    if found <= most and not stream.eof:
        raise Damaged(f"has pixels that end after {found} bytes: header and pixels contradict each other")
    return found


class Source:
    """An open file of known size.

    Args:
        file: the file, opened for unbuffered reading.
        size: its length in bytes.
    """

    __slots__ = ("_file", "size")

    def __init__(self, file: FileIO, size: int) -> None:
        self._file = file
        self.size = size

    def at(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes from ``offset`` on.

        Raises:
            Damaged: the file ends before that.
        """
        if offset + count > self.size:
            raise cut_off(self.size, offset + count)
        self._file.seek(offset)
        data = self._file.read(count)
        if len(data) != count:
            raise cut_off(offset + len(data), offset + count)
        return data

    def whole(self) -> bytes:
        """Return all bytes, for formats whose structure can only be followed from the start.

        Raises:
            Damaged: the file is larger than any picture.
        """
        if self.size > LARGEST:
            raise Damaged(f"is {self.size / 2**30:.0f} GiB large, which no picture of a shot is")
        self._file.seek(0)
        return self._file.readall()
