"""Chooses the frames of a sequence that checks look at."""

from __future__ import annotations

from collections.abc import Sequence as Series
from pathlib import Path

from cosmos_houdini.model.sequence import Frame, Sequence

_SAMPLES = 3


def usable(sequence: Sequence) -> list[Frame]:
    """Return the frames that are not corrupt and have the same form as the others."""
    left_out = {bad.frame for bad in sequence.corrupt} | set(sequence.mismatched)
    return [frame for frame in sequence.frames if frame.number not in left_out]


def some(frames: list[Frame]) -> list[Frame]:
    """Return three frames, evenly spread and starting with the first, or as many as there are."""
    count = min(_SAMPLES, len(frames))
    return [frames[len(frames) * n // count] for n in range(count)]


def smallest_file(files: Series[Path]) -> list[int]:
    """Return the index of the smallest file: it holds the fewest pixels if any lacks some. No files give no index."""
    sizes = [_file_bytes(file) for file in files]
    return [sizes.index(min(sizes))] if sizes else []


def _file_bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
