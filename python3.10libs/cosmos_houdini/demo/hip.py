"""Writes a small scene of our own in Houdini's file form: a camera with keys and a render node.

Only the demonstration writes scenes; the package never changes the scenes of artists.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.model.scene import Vector
from cosmos_houdini.model.text_enum import TextEnum
from cosmos_houdini.whole_file import write_whole

VERSION = "20.5.332"
"""The Houdini version whose file form this module writes."""

_CPIO_HEADER = (
    "070707{dev:06o}{ino:06o}{mode:06o}{uid:06o}{gid:06o}{links:06o}{rdev:06o}{mtime:011o}{name:06o}{size:011o}"
)


class Interpolation(TextEnum):
    """The interpolation of a channel between its keys, as Houdini spells it."""

    BEZIER = "bezier"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraKey:
    """The position of the camera at one frame; ``rotate`` is in degrees about x, y and z."""

    frame: int
    translate: Vector
    rotate: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCamera:
    """The object ``/obj/cam1``; its keys are in the order of their frames."""

    keys: Sequence[CameraKey]
    interpolation: Interpolation
    resolution: tuple[int, int]
    focal_mm: float
    aperture_mm: float
    near: float
    far: float


def write_scene(
    path: Path,
    *,
    fps: float,
    frames: tuple[int, int],
    camera: DemoCamera,
    rop: str,
    picture: str,
) -> None:
    """Write a commercial-form ``.hip`` with a camera and a Mantra node; it appears under its name only when complete.

    Args:
        path: path of the file, in an existing folder.
        fps: frames a second.
        frames: global and playback range, including both ends.
        camera: the object ``/obj/cam1``.
        rop: path of the render node below ``/out``, for example ``/out/mantra1``.
        picture: picture path of the render node, with Houdini's variables.
    """
    entries = _entries(path.resolve(), fps=fps, frames=frames, camera=camera, rop=rop, picture=picture)
    saved_s = int(time.time())
    write_whole(path, b"".join(_cpio(name, text.encode(), saved_s) for name, text in entries.items()))


def _cpio(name: str, body: bytes, saved_s: int) -> bytes:
    """Return one entry of a portable ASCII cpio archive."""
    encoded = name.encode() + b"\0"
    header = _CPIO_HEADER.format(
        dev=1, ino=0, mode=0o666, uid=0, gid=0, links=1, rdev=0, mtime=saved_s, name=len(encoded), size=len(body)
    )
    return header.encode() + encoded + body


def _entries(
    path: Path, *, fps: float, frames: tuple[int, int], camera: DemoCamera, rop: str, picture: str
) -> dict[str, str]:
    node = rop.removeprefix("/")
    return {
        ".start": _start(fps, frames),
        ".variables": _variables(path),
        "obj/cam1.init": "type = cam\nmatchesdef = 0\n",
        "obj/cam1.def": _DEFINITION,
        "obj/cam1.parm": _parms(_camera_parms(camera)),
        "obj/cam1.chn": _channels(camera, fps),
        f"{node}.init": "type = ifd\nmatchesdef = 0\n",
        f"{node}.def": _DEFINITION,
        f"{node}.parm": _parms(
            {
                "trange": ["normal"],
                "f": [_text(frames[0]), _text(frames[1]), "1"],
                "camera": ["/obj/cam1"],
                "vm_picture": [_quoted(picture)],
            }
        ),
        ".cwd": "/\n",
        "TRAILER!!!": "",
    }


_DEFINITION = """comment ""
position 0 0
flags =  lock off model off template off footprint off xray off bypass off display on render off
inputs
{
}
exprlanguage hscript
end
"""


def _start(fps: float, frames: tuple[int, int]) -> str:
    first, last = frames
    return (
        "fplayback -i on -r on -f 1 -e on -h on -t on -a on -k on -s 1\n"
        f"tcur {_text((first - 1) / fps)}\n"
        f"fps {_text(fps)}\n"
        f"tset {_text((first - 1) / fps)} {_text(last / fps)}\n"
        f"frange {first} {last}\n"
        "unitlength 1\n"
        "unitmass 1\n"
        "prompt '> '\n"
    )


def _variables(path: Path) -> str:
    values = {
        "ACTIVETAKE": "Main",
        "HIP": path.parent.as_posix(),
        "HIPFILE": path.as_posix(),
        "HIPNAME": path.stem,
        "JOB": path.parent.as_posix(),
        "_HIP_SAVETIME": time.asctime(),
        "_HIP_SAVEVERSION": VERSION,
    }
    return "".join(f"set -g {name} = '{_hscript(value)}'\n" for name, value in values.items())


def _hscript(value: str) -> str:
    return value.replace("'", "\\'")


def _camera_parms(camera: DemoCamera) -> dict[str, list[str]]:
    first = camera.keys[0]
    return {
        "xOrd": ['"srt"'],
        "rOrd": ['"xyz"'],
        "t": [f"[ t{axis}\t{_text(value)} ] " for axis, value in zip("xyz", first.translate, strict=True)],
        "r": [f"[ r{axis}\t{_text(value)} ] " for axis, value in zip("xyz", first.rotate, strict=True)],
        "s": ["1", "1", "1"],
        "p": ["0", "0", "0"],
        "pr": ["0", "0", "0"],
        "scale": ["1"],
        "lookatpath": ['""'],
        "res": [_text(size) for size in camera.resolution],
        "aspect": ["1"],
        "projection": ['"perspective"'],
        "focal": [_text(camera.focal_mm)],
        "focalunits": ["mm"],
        "aperture": [_text(camera.aperture_mm)],
        "near": [_text(camera.near)],
        "far": [_text(camera.far)],
    }


def _parms(values: dict[str, list[str]]) -> str:
    lines = "".join(
        f"{name}\t[ 0\tlocks=0 ]\t(\t{''.join(f'{text}	' for text in texts)})\n" for name, texts in values.items()
    )
    return f"{{\nversion 0.8\n{lines}}}\n"


def _channels(camera: DemoCamera, fps: float) -> str:
    times_s = [(key.frame - 1) / fps for key in camera.keys]
    blocks = [
        _channel(
            f"{parm}{axis}", times_s, [getattr(key, attribute)[index] for key in camera.keys], camera.interpolation
        )
        for parm, attribute in (("t", "translate"), ("r", "rotate"))
        for index, axis in enumerate("xyz")
    ]
    return f"{{\n{''.join(blocks)}  }}\n"


def _channel(name: str, times_s: list[float], values: list[float], interpolation: Interpolation) -> str:
    """Return a channel; a Bezier curve is level at both ends and smooth at the keys between."""
    slopes = [0.0] * len(values)
    if interpolation is Interpolation.BEZIER:
        for i in range(1, len(values) - 1):
            slopes[i] = (values[i + 1] - values[i - 1]) / (times_s[i + 1] - times_s[i - 1])
    segments = []
    for i, value in enumerate(values):
        after = min(i + 1, len(values) - 1)
        length_s = times_s[after] - times_s[i]
        accels = [length_s / 3 * math.hypot(1, slope) for slope in (slopes[i], slopes[after])]
        segments.append(
            f"      segment {{ length = {_text(length_s)} value = {_text(value)} {_text(values[after])} "
            f"slope = {_text(slopes[i])} {_text(slopes[after])} accel = {_text(accels[0])} {_text(accels[1])} "
            f"expr = {interpolation.value}() }}\n"
        )
    start = f"      start = {_text(times_s[0])}\n" if times_s[0] else ""
    return (
        f"    channel {name} {{\n      lefttype = extend\n      righttype = extend\n      flags = 0\n"
        f"{start}{''.join(segments)}    }}\n"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(number: float) -> str:
    """Return a number as text that reads back as the same number."""
    return repr(int(number)) if float(number).is_integer() else repr(float(number))
