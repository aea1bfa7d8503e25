"""Reports problems that are visible at a glance, as sentences with the evidence; these checks stop no conversion.

Each check looks at the frames one by one and keeps a few numbers of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.controls.depth import Disparity
from cosmos_houdini.media.controls.sky import without_farthest
from cosmos_houdini.model.control import Pass

Frame = NDArray[Any]

BLACK_LEVEL = 1 / 255
FLAT_EXTENT = 1e-3
CLIPPED_SHARE = 0.2
# Depth seems upside down if its upper third is nearer on average by this share of the picture's range.
UPSIDE_DOWN = 0.1
MOST_COLORS = 1000
# Linear light that is shown as sRGB has two signs: half of the picture is nearly black, and some parts are bright.
DARK_MEDIAN, BRIGHT_PART = 0.08, 0.5


class EmptyFrames:
    """Finds frames that are black or hold NaN."""

    def __init__(self, pass_: Pass) -> None:
        self._pass = pass_
        self._black: list[int] = []
        self._nan: list[int] = []
        self._count = 0

    def add(self, number: int, frame: Frame) -> None:
        """Check one frame of the pass; ``number`` is its frame number, and its values have the type of its file."""
        self._count += 1
        if frame.dtype.kind == "f" and np.isnan(frame).any():
            self._nan.append(number)
        if np.nan_to_num(_share_of_range(frame)).max(initial=0) <= BLACK_LEVEL:
            self._black.append(number)

    def sentences(self) -> list[str]:
        """Return a sentence for each problem."""
        found = []
        if self._black:
            found.append(f"the {self._pass} pass is black in {frame_words(self._black, self._count)}")
        if self._nan:
            found.append(f"the {self._pass} pass holds NaN in {frame_words(self._nan, self._count)}")
        return found


class DepthShape:
    """Finds depth that is constant, clipped or upside down."""

    def __init__(self) -> None:
        self._count = 0
        self._flat: list[int] = []
        self._clipped: list[int] = []
        self._thirds: list[tuple[float, float]] = []

    def add(self, number: int, disparity: Disparity) -> None:
        """Check one frame of disparity; ``number`` is its frame number."""
        self._count += 1
        disparity = without_farthest(disparity)
        valid = disparity[disparity > 0]
        if not valid.size:
            return
        low, high = float(valid.min()), float(valid.max())
        if high - low <= FLAT_EXTENT * high:
            self._flat.append(number)
            return
        if max(np.mean(valid == high), np.mean(valid == low)) >= CLIPPED_SHARE:
            self._clipped.append(number)
        third = len(disparity) // 3
        upper, lower = float(disparity[:third].mean()), float(disparity[-third:].mean())
        self._thirds.append((upper / high, lower / high))

    def sentences(self, *, polarity: bool = True) -> list[str]:
        """Return a sentence for each problem; without ``polarity``, none about depth that is upside down."""
        found = []
        if self._flat:
            found.append(f"the depth pass is constant in {frame_words(self._flat, self._count)}")
        if self._clipped:
            found.append(
                f"the depth pass is clipped in {frame_words(self._clipped, self._count)}: "
                f"at least {CLIPPED_SHARE:.0%} of its pixels share the nearest or the farthest value "
                "(a wall that faces the camera does so too)"
            )
        upper, lower = np.mean(self._thirds, axis=0) if self._thirds else (0.0, 0.0)
        if polarity and upper - lower > UPSIDE_DOWN:
            found.append(
                "the depth pass seems upside down: its upper third is nearer than its lower third "
                f"({upper:.2f} and {lower:.2f} of the nearest on average); if so, --depth-kind near-dark inverts it"
            )
        return found


def many_objects(number: int, count: int, colors: int) -> str | None:
    """Return a warning if a segmentation frame shows more objects than a show has colours, else None."""
    if count <= colors:
        return None
    return (
        f"the seg pass has {count} objects in frame {number}, and there are {colors} colours for a whole show: "
        "--objects names those of a Cryptomatte that matter"
    )


def many_colors(number: int, codes: NDArray[np.int64]) -> str | None:
    """Return a warning if a segmentation frame has more codes than a shot has objects, else None."""
    flat = codes.ravel()
    count = len(np.unique(flat[np.concatenate(([True], flat[1:] != flat[:-1]))]))
    if count <= MOST_COLORS:
        return None
    return (
        f"the seg pass has {count} different values in frame {number}: it is antialiased, shaded or compressed; "
        "each area is given to its nearest object"
    )


def linear_as_srgb(frames: Iterable[Frame]) -> str | None:
    """Return a warning if pictures that count as sRGB seem to hold linear light, else None.

    Args:
        frames: some frames of the shot, height x width x 3 or more: integers, or floats in which white is 1.
    """
    brightest, medians, highs = 0.0, [], []
    for frame in frames:
        shares = np.nan_to_num(_share_of_range(frame[..., :3]).max(axis=-1), posinf=0)
        brightest = max(brightest, float(shares.max(initial=0)))
        medians.append(float(np.median(shares)))
        highs.append(float(np.percentile(shares, 99)))
    if brightest > 1 + BLACK_LEVEL:
        return f"the color pass counts as sRGB and reaches {brightest:.3g} where white is 1: it seems to be linear"
    if medians and max(medians) < DARK_MEDIAN and max(highs) > BRIGHT_PART:
        return (
            f"the color pass counts as sRGB and half of it lies below {max(medians):.3f} although it reaches "
            f"{max(highs):.2f}: it seems to be linear"
        )
    return None


def frame_words(numbers: list[int], count: int) -> str:
    """Return frame numbers in words: runs as ``3-7``, or a phrase for all frames.

    >>> frame_words([1, 2, 3, 7], 10)
    'frames 1-3, 7'
    >>> frame_words([4], 10), frame_words([4, 5], 2)
    ('frame 4', 'all 2 frames that were looked at')
    """
    if len(numbers) == count > 1:
        return f"all {count} frames that were looked at"
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return f"frame {words}" if len(numbers) == 1 else f"frames {words}"


def _share_of_range(frame: Frame) -> NDArray[np.float32]:
    scale = np.iinfo(frame.dtype).max if frame.dtype.kind in "ui" else 1
    return frame.astype(np.float32) / np.float32(scale)
