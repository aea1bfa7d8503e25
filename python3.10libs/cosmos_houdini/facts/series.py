"""A number over time, parted into its course and the shake around it.

The course is a local line through the values of up to half a second (local regression of degree 1, Cleveland, JASA
74, 1979), which is exact for straight parts and does not pull the ends of a shot inwards. The shake is what a local
parabola leaves (Savitzky and Golay, Analytical Chemistry 36, 1964), so that a smooth start or stop is no shake.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WINDOW_S = 0.5
# A window is at most this share of the shot: a longer one would flatten how a short move starts and stops.
_WINDOW_SHARE = 1 / 6
# The median of the distances of a normal distribution, times this, is its root of the mean square.
_NORMAL = 1.4826
# A course that turns back more often than this is a sway, not a move.
_MOST_TURNS = 2
# A turn counts from this share of the whole range on.
_TURN = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A number over time.

    Attributes:
        smooth: its course, one value a frame.
        net: last value of the course less the first.
        reach: its largest value less the smallest.
        turns: how often the course turns back.
        sway: root of the mean square of the number around a straight line through all of it.
        rest: root of the mean square of what the course leaves, quick or slow.
        shake: root of the mean square of its quick changes; a few corners in the course do not count.
    """

    smooth: tuple[float, ...]
    net: float
    reach: float
    turns: int
    sway: float
    rest: float
    shake: float

    @property
    def amount(self) -> float:
        """How far it goes, with the sign of its first way: the net way, or the reach of one that comes back."""
        if self.turns > _MOST_TURNS:
            return 0.0
        if abs(self.net) >= self.reach / 2:
            return self.net
        return math.copysign(self.reach, self._first_way)

    @property
    def comes_back(self) -> bool:
        """Whether it ends nearer to its start than to its far end."""
        return abs(self.net) < self.reach / 2

    @property
    def _first_way(self) -> float:
        farthest = max(self.smooth, key=lambda value: abs(value - self.smooth[0]))
        return farthest - self.smooth[0]


def follow(values: Sequence[float], fps: float) -> Course:
    """Return the course of a number that is known at every frame.

    Args:
        values: at least one.
        fps: values a second, above 0.
    """
    half = max(1, round(min(WINDOW_S * fps, _WINDOW_SHARE * len(values)) / 2))
    smooth = _smooth(values, half)
    straight = _smooth(values, len(values))
    reach = max(smooth) - min(smooth)
    return Course(
        smooth=smooth,
        net=smooth[-1] - smooth[0],
        reach=reach,
        turns=_turns(smooth, reach * _TURN),
        sway=_root_mean_square(values, straight),
        rest=_root_mean_square(values, smooth),
        shake=_shake(values, max(2, round(min(WINDOW_S * fps, len(values) / 3) / 2))),
    )


def _smooth(values: Sequence[float], half: int) -> tuple[float, ...]:
    """Return the local line at every value; sums that are carried along make it one pass."""
    count = len(values)
    sums, ramps = [0.0], [0.0]
    for index, value in enumerate(values):
        sums.append(sums[-1] + value)
        ramps.append(ramps[-1] + index * value)
    smooth = []
    for index in range(count):
        low, high = max(0, index - half), min(count, index + half + 1)
        n, middle = high - low, (low + high - 1) / 2
        mean = (sums[high] - sums[low]) / n
        spread = n * (n * n - 1) / 12
        slope = ((ramps[high] - ramps[low]) - middle * (sums[high] - sums[low])) / spread if spread else 0.0
        smooth.append(mean + slope * (index - middle))
    return tuple(smooth)


def _shake(values: Sequence[float], half: int) -> float:
    """Return how far values are from the parabola through the values around them; 0 for a series too short for one."""
    near = range(-half, half + 1)
    count, squares, fourths = len(near), sum(k**2 for k in near), sum(k**4 for k in near)
    weights = [(fourths - squares * k * k) / (count * fourths - squares**2) for k in near]
    left = [
        values[i] - sum(weight * values[i + k] for weight, k in zip(weights, near, strict=True))
        for i in range(half, len(values) - half)
    ]
    if not left:
        return 0.0
    return min(math.sqrt(sum(value**2 for value in left) / len(left)), _NORMAL * median(map(abs, left)))


def _turns(smooth: Sequence[float], least: float) -> int:
    """Count the turns after each of which the course goes back by more than ``least``."""
    turns, way = 0, 0
    low = high = smooth[0]
    for value in smooth:
        if way >= 0:
            high = max(high, value)
        if way <= 0:
            low = min(low, value)
        if way >= 0 and high - value > least:
            turns, way, low = turns + (way > 0), -1, value
        elif way <= 0 and value - low > least:
            turns, way, high = turns + (way < 0), 1, value
    return turns


def _root_mean_square(values: Sequence[float], around: Sequence[float]) -> float:
    return math.sqrt(sum((value - base) ** 2 for value, base in zip(values, around, strict=True)) / len(values))
