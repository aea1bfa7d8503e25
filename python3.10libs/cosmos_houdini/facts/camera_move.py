"""The move of a camera, in the words of cinematography, from its way through the shot.

Pan and tilt turn the camera on the spot. Dolly, truck and crane carry it along its view, across it and upwards. An
orbit goes around a point in view. A zoom changes the focal length. A shake without a way is handheld. Source of words:
https://en.wikipedia.org/wiki/Cinematic_techniques#Movement_and_expression
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.facts.orbit import Orbit, find_orbit, unwrap
from cosmos_houdini.facts.series import Course, follow
from cosmos_houdini.facts.vectors import cross, dot, subtract
from cosmos_houdini.model.contents import CameraPath, Pose
from cosmos_houdini.model.scene import Vector

_LEAST_DEG = 0.75
_LEAST_UNITS = 0.02
_LEAST_ZOOM = 1.03
_SHAKE_DEG = 0.08
_SHAKE_UNITS = 0.01
# A move is larger by this factor than what sways around it.
_ABOVE_REST = 4.0
# A part of a way counts from this share of the whole on; along the view alone from the second share on.
_PART = 0.25
_ALL_ALONG = 0.95
_APPROACH = 0.1
_STEEP = 0.9
# By what each amount is divided, so that moves can be put in order by how much of the picture they change.
_MEASURES = {"degrees": 40.0, "units": 5.0}
_ORBIT_FACTOR = 2.0

_ANGLES = (
    (-60.0, "top-down view"),
    (-12.0, "high angle"),
    (12.0, "level angle"),
    (60.0, "low angle"),
    (math.inf, "view straight up"),
)

_VERBS = {
    "pan": ("pans right", "pans left"),
    "tilt": ("tilts up", "tilts down"),
    "roll": ("rolls clockwise", "rolls counter-clockwise"),
    "dolly": ("dollies in", "dollies out"),
    "truck": ("trucks right", "trucks left"),
    "crane": ("cranes up", "cranes down"),
    "orbit": ("orbits to the right", "orbits to the left"),
    "zoom": ("zooms in", "zooms out"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move.

    Attributes:
        word: ``pan``, ``tilt``, ``roll``, ``dolly``, ``truck``, ``crane``, ``orbit``, ``zoom`` or ``handheld``.
        direction: the verb with its direction, as in ``pans right``; empty for handheld.
        amount: how far, above 0. Of a zoom, the last focal length divided by the first; of handheld, the root of the
            mean square of the shake.
        unit: ``degrees``, ``units`` (of the scene) or ``times``.
        comes_back: whether it ends near its start; the amount is then its reach.
    """

    word: str
    direction: str
    amount: float
    unit: str
    comes_back: bool = False

    @property
    def sentence(self) -> str:
        """The move in words, as in ``pans right by 30 degrees``."""
        if self.word == "handheld":
            return f"is handheld, with a shake of {self.amount:.2g} {self.unit}"
        amount = f"{self.amount:.3g} {'times' if self.unit == 'times' else self.unit}"
        return f"{self.direction} by {amount}{' and back' if self.comes_back else ''}"

    def document(self) -> dict[str, Any]:
        """Return the move as ``scene --facts --json`` prints it."""
        return {
            "word": self.word,
            "direction": self.direction,
            "amount": float(f"{self.amount:.4g}"),
            "unit": self.unit,
            "comes_back": self.comes_back,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMove:
    """The moves of a camera in a shot; no moves mean that it stands still."""

    moves: tuple[Move, ...]

    @property
    def word(self) -> str:
        """The main move; ``static`` without one, ``dolly zoom`` where a dolly and a zoom undo each other."""
        if not self.moves:
            return "static"
        ways = {move.direction for move in self.moves}
        against = ({"dollies in", "zooms out"}, {"dollies out", "zooms in"})
        return "dolly zoom" if any(pair <= ways for pair in against) else self.moves[0].word

    @property
    def sentence(self) -> str:
        """All moves in one sentence."""
        if not self.moves:
            return "the camera is static"
        return f"the camera {', '.join(move.sentence for move in self.moves)}"

    def document(self) -> dict[str, Any]:
        """Return the move as ``scene --facts --json`` prints it."""
        return {"word": self.word, "sentence": self.sentence, "moves": [move.document() for move in self.moves]}


def describe_move(path: CameraPath, fps: float) -> CameraMove | None:
    """Return what a camera does; None where its way is not known.

    Args:
        path: the way of the camera, at evenly spaced frames.
        fps: frames a second of the scene.
    """
    if not path.poses:
        return None
    rate = fps / max(1.0, path.poses[1].frame - path.poses[0].frame) if len(path.poses) > 1 else fps
    turns = _turns(path.poses, rate)
    way = _Way(path.poses, rate)
    orbit = find_orbit(way.positions, [_view(pose) for pose in path.poses], rate, way.shake)
    found = list(_orbit_moves(orbit, way) if orbit else _plain_moves(turns, way))
    found += _zoom(path.poses, rate)
    found.sort(key=_weight, reverse=True)
    return CameraMove(moves=(*found, *_shake(turns, way, has_moves=bool(found))))


def describe_angle(path: CameraPath) -> str | None:
    """Return the camera's angle in words, by its mean tilt; None where its way is not known.

    The words are those of https://en.wikipedia.org/wiki/Camera_angle.
    """
    if not path.poses:
        return None
    tilts = [math.degrees(math.asin(max(-1.0, min(1.0, _view(pose)[1])))) for pose in path.poses]
    tilt = sum(tilts) / len(tilts)
    return next(words for limit, words in _ANGLES if tilt < limit)


class _Way:
    """The way of a camera, and its parts along the view, across it and upwards."""

    def __init__(self, poses: Sequence[Pose], rate: float) -> None:
        axes = [follow([pose.position[axis] for pose in poses], rate) for axis in range(3)]
        self.shake = math.hypot(*(axis.shake for axis in axes))
        self.sway = math.hypot(*(axis.sway for axis in axes))
        self._rest = math.hypot(*(axis.rest for axis in axes))
        xs, ys, zs = (axis.smooth for axis in axes)
        self.positions: list[Vector] = list(zip(xs, ys, zs, strict=True))
        steps = [subtract(after, before) for before, after in zip(self.positions, self.positions[1:], strict=False)]
        self.along = self._course(steps, [_view(pose) for pose in poses], rate)
        self.forward = self._course(steps, [_heading(pose) for pose in poses], rate)
        self.across = self._course(steps, [_side(pose) for pose in poses], rate)
        self.upward = self._course(steps, [(0.0, 1.0, 0.0)] * len(poses), rate)

    @staticmethod
    def _course(steps: Sequence[Vector], directions: Sequence[Vector], rate: float) -> Course:
        reached = [0.0]
        for step, direction in zip(steps, directions, strict=False):
            reached.append(reached[-1] + dot(step, direction))
        return follow(reached, rate)

    @property
    def least(self) -> float:
        """The least distance that counts as a move."""
        return max(_LEAST_UNITS, _ABOVE_REST * self._rest)


def _turns(poses: Sequence[Pose], rate: float) -> dict[str, Course]:
    """Return pan, tilt and roll over time, in degrees."""
    pans: list[float] = []
    tilts, rolls = [], []
    for pose in poses:
        heading, view = _heading(pose), _view(pose)
        pan = math.degrees(math.atan2(heading[0], -heading[2]))
        pans.append(unwrap(pan, pans[-1]) if pans else pan)
        tilts.append(math.degrees(math.asin(max(-1.0, min(1.0, view[1])))))
        rolls.append(math.degrees(math.atan2(dot(pose.up, _side(pose)), dot(pose.right, _side(pose)))))
    return {"pan": follow(pans, rate), "tilt": follow(tilts, rate), "roll": follow(rolls, rate)}


def _view(pose: Pose) -> Vector:
    x, y, z = cross(pose.right, pose.up)
    return (-x, -y, -z)


def _heading(pose: Pose) -> Vector:
    """Return the horizontal direction of the view; of one straight down or up, that of the picture's upper edge."""
    view = _view(pose)
    x, _, z = view if abs(view[1]) < _STEEP else (value * -math.copysign(1.0, view[1]) for value in pose.up)
    length = math.hypot(x, z) or 1.0
    return (x / length, 0.0, z / length)


def _side(pose: Pose) -> Vector:
    """Return the horizontal direction to the right of the heading."""
    x, _, z = _heading(pose)
    return (-z, 0.0, x)


def _move(word: str, course: Course, unit: str) -> Move:
    amount = course.amount
    return Move(
        word=word,
        direction=_VERBS[word][amount < 0],
        amount=abs(amount),
        unit=unit,
        comes_back=course.comes_back,
    )


def _plain_moves(turns: dict[str, Course], way: _Way) -> Iterator[Move]:
    for word, course in turns.items():
        if abs(course.amount) > max(_LEAST_DEG, _ABOVE_REST * course.rest):
            yield _move(word, course, "degrees")
    whole = math.hypot(way.forward.amount, way.across.amount, way.upward.amount)
    if abs(way.along.amount) >= max(_ALL_ALONG * whole, way.least):
        yield _move("dolly", way.along, "units")
        return
    for word, course in (("dolly", way.forward), ("truck", way.across), ("crane", way.upward)):
        if abs(course.amount) > max(way.least, _PART * whole):
            yield _move(word, course, "units")


def _orbit_moves(orbit: Orbit, way: _Way) -> Iterator[Move]:
    """Yield the orbit, and the ways that it leaves open: nearer to the centre, or upwards along its axis."""
    to_right = way.across.amount > 0
    yield Move(
        word="orbit", direction=_VERBS["orbit"][not to_right], amount=orbit.angle_deg, unit="degrees", comes_back=False
    )
    if abs(orbit.approach) > _APPROACH * orbit.radius:
        yield Move(
            word="dolly", direction=_VERBS["dolly"][orbit.approach < 0], amount=abs(orbit.approach), unit="units"
        )
    if abs(way.upward.amount) > max(way.least, _PART * orbit.radius):
        yield _move("crane", way.upward, "units")


def _zoom(poses: Sequence[Pose], rate: float) -> Iterator[Move]:
    focal = [pose.focal_mm for pose in poses if pose.focal_mm is not None and pose.focal_mm > 0]
    if len(focal) != len(poses):
        return
    course = follow([math.log(value) for value in focal], rate)
    if abs(course.amount) > max(math.log(_LEAST_ZOOM), _ABOVE_REST * course.rest):
        yield Move(
            word="zoom",
            direction=_VERBS["zoom"][course.amount < 0],
            amount=math.exp(course.amount),
            unit="times",
            comes_back=course.comes_back,
        )


def _shake(turns: dict[str, Course], way: _Way, *, has_moves: bool) -> Iterator[Move]:
    """Yield the shake around the way; all that moves is shake where there is no way."""
    pan, tilt = turns["pan"], turns["tilt"]
    degrees = math.hypot(pan.shake, tilt.shake) if has_moves else math.hypot(pan.sway, tilt.sway)
    units = way.shake if has_moves else way.sway
    if degrees > _SHAKE_DEG:
        yield Move(word="handheld", direction="", amount=degrees, unit="degrees")
    elif units > _SHAKE_UNITS:
        yield Move(word="handheld", direction="", amount=units, unit="units")


def _weight(move: Move) -> float:
    """Return how much of the picture a move changes, as seen by something five units away."""
    if move.unit == "times":
        return abs(math.log(move.amount)) * _ORBIT_FACTOR
    return move.amount / _MEASURES[move.unit] * (_ORBIT_FACTOR if move.word == "orbit" else 1.0)
