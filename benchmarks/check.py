"""`cosmos-houdini check` on 200 PNG frames beside decoding the same frames with Pillow, each as a whole process."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import OpenImageIO

FRAMES = 200
DISTINCT = 10
SIZE = (1280, 704)
ROUNDS = 5
TARGET = 5.0

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


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_frames(folder)
        megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        commands = {
            "cosmos-houdini check": [sys.executable, "-m", "cosmos_houdini", "check", name],
            "Pillow, 1 thread": [sys.executable, "-c", PILLOW, name, "1"],
            "Pillow, 2 threads": [sys.executable, "-c", PILLOW, name, "2"],
        }
        medians = measure(commands)
    ours = medians["cosmos-houdini check"]
    print(f"{FRAMES} PNG frames of {SIZE[0]}x{SIZE[1]}, {megabytes:.0f} MB; medians of {ROUNDS} runs")
    for label, median in medians.items():
        print(f"{label:22} {median:6.2f} s  {FRAMES / median:6.0f} fps  {median / ours:5.1f} times check")
    reached = medians["Pillow, 1 thread"] / ours >= TARGET
    print(f"target: Pillow takes at least {TARGET:.0f} times as long: {'reached' if reached else 'MISSED'}")
    return 0 if reached else 1


def measure(commands: dict[str, list[str]]) -> dict[str, float]:
    """Return the median seconds of each command, run by turns so that both sides meet the same load."""
    times: dict[str, list[float]] = {label: [] for label in commands}
    for _ in range(ROUNDS):
        for label, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[label].append(time.perf_counter() - start)
    return {label: statistics.median(seconds) for label, seconds in times.items()}


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


if __name__ == "__main__":
    sys.exit(main())
