"""Frames of a video: small grey ones to measure, and one to show."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments
from cosmos_houdini.report.measures import SIZE, Luma

TIMEOUT_S = 600.0


def read_luma(video: Path, indices: tuple[int, ...], *, ffmpeg: FFmpeg) -> Luma:
    """Return frames of a video, counted from 0: frames x height x width at the size ``measures.SIZE``, 0 to 255.

    Raises:
        ToolError: the video cannot be decoded, or has fewer frames.
    """
    with tempfile.TemporaryDirectory(prefix="cosmos-report-") as name:
        written = Path(name) / "luma.gray"
        _decode(video, luma_arguments(video, indices), written, ffmpeg=ffmpeg)
        luma = np.fromfile(written, np.uint8)
    if luma.size != len(indices) * SIZE[0] * SIZE[1]:
        raise _too_short(video)
    return luma.reshape(len(indices), SIZE[1], SIZE[0])


def read_frame(video: Path, index: int, *, ffmpeg: FFmpeg) -> Image.Image:
    """Return one frame of a video, counted from 0, at its own size.

    Raises:
        ToolError: the video cannot be decoded, or has fewer frames.
    """
    with tempfile.TemporaryDirectory(prefix="cosmos-report-") as name:
        written = Path(name) / "frame.png"
        _decode(video, frame_arguments(video, index), written, ffmpeg=ffmpeg)
        if not written.is_file():
            raise _too_short(video)
        with Image.open(written) as image:
            return image.convert("RGB")


def luma_arguments(video: Path, indices: tuple[int, ...]) -> list[str]:
    """Return FFmpeg's arguments without the file that it writes."""
    wanted = "+".join(f"eq(n,{index})" for index in indices)
    grey = f"select='{wanted}',scale={SIZE[0]}:{SIZE[1]}:flags=area:out_range=pc,format=gray"
    # No frame after the last one is decoded.
    last = ("-frames:v", str(len(indices)))
    return [*input_arguments(video), "-map", "0:v:0", "-vf", grey, "-fps_mode", "passthrough", *last, "-f", "rawvideo"]


def frame_arguments(video: Path, index: int) -> list[str]:
    """Return FFmpeg's arguments without the file that it writes."""
    shown = f"select='eq(n,{index})',scale=in_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=rgb24"
    one = ("-fps_mode", "passthrough", "-frames:v", "1", "-update", "1")
    return [*input_arguments(video), "-map", "0:v:0", "-vf", shown, *one]


def _decode(video: Path, arguments: list[str], written: Path, *, ffmpeg: FFmpeg) -> None:
    run = Run(task=f"looking at {video}", cwd=written.parent, timeout_s=TIMEOUT_S)
    ffmpeg.run([*arguments, written.name], run)


def _too_short(video: Path) -> ToolError:
    return ToolError(f"{video} has fewer frames than when it was verified")
