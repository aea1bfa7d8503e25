"""Whether a camera circles around a point that it looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cosmos_houdini.facts.series import follow
from cosmos_houdini.facts.vectors import cross, dot, solve, subtract
from cosmos_houdini.model.scene import Vector

_LEAST_DEG = 8.0
# The view may miss the centre by this share of the distance.
_MISS = 0.1
# The distance may leave a straight line over time by this share of what it would on a straight path.
_BEND = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Orbit:
    """A way around a point.

    Attributes:
        center: the point, in scene units.
        angle_deg: how far the camera goes around it, above 0.
        axis: unit vector about which the camera turns counter-clockwise.
        radius: mean distance.
        approach: distance at the first frame less that at the last.
    """

    center: Vector
    angle_deg: float
    axis: Vector
    radius: float
    approach: float


def find_orbit(positions: Sequence[Vector], views: Sequence[Vector], fps: float, shake: float) -> Orbit | None:
    """Return the orbit of a way, or None if it is none.

    Args:
        positions: smooth positions, one a frame.
        views: unit vectors of the view, one a frame.
        fps: frames a second.
        shake: how far the camera shakes around its way, in scene units.
    """
    center = _meeting_point(positions, views)
    if center is None:
        return None
    arms = [subtract(position, center) for position in positions]
    distances = [math.sqrt(dot(arm, arm)) for arm in arms]
    radius = sum(distances) / len(distances)
    if min(distances) <= 0 or not _faces(arms, views, radius):
        return None
    axis = _axis(arms)
    if axis is None:
        return None
    angle = abs(follow(_angles(arms, axis), fps).amount)
    along = follow(distances, fps)
    bend = radius * (1 - math.cos(math.radians(min(angle, 180.0) / 2)))
    if angle < _LEAST_DEG or along.sway > max(_BEND * bend, shake):
        return None
    return Orbit(center=center, angle_deg=angle, axis=axis, radius=radius, approach=-along.amount)


def _meeting_point(positions: Sequence[Vector], views: Sequence[Vector]) -> Vector | None:
    """Return the point nearest to all lines of view, in the sense of least squares."""
    rows = [[0.0] * 3 for _ in range(3)]
    right = [0.0] * 3
    for position, view in zip(positions, views, strict=True):
        for i in range(3):
            across = [(i == j) - view[i] * view[j] for j in range(3)]
            rows[i] = [total + value for total, value in zip(rows[i], across, strict=True)]
            right[i] += sum(value * number for value, number in zip(across, position, strict=True))
    (a, b, c), (d, e, f), (g, h, k) = rows
    return solve(((a, b, c), (d, e, f), (g, h, k)), (right[0], right[1], right[2]))


def _faces(arms: Sequence[Vector], views: Sequence[Vector], radius: float) -> bool:
    """Whether every view points at the centre."""
    for arm, view in zip(arms, views, strict=True):
        depth = -dot(arm, view)
        miss = math.sqrt(max(0.0, dot(arm, arm) - depth * depth))
        if depth <= 0 or miss > _MISS * radius:
            return False
    return True


def _axis(arms: Sequence[Vector]) -> Vector | None:
    """Return the axis about which the arms turn; None if they turn about none."""
    total = (0.0, 0.0, 0.0)
    # Neighbours may coincide; a tenth of the way apart, they say more.
    apart = max(1, len(arms) // 10)
    for before, after in zip(arms, arms[apart:], strict=False):
        turn = cross(before, after)
        total = (total[0] + turn[0], total[1] + turn[1], total[2] + turn[2])
    length = math.sqrt(dot(total, total))
    return None if length == 0 else (total[0] / length, total[1] / length, total[2] / length)


def _angles(arms: Sequence[Vector], axis: Vector) -> list[float]:
    """Return the angle of every arm about the axis in degrees, without jumps."""
    start = cross(cross(axis, arms[0]), axis)
    side = cross(axis, start)
    angles = [0.0]
    for arm in arms[1:]:
        angle = math.degrees(math.atan2(dot(arm, side), dot(arm, start)))
        angles.append(unwrap(angle, angles[-1]))
    return angles


def unwrap(angle_deg: float, before_deg: float) -> float:
    """Return an angle plus the whole turns that bring it next to the one before.

    >>> unwrap(-179.0, 179.0)
    181.0
    """
    return angle_deg + 360.0 * round((before_deg - angle_deg) / 360.0)
