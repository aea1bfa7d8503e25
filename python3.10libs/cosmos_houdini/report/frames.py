"""Frames of a video, decoded in one pass: small grey frames to measure, and the middle frame to show."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments
from cosmos_houdini.report.measures import SIZE, Luma

TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledFrames:
    """Frames of a video.

    Attributes:
        luma: the measured frames, frames x height x width at the size ``measures.SIZE``, 0 to 255.
        middle: the middle frame at its own size.
    """

    luma: Luma
    middle: Image.Image


def read_frames(video: Path, indices: tuple[int, ...], middle: int, *, ffmpeg: FFmpeg) -> SampledFrames:
    """Return frames of a video, counted from 0.

    Raises:
        ToolError: the video cannot be decoded, or has fewer frames.
    """
    with tempfile.TemporaryDirectory(prefix="cosmos-report-") as name:
        folder = Path(name)
        task = f"looking at {video}"
        ffmpeg.run(arguments(video, indices, middle), Run(task=task, cwd=folder, timeout_s=TIMEOUT_S))
        luma = np.fromfile(folder / "luma.gray", np.uint8)
        picture = folder / "middle.png"
        if luma.size != len(indices) * SIZE[0] * SIZE[1] or not picture.is_file():
            raise ToolError(f"{video} has fewer frames than when it was verified")
        with Image.open(picture) as image:
            return SampledFrames(luma=luma.reshape(len(indices), SIZE[1], SIZE[0]), middle=image.convert("RGB"))


def arguments(video: Path, indices: tuple[int, ...], middle: int) -> list[str]:
    """Return FFmpeg's arguments; it writes ``luma.gray`` and ``middle.png`` into its working folder."""
    wanted = "+".join(f"eq(n,{index})" for index in indices)
    grey = f"select='{wanted}',scale={SIZE[0]}:{SIZE[1]}:flags=area:out_range=pc,format=gray"
    shown = f"select='eq(n,{middle})',scale=in_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=rgb24"
    return [
        *input_arguments(video),
        *("-map", "0:v:0", "-vf", grey, "-fps_mode", "passthrough", "-f", "rawvideo", "luma.gray"),
        *("-map", "0:v:0", "-vf", shown, "-fps_mode", "passthrough", "-frames:v", "1", "-update", "1", "middle.png"),
    ]
