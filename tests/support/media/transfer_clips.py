"""Small videos for the tests of plan and engines, made once by FFmpeg's own sources."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import imageio_ffmpeg

from cosmos_houdini.engines import find_engine
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest

FPS = 24
SIZE = (192, 108)

_PICTURES = {
    "color": "testsrc2=s={size}:r={fps}",
    "depth": "gradients=s={size}:r={fps}:c0=black:c1=white:speed=0.01:seed=1",
    "seg": "smptebars=s={size}:r={fps}",
    "edge": "testsrc2=s={size}:r={fps},edgedetect",
    "vis": "testsrc2=s={size}:r={fps},boxblur=6",
}


@cache
def _made(role: str, frames: int, size: tuple[int, int], fps: int) -> bytes:
    path = Path(mkdtemp(prefix="cosmos-clips-")) / f"{role}.mp4"
    source = _PICTURES[role].format(size=f"{size[0]}x{size[1]}", fps=fps)
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(frames)]
    subprocess.run([*argv, "-pix_fmt", "yuv420p", "-preset", "ultrafast", str(path)], check=True)
    data = path.read_bytes()
    path.unlink()
    path.parent.rmdir()
    return data


def write_clips(
    folder: Path, *roles: str, frames: int = 5, size: tuple[int, int] = SIZE, fps: int = FPS
) -> dict[str, Path]:
    """Write one video for each role into ``folder``, as ``<role>.mp4``."""
    paths = {role: folder / f"{role}.mp4" for role in roles}
    for role, path in paths.items():
        path.write_bytes(_made(role, frames, size, fps))
    return paths


def request_of(
    paths: dict[str, Path] | None = None,
    *,
    weights: dict[str, float] | None = None,
    frames: int = 5,
    size: tuple[int, int] = SIZE,
    engine: str = "transfer1",
    prompt: str = "a street at night",
    num_gpu: int = 1,
    **parameters: ParameterValue,
) -> InferenceRequest:
    """Return a request over videos of those facts; without ``paths`` over videos that nobody opens."""
    weights = {"depth": 0.6, "seg": 0.4} if weights is None else weights
    paths = paths or {role: Path(f"/nowhere/{role}.mp4") for role in ("color", *weights)}
    clips = {
        role: Clip(path=path, sha256=role * 8, frames=frames, size=size, fps=float(FPS)) for role, path in paths.items()
    }
    defaults = {name: parameter.default for name, parameter in find_engine(engine).parameters.items()}
    if "fps" in defaults:
        defaults["fps"] = FPS
    return InferenceRequest(
        name="street",
        engine=engine,
        prompt=prompt,
        negative_prompt="",
        video=clips["color"],
        controls=tuple(
            ControlInput(kind=kind, weight=weights[str(kind)], clip=clips[str(kind)])
            for kind in Control
            if str(kind) in weights
        ),
        parameters=defaults | parameters,
        num_gpu=num_gpu,
    )
