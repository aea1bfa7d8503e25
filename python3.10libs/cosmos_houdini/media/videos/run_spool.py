"""Segmentation on disk between the reading and the encoding of a shot, kept as runs of equal codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.videos.spool import Spool

Codes = NDArray[np.int64]
_START, _CODE = np.dtype(np.int32), np.dtype(np.int64)


class RunSpool(Spool):
    """Frames of int64 codes of one shape, each kept as the runs of equal codes in it.

    A frame of objects takes about a hundredth of its pixels. A frame without runs, such as noise, is kept as it is.

    Args:
        path: a file that does not exist yet.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # The offset of each frame in the file, and the number of its runs; no runs for a frame that is kept as it is.
        self._places: list[tuple[int, int]] = []
        self._end = 0

    def add(self, array: NDArray[Any]) -> None:
        """Append one frame; its shape must be that of the first."""
        if not self.count:
            self._shape, self._dtype = array.shape, _CODE
        flat = np.ascontiguousarray(array, _CODE).ravel()
        starts = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1]))).astype(_START)
        has_runs = len(starts) * (_START.itemsize + _CODE.itemsize) < flat.nbytes
        kept: list[NDArray[Any]] = [starts, flat[starts]] if has_runs else [flat]
        with self.path.open("ab") as file:
            for part in kept:
                file.write(part.data)
        self._places.append((self._end, len(starts) if has_runs else 0))
        self._end += sum(part.nbytes for part in kept)
        self.count += 1

    def __iter__(self) -> Iterator[Codes]:
        """Yield all frames, from the first on; several loops may read at the same time."""
        with self.path.open("rb") as file:
            for index in range(self.count):
                yield self._frame(file, index)

    def __getitem__(self, index: int) -> Codes:
        """Return one frame."""
        with self.path.open("rb") as file:
            return self._frame(file, index)

    def _frame(self, file: BinaryIO, index: int) -> Codes:
        offset, runs = self._places[index]
        file.seek(offset)
        pixels = int(np.prod(self._shape))
        if not runs:
            return np.fromfile(file, _CODE, pixels).reshape(self._shape)
        starts, codes = np.fromfile(file, _START, runs), np.fromfile(file, _CODE, runs)
        return np.repeat(codes, np.diff(starts, append=pixels)).reshape(self._shape)
