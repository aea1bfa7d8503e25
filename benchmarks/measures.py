"""All measures of one result beside the time that FFmpeg needs to decode the same videos, one after the other."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.measures.result import measure_result
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.make import make_video
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.request import Clip
from figures import Figure, by_turns

FRAMES = 121
SIZE = (1280, 704)
SEAM = 93
ROUNDS = 3
TARGET = 1.5
FFMPEG = FFmpeg(path=None)
NAMES = ("result", "source", "depth", "seg", "edge")


def measure() -> list[Figure]:
    """Measure a result with three controls."""
    with tempfile.TemporaryDirectory() as name:
        clips = {video: _encode(Path(name, video), video) for video in NAMES}
        controls = {video: clips[video] for video in NAMES[2:]}

        def ours() -> float:
            began = time.perf_counter()
            measure_result(clips["result"], clips["source"], controls, seams=(SEAM,), ffmpeg=FFMPEG)
            return time.perf_counter() - began

        ours_s, decode_s = by_turns([ours, lambda: _decode(clips.values())], ROUNDS)
    shot = f"all measures of {FRAMES} frames of {SIZE[0]}x{SIZE[1]} with three controls"
    return [
        Figure(name=shot, ours=ours_s, unit="s", other=decode_s, beside="FFmpeg decodes the videos", ratio_limit=TARGET)
    ]


def _encode(folder: Path, name: str) -> Clip:
    source = ComputedFrames(
        label=name, frames=lambda: (_picture(name, n) for n in range(FRAMES)), count=FRAMES, size=SIZE
    )
    return make_video(source, folder, ffmpeg=FFMPEG, fps=24, encoding=Encoding(preset="fast", crf=16)).clip


def _picture(name: str, frame: int) -> NDArray[np.uint8]:
    """Return a disc that wanders over a room with stripes; colour has grain, controls have none."""
    width, height = SIZE
    across = np.arange(width, dtype=np.float32)
    if name in {"result", "source"}:
        row = 110 + 50 * np.sin((across + 3 * frame) / 23)[:, None] * np.array([1, 0.7, 0.4])
        room = row + np.random.default_rng(frame + 1000 * (name == "result")).normal(0, 4, (height, width, 3))
        picture: NDArray[np.uint8] = room.clip(0, 255).astype(np.uint8)
    else:
        picture = np.full((height, width, 3), 60, np.uint8)
    cv2.circle(picture, (width // 4 + 3 * frame, height // 3), height // 6, (230, 60, 40), -1 if name != "edge" else 2)
    return picture


def _decode(clips: Iterable[Clip]) -> float:
    began = time.perf_counter()
    for clip in clips:
        subprocess.run([FFMPEG.program, "-v", "error", "-i", str(clip.path), "-f", "null", "-"], check=True)
    return time.perf_counter() - began
