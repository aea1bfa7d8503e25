"""`cosmos-houdini check` on 200 PNG frames beside decoding the same frames with Pillow, each as a whole process."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import OpenImageIO

from figures import Figure, by_turns, seconds

FRAMES = 200
DISTINCT = 10
SIZE = (1280, 704)
ROUNDS = 5
TARGET = 0.2

PILLOW = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from PIL import Image
def decode(path):
    with Image.open(path) as picture:
        picture.load()
with ThreadPoolExecutor(int(sys.argv[2])) as threads:
    list(threads.map(decode, sorted(Path(sys.argv[1]).iterdir())))
"""


def measure() -> list[Figure]:
    """Let both read the same frames, by turns."""
    with tempfile.TemporaryDirectory() as name:
        make_frames(Path(name))
        ours = [sys.executable, "-m", "cosmos_houdini", "check", name]
        pillow = [[sys.executable, "-c", PILLOW, name, threads] for threads in "12"]
        ours_s, one_s, two_s = by_turns([lambda argv=argv: seconds(argv) for argv in (ours, *pillow)], ROUNDS)
    shot = f"check of {FRAMES} PNG frames of {SIZE[0]}x{SIZE[1]}"
    return [
        Figure(name=shot, ours=ours_s, unit="s", other=one_s, beside="Pillow decodes them", ratio_limit=TARGET),
        Figure(name=shot, ours=ours_s, unit="s", other=two_s, beside="Pillow decodes them with two threads"),
    ]


def make_frames(folder: Path) -> None:
    """Write frames of soft shapes with the grain of a render, in the 8 KiB chunks of libpng."""
    width, height = SIZE
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    for frame in range(DISTINCT):
        waves = np.stack([np.sin(7 * across + frame + c) * np.cos(5 * down - c) for c in range(3)], axis=-1)
        grain = np.random.default_rng(frame).normal(0, 2, (height, width, 3))
        pixels = np.clip(128 + 100 * waves + grain, 0, 255).astype(np.uint8)
        output = OpenImageIO.ImageOutput.create("png")
        output.open(str(folder / f"frame.{frame:04d}.png"), OpenImageIO.ImageSpec(width, height, 3, "uint8"))
        output.write_image(pixels)
        output.close()
    for frame in range(DISTINCT, FRAMES):
        shutil.copy(folder / f"frame.{frame % DISTINCT:04d}.png", folder / f"frame.{frame:04d}.png")
