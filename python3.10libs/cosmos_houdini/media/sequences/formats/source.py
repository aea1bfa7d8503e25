"""A picture file that is read at offsets; a read past the end raises Damaged."""

from __future__ import annotations

from io import FileIO

# The pictures of a shot are far smaller; a sparse or mistaken file of this size must not be read into memory.
LARGEST = 1 << 31


class Damaged(Exception):
    """A file cannot be used; the text says why, for an artist, without the file's name."""


def cut_off(size: int, needed: int) -> Damaged:
    """Return the error for a file that is shorter than its contents need.

    >>> str(cut_off(1200, 4096))
    'ends after 1200 of at least 4096 bytes: the render was cut off while writing'
    """
    return Damaged(f"ends after {size} of at least {needed} bytes: the render was cut off while writing")


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
