"""Tells sky in a depth pass, where no object is: renderers write all kinds of numbers there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.control_settings import FAR

Values = NDArray[Any]

# Half floats end at 65504, and whole numbers of 16 bits at 65535. Renderers leave them, and no object is at these.
NO_DISTANCES = (65504.0, 65535.0)
# Some programs write this where nothing is. A camera that looks down its -Z sees nothing as near on average.
_NOTHING = -1.0
# Where some other number stands for sky, at least this share of the pixels has it exactly, all others are nearer by
# this factor, and at most this share is between them: the filtered edges of objects.
_LEAST_SHARE, FACTOR, _MOST_BETWEEN = 0.01, 10.0, 0.005


def is_negative(z: Values, *, far: float = FAR) -> bool:
    """Return whether most objects have a negative distance; numbers that stand for sky are no distances."""
    with np.errstate(invalid="ignore"):
        negative = (z < 0) & (z > -far) & (z != np.float32(_NOTHING))
        return int(np.count_nonzero(negative)) > int(np.count_nonzero((z > 0) & (z < far)))


def is_object(z: Values, *, far: float = FAR) -> NDArray[np.bool_]:
    """Return where camera Z or ray distance, with the sign of depth, may be that of an object."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = (z > 0) & (z < far)
        for number in NO_DISTANCES:
            found &= z != np.float32(number)
    return found


def is_share(plane: Values) -> NDArray[np.bool_]:
    """Return where normalised depth is a share of its range."""
    if plane.dtype.kind in "ui":
        return np.ones(plane.shape, np.bool_)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = np.isfinite(plane) & (plane >= 0) & (plane < NO_DISTANCES[0])
    return found


def is_farthest(*, lowest: int, between: int, total: int) -> bool:
    """Return whether the least disparity of a shot is no object's, but that of a number that stands for sky.

    Args:
        lowest: pixels with exactly the least disparity.
        between: other pixels with less than ``FACTOR`` times this disparity.
        total: all pixels with a disparity.
    """
    return _LEAST_SHARE * total <= lowest < total and between <= _MOST_BETWEEN * total


def without_farthest(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the disparity of one frame with 0 where the farthest number stands for sky."""
    valid = disparity[disparity > 0]
    if not valid.size:
        return disparity
    low = valid.min()
    lowest = int(np.count_nonzero(valid == low))
    between = int(np.count_nonzero(valid < low * FACTOR)) - lowest
    if not is_farthest(lowest=lowest, between=between, total=valid.size):
        return disparity
    return np.where(disparity > low, disparity, np.float32(0))


def is_zero_sky(frames: Iterable[Values]) -> bool:
    """Return whether 0 stands for sky in normalised depth: many pixels have it, and they lie above the objects.

    The same number may be that of the nearest objects, where a program has clipped them; these lie below.
    """
    zeros = [(frame == 0, (frame != 0) & is_share(frame)) for frame in map(first_channel, frames)]
    rows = [_mean_rows(zero, other) for zero, other in zeros if zero.mean() >= _LEAST_SHARE and other.any()]
    return bool(rows) and sum(above < below for above, below in rows) * 2 > len(rows)


def sky_words(frames: Iterable[Values], *, far: float = FAR) -> list[str]:
    """Return the numbers that stand for sky in some frames of camera Z or ray distance, as people write them."""
    found: set[str] = set()
    for frame in frames:
        # Half floats end below ``far``, which NumPy would warn about.
        plane = first_channel(frame).astype(np.float32, copy=False)
        sky = plane[~is_object(-plane if is_negative(plane, far=far) else plane, far=far)]
        values, counts = np.unique(sky, return_counts=True)
        # Noise behind the camera has many values, and each of them is rare.
        found |= {f"{value:.6g}" for value, count in zip(values, counts, strict=True) if count >= plane.size / 1000}
    return sorted(found)


def first_channel(frame: Values) -> Values:
    """Return height x width; of several channels, the first."""
    return frame[..., 0] if frame.ndim == 3 else frame  # noqa: PLR2004 - height, width, channels


def _mean_rows(zero: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[float, float]:
    return float(np.nonzero(zero)[0].mean()), float(np.nonzero(other)[0].mean())
