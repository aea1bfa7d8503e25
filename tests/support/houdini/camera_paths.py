"""Scenes with cameras whose move is known, written key by key."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.houdini import hip_files

Values = Mapping[str, float]
"""Translation (tx, ty, tz), rotation in degrees (rx, ry, rz) and focal length at one moment."""

BASE: Values = {"tx": 3.0, "ty": 1.6, "tz": 12.0, "rx": -4.0, "ry": 25.0, "rz": 0.0, "focal": 50.0}
TRANSFORM: dict[str, Sequence[object]] = {
    "xOrd": ['"srt"'],
    "rOrd": ['"xyz"'],
    "t": [0, 0, 0],
    "r": [0, 0, 0],
    "s": [1, 1, 1],
    "p": [0, 0, 0],
    "scale": [1],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of move: how far it is, and the camera at a share of the way, 0 to 1, and a time in seconds."""

    word: str
    amount: float
    at: Callable[[float, float], Values]


def ease(share: float) -> float:
    return share * share * (3 - 2 * share)


def moved(**offsets: float) -> Values:
    return {name: value + offsets.get(name, 0.0) for name, value in BASE.items()}


def along(distance: float, right: float, up: float) -> Values:
    """Return the base moved along its view, to its right and upwards."""
    tilt, pan = math.radians(BASE["rx"]), math.radians(BASE["ry"])
    view = (-math.sin(pan) * math.cos(tilt), math.sin(tilt), -math.cos(pan) * math.cos(tilt))
    side = (math.cos(pan), 0.0, -math.sin(pan))
    x, y, z = (view[i] * distance + side[i] * right + (0.0, up, 0.0)[i] for i in range(3))
    return moved(tx=x, ty=y, tz=z)


def around(degrees: float) -> Values:
    angle = math.radians(degrees)
    radius, height = 8.0, 2.0
    return {
        **BASE,
        "tx": radius * math.sin(angle),
        "ty": height,
        "tz": radius * math.cos(angle),
        "rx": -math.degrees(math.atan2(height, radius)),
        "ry": degrees,
    }


def swaying(seconds: float) -> Values:
    turn = 2 * math.pi * seconds
    return moved(ry=0.9 * math.sin(turn * 1.5), rx=0.5 * math.sin(turn * 2.25 + 1))


KINDS = (
    Kind(word="static", amount=0.0, at=lambda _share, _time: BASE),
    Kind(word="pan", amount=35.0, at=lambda share, _time: moved(ry=-35.0 * ease(share))),
    Kind(word="tilt", amount=22.0, at=lambda share, _time: moved(rx=22.0 * ease(share))),
    Kind(word="dolly", amount=5.0, at=lambda share, _time: along(5.0 * ease(share), 0.0, 0.0)),
    Kind(word="truck", amount=4.0, at=lambda share, _time: along(0.0, -4.0 * ease(share), 0.0)),
    Kind(word="crane", amount=3.0, at=lambda share, _time: along(0.0, 0.0, 3.0 * ease(share))),
    Kind(word="orbit", amount=70.0, at=lambda share, _time: around(70.0 * ease(share))),
    Kind(word="zoom", amount=1.8, at=lambda share, _time: moved(focal=40.0 * ease(share))),
    Kind(word="handheld", amount=math.hypot(0.9, 0.5) / math.sqrt(2), at=lambda _share, time: swaying(time)),
)


def frames_of(kind: Kind, fps: int, seconds: float, *, noise: float = 0.0) -> list[Values]:
    """Return a move frame by frame, with normal noise of so many degrees, and tenths of it in units."""
    count = round(fps * seconds)
    dice = random.Random(f"{kind.word} {fps}")
    wide = {name: noise * (0.1 if name[0] == "t" else 1.0) for name in BASE} | {"focal": noise}
    return [
        {
            name: value + dice.gauss(0, 1) * wide[name]
            for name, value in kind.at(frame / (count - 1), frame / fps).items()
        }
        for frame in range(count)
    ]


def keys(values: Iterable[float], fps: int, every: int) -> str:
    """Return the segments of a channel that is linear between keys ``every`` frames apart, with the last frame."""
    told = list(values)
    at = sorted({*range(0, len(told), every), len(told) - 1})
    segments = [
        f"segment {{ length = {(after - before) / fps!r} value = {told[before]!r} {told[after]!r} expr = linear() }}"
        for before, after in itertools.pairwise(at)
    ]
    return "\n".join([*segments, f"segment {{ length = 0 value = {told[-1]!r} {told[-1]!r} expr = linear() }}"])


def keyed(
    path: str, type_: str, frames: list[Values], fps: int, *, every: int = 1, base: dict[str, Sequence[object]]
) -> list[tuple[hip_files.Body, hip_files.Body]]:
    """Return a node whose translation, rotation and focal length are keyed."""
    names = [name for name in frames[0] if name != "focal" or "focal" in base]
    chn = hip_files.channels(**{name: keys((frame[name] for frame in frames), fps, every) for name in names})
    driven: dict[str, Sequence[object]] = {
        parm: [(f"{parm}{axis}", frames[0][f"{parm}{axis}"]) for axis in "xyz"] for parm in "tr"
    }
    if "focal" in names:
        driven["focal"] = [("focal", frames[0]["focal"])]
    return hip_files.node(path, type_, {**base, **driven}, chn)


def start_of(fps: int, frames: int) -> str:
    return hip_files.START.replace("fps 24", f"fps {fps}").replace("tset 0 10", f"tset 0 {frames / fps!r}")


def write_keyed(folder: Path, frames: list[Values], fps: int, *, every: int = 1) -> Path:
    """Write a scene whose camera is keyed itself."""
    camera = keyed("obj/cam1", "cam", frames, fps, every=every, base=hip_files.CAM_PARMS)
    return hip_files.write_hip(folder, camera, start=start_of(fps, len(frames)))


def write_parented(folder: Path, frames: list[Values], fps: int) -> Path:
    """Write a scene whose camera is carried by a keyed null inside a turned, moved subnet; its lens is its own."""
    carried = [{name: value for name, value in frame.items() if name != "focal"} for frame in frames]
    lens = {name: 0.0 for name in BASE if name != "focal"}
    camera = keyed(
        "obj/rig/cam1",
        "cam",
        [{**lens, "focal": frame["focal"]} for frame in frames],
        fps,
        base={**hip_files.CAM_PARMS, "s": [1, 1, 1]},
    )
    camera[1] = (camera[1][0], hip_files.definition("dolly1"))
    return hip_files.write_hip(
        folder,
        hip_files.node("obj/rig", "subnet", {**TRANSFORM, "t": [7, 0, -2], "r": [0, 140, 0], "p": [1, 0, 1]}),
        keyed("obj/rig/dolly1", "null", carried, fps, base=TRANSFORM),
        camera,
        start=start_of(fps, len(frames)),
    )
