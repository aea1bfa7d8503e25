"""Delivery to EXR beside decoding by FFmpeg and then writing by OpenEXR; the delivery reads its files back too."""

from __future__ import annotations

import subprocess
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR

from cosmos_houdini.media.delivery.exr import ExrFrames, prove_exrs, write_exrs
from cosmos_houdini.media.delivery.frames import ResultFrames
from cosmos_houdini.media.delivery.light import display_meaning
from cosmos_houdini.media.delivery.plate import NO_HEADER
from cosmos_houdini.media.pictures.geometry import Placement, plan_geometry
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import describe_video, input_arguments, probe_video
from figures import Figure, by_turns

SIZE = (1280, 704)
FRAMES = 48
ROUNDS = 3
TARGET = 1.3
FFMPEG = FFmpeg()


def measure() -> list[Figure]:
    """Deliver a video without a change of size, both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = _video(folder / "result.mp4")
        clip = probe_video(video, ffmpeg=FFMPEG)
        sides = (lambda: _ours(folder, clip), lambda: _plainly(folder, video))
        by_turns(sides, 1)
        ours, other = by_turns(sides, ROUNDS)
    return [
        Figure(
            name=f"delivery of {FRAMES} frames of {SIZE[0]}x{SIZE[1]} as EXR, read back",
            ours=ours,
            unit="s",
            other=other,
            beside="FFmpeg decodes, then OpenEXR writes",
            ratio_limit=TARGET,
        )
    ]


def _video(path: Path) -> Path:
    source = f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate=24,format=yuv420p"
    argv = [FFMPEG.program, "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(FRAMES)]
    tags = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    subprocess.run([*argv, "-vf", tags, "-c:v", "libx264", "-crf", "18", str(path)], check=True)
    return path


def _ours(folder: Path, clip: object) -> float:
    start = time.perf_counter()
    facts = describe_video(clip, ffmpeg=FFMPEG)  # type: ignore[arg-type]  # the clip that was probed
    geometry = plan_geometry(SIZE, SIZE, placement=Placement.STRETCH)
    frames = ResultFrames(facts=facts, geometry=geometry, count=FRAMES, rate="24/1")
    how = ExrFrames(
        meaning=display_meaning(None), compression="zip", pixel_aspect=1.0, rate=Fraction(24), run={"job": "bench"}
    )
    files = [folder / f"ours.{index:04d}.exr" for index in range(FRAMES)]
    decoded = frames.decode(FFMPEG, Run(task="decoding", cwd=folder))
    written = write_exrs(decoded, files, how, lambda _: NO_HEADER, lambda _: None)
    prove_exrs(files, written, how)
    return time.perf_counter() - start


def _plainly(folder: Path, video: Path) -> float:
    start = time.perf_counter()
    width, height = SIZE
    argv = [FFMPEG.program, "-v", "error", *input_arguments(video), "-map", "0:v:0", "-f", "rawvideo"]
    raw = subprocess.run([*argv, "-pix_fmt", "gbrp16le", "-"], capture_output=True, check=True).stdout
    decoded = np.frombuffer(raw, "<u2").reshape(FRAMES, 3, height, width)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    for index, (green, blue, red) in enumerate(decoded):
        channels = {"R": red, "G": green, "B": blue}
        half = {name: (plane / np.float32(65535)).astype(np.float16) for name, plane in channels.items()}
        with OpenEXR.File(header, half) as file:
            file.write(str(folder / f"plain.{index:04d}.exr"))
    return time.perf_counter() - start
