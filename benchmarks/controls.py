"""Control videos from 16 multi-layer half EXR frames of 1920x1080: the whole way, reading, and what each pass adds.

``convert-sequence`` of colour, depth, seg, edge and vis stands beside the OpenEXR binding, which only reads the files
one after the other, and bare FFmpeg, which only encodes those frames; a second figure gives the binding all processors,
too. Reading by itself stands beside the same binding and OpenImageIO with as many threads; the display transform beside
OpenColorIO without a cube.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import OpenEXR
import OpenImageIO

from cosmos_houdini.media.controls import blur, depth, edges, segmentation
from cosmos_houdini.media.controls.palette import all_colors
from cosmos_houdini.media.pictures import color, cryptomatte, geometry, layers, picture_io
from cosmos_houdini.model.control import Pass

FRAMES = 16
SIZE = (1920, 1080)
ENGINE = (1280, 704)
ROUNDS = 5
TARGET = 1.1
WHOLE_WAY_ROUNDS = 3
WHOLE_WAY_TARGET = 1.3
PACKAGE = Path(__file__).resolve().parents[1] / "python3.10libs"
CRF = {"color": 18, "depth": 10, "seg": 0, "edge": 10, "vis": 18}
READ = """
import sys
from pathlib import Path
import OpenEXR
for path in sorted(Path(sys.argv[1]).glob("*.exr")):
    OpenEXR.File(str(path))
"""
READ_WITH_ALL_PROCESSORS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import OpenEXR
with ThreadPoolExecutor(os.cpu_count()) as pool:
    for _ in pool.map(lambda p: len(OpenEXR.File(str(p), separate_channels=True).parts),
                      sorted(Path(sys.argv[1]).glob("*.exr"))):
        pass
"""
THREADS = os.cpu_count() or 1
PASSES = (Pass.COLOR, Pass.DEPTH, Pass.SEG)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        paths = [write_frame(Path(name) / f"shot.{1001 + n}.exr", n) for n in range(FRAMES)]
        chosen = layers.choose_layers(layers.read_header(paths[0]))
        chosen = {pass_: chosen[pass_] for pass_ in PASSES}
        readers = {
            "read_passes": lambda path: picture_io.read_passes(path, chosen),
            "bare OpenEXR": lambda path: OpenEXR.File(str(path), separate_channels=True, num_threads=0).parts,
            "OpenImageIO": read_with_openimageio,
        }
        print(f"{FRAMES} EXR frames of {SIZE[0]}x{SIZE[1]}, 12 half and 4 float channels, {THREADS} threads")
        medians = measure(readers, paths)
        frame = picture_io.read_passes(paths[0], chosen)
        whole_way_reached = print_whole_way(Path(name))
    for label, median in medians.items():
        print(f"{label:14} {median * 1e3:6.0f} ms a frame  {median / medians['read_passes']:5.2f} times read_passes")
    print_passes(frame)
    ratio = medians["read_passes"] / min(medians["bare OpenEXR"], medians["OpenImageIO"])
    reached = ratio <= TARGET
    print(f"target: at most {TARGET} times the faster exact reader: {ratio:.2f}, {'reached' if reached else 'MISSED'}")
    return 0 if reached and whole_way_reached else 1


def print_whole_way(folder: Path) -> bool:
    """Run the command and the bare programs in turn, print seconds and processor seconds, return whether it is met."""
    out = folder / "out"
    ours = [*(sys.executable, "-m", "cosmos_houdini", "convert-sequence", str(folder), "-o", str(out))]
    ours += ["--edge", "medium", "--vis", "medium"]
    timed(ours, folder)
    for pass_ in CRF:
        timed(
            [FFMPEG, "-y", "-v", "error", "-i", str(out / f"{pass_}.mp4"), *RAW, str(folder / f"{pass_}.raw")], folder
        )
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(WHOLE_WAY_ROUNDS):
        for label, argv in {
            "convert-sequence to 5 videos": [ours],
            "OpenEXR, one file after the other": [[sys.executable, "-c", READ, str(folder)]],
            "OpenEXR with all processors": [[sys.executable, "-c", READ_WITH_ALL_PROCESSORS, str(folder)]],
            "FFmpeg": [encoder(folder, pass_, crf) for pass_, crf in CRF.items()],
        }.items():
            spent = [timed(command, folder) for command in argv]
            times.setdefault(label, []).append(tuple(map(sum, zip(*spent, strict=True))))
    medians = {label: tuple(map(statistics.median, zip(*rounds, strict=True))) for label, rounds in times.items()}
    for label, (seconds, processor_seconds) in medians.items():
        print(f"{label:34} {seconds:6.2f} s, {processor_seconds:6.2f} s of processors")
    our_s, read_s, read_by_all_s, encode_s = (seconds for seconds, _ in medians.values())
    print(f"to reading with all processors and encoding: {our_s / (read_by_all_s + encode_s):.2f}")
    ratio = our_s / (read_s + encode_s)
    met = ratio <= WHOLE_WAY_TARGET
    print(
        f"target: at most {WHOLE_WAY_TARGET} times reading and encoding: {ratio:.2f}, {'reached' if met else 'MISSED'}"
    )
    return met


FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RAW = ["-pix_fmt", "rgb24", "-f", "rawvideo"]


def encoder(folder: Path, pass_: str, crf: int) -> list[str]:
    pix_fmt = {"seg": "yuv444p"}.get(pass_, "yuv420p")
    return [
        *(FFMPEG, "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{ENGINE[0]}x{ENGINE[1]}"),
        *("-framerate", "24", "-i", str(folder / f"{pass_}.raw")),
        *("-vf", f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp,format={pix_fmt}"),
        *("-c:v", "libx264", "-preset", "medium", "-crf", str(crf), str(folder / "bare.mp4")),
    ]


def timed(argv: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds that a command took, and those that it kept processors busy."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(argv, capture_output=True, env=environment, cwd=folder, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode(errors="replace"))
    taken = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def write_frame(path: Path, number: int) -> Path:
    width, height = SIZE
    rng = np.random.default_rng(number)
    coarse = rng.random((height // 12, width // 12, 12)).astype(np.float32)
    planes = np.concatenate([cv2.resize(coarse[..., n : n + 4], SIZE) for n in (0, 4, 8)], axis=-1)
    planes += rng.random(planes.shape, np.float32) * 0.01
    names = ["R", "G", "B", "A", "albedo.R", "albedo.G", "albedo.B", "N.X", "N.Y", "N.Z", "Pz", "motion.X"]
    channels = {name: planes[..., n].astype(np.float16) for n, name in enumerate(names)}
    y, x = np.mgrid[:height, :width]
    ids = ((x + 8 * number) // 160 + y // 120 * 12).astype(np.uint32) * 2654435 + 2**30
    crypto = (ids.view(np.float32), np.full_like(planes[..., 0], 0.9), np.zeros_like(planes[..., 0]))
    for letter, plane in zip("RGBA", (*crypto, crypto[2]), strict=True):
        channels[f"CryptoObject00.{letter}"] = plane
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))
    return path


def read_with_openimageio(path: Path) -> None:
    file = OpenImageIO.ImageInput.open(str(path))
    names = list(file.spec().channelnames)
    file.read_image(0, 0, 0, 3, OpenImageIO.HALF)
    file.read_image(0, 0, names.index("Pz"), names.index("Pz") + 1, OpenImageIO.HALF)
    first = names.index("CryptoObject00.R")
    file.read_image(0, 0, first, first + 4, OpenImageIO.FLOAT)
    file.close()


def measure(readers: dict[str, Callable[[Path], object]], paths: list[Path]) -> dict[str, float]:
    """Return the median seconds a frame of each reader, run by turns so that all meet the same load."""
    times: dict[str, list[float]] = {label: [] for label in readers}
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            for label, read in readers.items():
                start = time.perf_counter()
                for _ in pool.map(lambda path, read=read: read(path) is None, paths):
                    pass
                times[label].append((time.perf_counter() - start) / len(paths))
    return {label: statistics.median(found) for label, found in times.items()}


def print_passes(frame: dict[Pass, np.ndarray]) -> None:
    """Print what one frame of each pass costs with one thread."""
    placed = geometry.plan_geometry(SIZE, ENGINE)
    transform = color.display_transform(color.ColorSettings())
    codes = cryptomatte.strongest(frame[Pass.SEG])
    survey = segmentation.CodeSurvey()
    survey.add(codes)
    colors = dict(zip(survey.objects(), all_colors(), strict=False))
    nearness = depth.disparity(frame[Pass.DEPTH], depth.DepthKind.CAMERA_Z)
    ranges = depth.RangeSurvey()
    ranges.add(nearness)
    depth_range = ranges.range(depth.DepthKind.CAMERA_Z)
    shown = transform.apply(frame[Pass.COLOR])
    small = placed.forward(shown, Pass.COLOR)
    medium = blur.TRANSFER25["medium"]
    steps: dict[str, Callable[[], object]] = {
        "display, cube": lambda: transform.apply(frame[Pass.COLOR]),
        "display, in full": lambda: transform.apply_exactly(frame[Pass.COLOR]),
        "depth, first pass": lambda: ranges.add(depth.disparity(frame[Pass.DEPTH], depth.DepthKind.CAMERA_Z)),
        "depth, second pass": lambda: depth.to_8bit(placed.forward(nearness, Pass.DEPTH), depth_range),
        "cryptomatte": lambda: cryptomatte.strongest(frame[Pass.SEG]),
        "seg, first pass": lambda: survey.add(codes),
        "seg, second pass": lambda: segmentation.paint(placed.forward(codes, Pass.SEG), colors),
        "color to size": lambda: placed.forward(shown, Pass.COLOR),
        "edge": lambda: edges.edge_map(small),
        "vis": lambda: blur.blur(small, medium),
    }
    for label, step in steps.items():
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        print(f"{label:18} {statistics.median(times) * 1e3:6.0f} ms a frame")


if __name__ == "__main__":
    sys.exit(main())
