"""``convert-sequence`` of 1280x720 passes against the bare FFmpeg commands with the same settings.

The lengths are one chunk of the engines and a shot of ten seconds; one pass, and four of half a chunk at once, which
FFmpeg encodes one after the other.

Ours starts an interpreter, verifies the files, encodes, decodes back, compares every frame and hashes; the other side
only encodes. Both run in turn, the first round warms up and is not counted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from figures import Figure, by_turns, seconds

# Frames of each pass -> names of the passes, with the crf of each.
SHOTS: tuple[tuple[int, dict[str, int]], ...] = (
    (120, {"": 18}),
    (240, {"": 18}),
    (60, {"_color": 18, "_depth": 10, "_edge": 10, "_vis": 18}),
)
SIZE = (1280, 720)
ROUNDS = 5
TARGET = 1.25


def write_frames(folder: Path, count: int, pass_: str) -> None:
    width, height = SIZE
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (height // 8, width // 2, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (width * 4, height), interpolation=cv2.INTER_CUBIC)
    scene = np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)
    for index in range(count):
        frame = scene[:, index * 4 : index * 4 + width].copy()
        cv2.circle(frame, ((100 + index * 7) % width, height // 2), 80, (0, 0, 255), -1)
        cv2.imwrite(str(folder / f"shot{pass_}.{1001 + index}.png"), frame)


def bare(frames: Path, out: Path, pass_: str, crf: int) -> list[str]:
    return [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"),
        *("-framerate", "24", "-start_number", "1001", "-i", str(frames / f"shot{pass_}.%04d.png")),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp+bicubic,format=yuv420p"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
        *("-c:v", "libx264", "-preset", "medium", "-crf", str(crf), "-movflags", "+faststart", str(out / "bare.mp4")),
    ]


def ours(frames: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "cosmos_houdini", "convert-sequence", str(frames), "-o", str(out), "--fps", "24"]


def encoded(count: int, passes: dict[str, int]) -> tuple[float, float]:
    """Return the median seconds of our side and of the other; the first round warms up."""
    with tempfile.TemporaryDirectory() as name:
        frames, out = Path(name, "frames"), Path(name, "out")
        frames.mkdir()
        out.mkdir()
        for pass_ in passes:
            write_frames(frames, count, pass_)
        sides = (
            lambda: seconds(ours(frames, out)),
            lambda: sum(seconds(bare(frames, out, *pass_)) for pass_ in passes.items()),
        )
        by_turns(sides, 1)
        our_s, bare_s = by_turns(sides, ROUNDS)
    return our_s, bare_s


def measure() -> list[Figure]:
    """Convert each shot both ways."""
    found = []
    for count, passes in SHOTS:
        our_s, bare_s = encoded(count, passes)
        name = f"convert-sequence of {count} frames of {len(passes)} pass{'es' if len(passes) > 1 else ''}"
        found.append(
            Figure(name=name, ours=our_s, unit="s", other=bare_s, beside="FFmpeg only encodes", ratio_limit=TARGET)
        )
    return found
