"""The transform of an object over time, from its parameters, as Houdini composes it.

Houdini multiplies row vectors from the left: a point goes through scale, rotation and translation in the order that
``xOrd`` spells, and its rotation through the axes in the order of ``rOrd``. Source:
https://www.sidefx.com/docs/houdini/hom/hou/Matrix4.html and .../hom/hou/hmath.html (buildTransform).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cosmos_houdini.model.scene import Channel, Vector
from cosmos_houdini.scene.curve import value_at
from cosmos_houdini.scene.nodes import Node
from cosmos_houdini.scene.timeline import Timeline
from cosmos_houdini.scene.values import Reading, displacing

Rows = tuple[Vector, Vector, Vector]
_UNIT: Rows = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_ZERO: Vector = (0.0, 0.0, 0.0)
_ORDERS = {"xOrd": "srt", "rOrd": "xyz"}
# Parameters that move an object in ways that only Houdini evaluates, with the values that do nothing.
_PLAIN = {
    "pr": ("0", "0", "0"),
    "lookatpath": ("",),
    "pathobjpath": ("",),
    "constraints_on": ("off",),
    "lookatenable": ("off",),
}


@dataclass(frozen=True, slots=True)
class Transform:
    """A linear map and a shift: a point ``x`` goes to ``x * rows + shift``."""

    rows: Rows = _UNIT
    shift: Vector = _ZERO

    def then(self, other: Transform) -> Transform:
        """Return this transform followed by another one."""
        first, second, third = (multiply(row, other.rows) for row in self.rows)
        x, y, z = multiply(self.shift, other.rows)
        a, b, c = other.shift
        return Transform((first, second, third), (x + a, y + b, z + c))


def multiply(vector: Vector, rows: Rows) -> Vector:
    """Return a row vector times a matrix."""
    (a, b, c), ((d, e, f), (g, h, i), (j, k, m)) = vector, rows
    return (a * d + b * g + c * j, a * e + b * h + c * k, a * f + b * i + c * m)


def rotation(degrees: Vector, order: str = "xyz") -> Rows:
    """Return the rotation about the axes in an order; angles in degrees.

    >>> [round(number) for number in rotation((0.0, 90.0, 0.0))[0]]
    [0, 0, -1]
    """
    rows = _UNIT
    for axis in order:
        sine, cosine = (f(math.radians(degrees["xyz".index(axis)])) for f in (math.sin, math.cos))
        turns: dict[str, Rows] = {
            "x": ((1.0, 0.0, 0.0), (0.0, cosine, sine), (0.0, -sine, cosine)),
            "y": ((cosine, 0.0, -sine), (0.0, 1.0, 0.0), (sine, 0.0, cosine)),
            "z": ((cosine, sine, 0.0), (-sine, cosine, 0.0), (0.0, 0.0, 1.0)),
        }
        first, second, third = (multiply(row, turns[axis]) for row in rows)
        rows = (first, second, third)
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """An object's transform relative to its parent, at any frame.

    Attributes:
        at: returns the transform at a frame.
        is_moving: whether it changes over time.
        unresolved: parameters whose effect only Houdini knows.
    """

    at: Callable[[float], Transform]
    is_moving: bool
    unresolved: tuple[str, ...]


def read_placement(node: Node, timeline: Timeline) -> Placement:
    """Return the placement of an object or of a camera of a stage."""
    reading = Reading(node=node, timeline=timeline)
    saved = {parm: reading.vector(parm) if parm in node.parms else None for parm in ("t", "r", "s", "p")}
    scale = reading.scalar("scale") if "scale" in node.parms else 1.0
    missing = [parm for parm in ("t", "r") if parm not in node.parms]
    orders = {parm: _word(node, parm, plain) for parm, plain in _ORDERS.items()}
    wrong = [parm for parm, plain in _ORDERS.items() if sorted(orders[parm]) != sorted(plain)]

    def at(frame: float) -> Transform:
        def vector(parm: str, default: Vector) -> Vector:
            return _at_frame(reading.channels, parm, saved[parm] or default, frame, timeline.fps)

        factor = value_at(channel, frame, timeline.fps) if (channel := reading.channels.get("scale")) else scale or 1.0
        return _compose(
            translate=vector("t", _ZERO),
            rows=rotation(vector("r", _ZERO), orders["rOrd"]),
            scale=_times(vector("s", (1.0, 1.0, 1.0)), factor),
            pivot=vector("p", _ZERO),
            order=orders["xOrd"],
        )

    return Placement(
        at=at,
        is_moving=bool(reading.channels),
        unresolved=(*missing, *dict.fromkeys(reading.unresolved), *wrong, *displacing(node, _PLAIN)),
    )


def _at_frame(channels: Mapping[str, Channel], parm: str, saved: Vector, frame: float, fps: float) -> Vector:
    x, y, z = (
        value_at(channels[f"{parm}{axis}"], frame, fps) if f"{parm}{axis}" in channels else value
        for axis, value in zip("xyz", saved, strict=True)
    )
    return (x, y, z)


def _times(vector: Vector, factor: float) -> Vector:
    return (vector[0] * factor, vector[1] * factor, vector[2] * factor)


def _compose(*, translate: Vector, rows: Rows, scale: Vector, pivot: Vector, order: str) -> Transform:
    """Return the steps in the order that ``order`` spells, about the pivot."""
    x, y, z = scale
    steps = {
        "s": Transform(rows=((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, z))),
        "r": Transform(rows=rows),
        "t": Transform(shift=translate),
    }
    whole = Transform(shift=_times(pivot, -1.0))
    for step in order:
        whole = whole.then(steps[step])
    return whole.then(Transform(shift=pivot))


def _word(node: Node, parm: str, default: str) -> str:
    values = node.parms.get(parm)
    return values[0].text if values else default
