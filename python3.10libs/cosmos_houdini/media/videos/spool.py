"""Frames on disk between the reading and the encoding of a shot, so that memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Spool:
    """Arrays of one shape and type, in the order in which they were added.

    Args:
        path: a file that does not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._shape: tuple[int, ...] = ()
        self._dtype: np.dtype[Any] = np.dtype(np.uint8)

    def add(self, array: Array) -> None:
        """Append one frame; its shape and type must be those of the first."""
        if not self.count:
            self._shape, self._dtype = array.shape, array.dtype
        with self.path.open("ab") as file:
            file.write(np.ascontiguousarray(array).data)
        self.count += 1

    def __iter__(self) -> Iterator[Array]:
        """Yield all frames, from the first on; several loops may read at the same time."""
        values = int(np.prod(self._shape))
        with self.path.open("rb") as file:
            for _ in range(self.count):
                yield np.fromfile(file, self._dtype, values).reshape(self._shape)

    def __getitem__(self, index: int) -> Array:
        """Return one frame."""
        values = int(np.prod(self._shape))
        offset = index * values * self._dtype.itemsize
        return np.fromfile(self.path, self._dtype, values, offset=offset).reshape(self._shape)
