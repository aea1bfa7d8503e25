"""Control videos from 16 multi-layer half EXR frames of 1920x1080: the whole way, reading, and what each pass adds.

``convert-sequence`` of colour, depth, seg, edge and vis stands beside the OpenEXR binding, which only reads the files
one after the other, and bare FFmpeg, which only encodes those frames; a second figure gives the binding all processors,
too. Reading by itself stands beside the same binding and OpenImageIO with as many threads; the display transform beside
OpenColorIO without a cube.
"""

from __future__ import annotations

import os
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

from cosmos_houdini.media.controls import blur, blur_presets, depth, edges, segmentation
from cosmos_houdini.media.controls.palette import all_colors
from cosmos_houdini.media.pictures import color, cryptomatte, geometry, layer_passes, layers, picture_io
from cosmos_houdini.model.control import Pass
from figures import Figure, by_turns, seconds

FRAMES = 16
SIZE = (1920, 1080)
ENGINE = (1280, 704)
ROUNDS = 5
TARGET = 1.1
WHOLE_WAY_ROUNDS = 3
WHOLE_WAY_TARGET = 1.3
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


def measure() -> list[Figure]:
    """Write frames; then read them, convert them, and do each step of one frame by itself."""
    with tempfile.TemporaryDirectory() as name:
        paths = [write_frame(Path(name) / f"shot.{1001 + n}.exr", n) for n in range(FRAMES)]
        chosen = layer_passes.choose_layers(layers.read_header(paths[0]))
        chosen = {pass_: chosen[pass_] for pass_ in PASSES}
        readers: dict[str, Callable[[Path], object]] = {
            "ours": lambda path: picture_io.read_passes(path, chosen),
            "OpenEXR": lambda path: OpenEXR.File(str(path), separate_channels=True, num_threads=0).parts,
            "OpenImageIO": read_with_openimageio,
        }
        times = by_turns([lambda read=read: reading(read, paths) for read in readers.values()], ROUNDS)
        taken = dict(zip(readers, times, strict=True))
        frame = picture_io.read_passes(paths[0], chosen)
        found = whole_way(Path(name))
    ours = taken.pop("ours")
    fastest = min(taken, key=taken.__getitem__)
    name = f"reading three passes of an EXR frame of {SIZE[0]}x{SIZE[1]}"
    for beside, other in taken.items():
        limit = TARGET if beside == fastest else None
        found.append(Figure(name=name, ours=ours, unit="s", other=other, beside=beside, ratio_limit=limit))
    return [*found, *steps_of(frame)]


def whole_way(folder: Path) -> list[Figure]:
    """Return the command's time beside those of programs that only read or only encode."""
    out = folder / "out"
    ours: list[str | Path] = [sys.executable, "-m", "cosmos_houdini", "convert-sequence", folder, "-o", out]
    ours += ["--edge", "medium", "--vis", "medium"]
    seconds(ours, cwd=folder)
    for pass_ in CRF:
        seconds([FFMPEG, "-y", "-v", "error", "-i", out / f"{pass_}.mp4", *RAW, folder / f"{pass_}.raw"])
    our_s, read_s, read_by_all_s, encode_s = by_turns(
        [
            lambda: seconds(ours, cwd=folder),
            lambda: seconds([sys.executable, "-c", READ, folder]),
            lambda: seconds([sys.executable, "-c", READ_WITH_ALL_PROCESSORS, folder]),
            lambda: sum(seconds(encoder(folder, pass_, crf)) for pass_, crf in CRF.items()),
        ],
        WHOLE_WAY_ROUNDS,
    )
    name = f"convert-sequence of {FRAMES} EXR frames to five videos"
    one, all_ = read_s + encode_s, read_by_all_s + encode_s
    beside = "OpenEXR reads, FFmpeg encodes"
    return [
        Figure(name=name, ours=our_s, unit="s", other=one, beside=beside, ratio_limit=WHOLE_WAY_TARGET),
        Figure(name=name, ours=our_s, unit="s", other=all_, beside=f"{beside}, all processors read"),
    ]


FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RAW = ["-pix_fmt", "rgb24", "-f", "rawvideo"]


def encoder(folder: Path, pass_: str, crf: int) -> list[str | Path]:
    pix_fmt = {"seg": "yuv444p"}.get(pass_, "yuv420p")
    return [
        *(FFMPEG, "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{ENGINE[0]}x{ENGINE[1]}"),
        *("-framerate", "24", "-i", str(folder / f"{pass_}.raw")),
        *("-vf", f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp,format={pix_fmt}"),
        *("-c:v", "libx264", "-preset", "medium", "-crf", str(crf), str(folder / "bare.mp4")),
    ]


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


def reading(read: Callable[[Path], object], paths: list[Path]) -> float:
    """Return the seconds a frame of a reader with as many threads as there are processors."""
    with ThreadPoolExecutor(THREADS) as pool:
        start = time.perf_counter()
        for _ in pool.map(lambda path: read(path) is None, paths):
            pass
        return (time.perf_counter() - start) / len(paths)


def steps_of(frame: dict[Pass, np.ndarray]) -> list[Figure]:
    """Return what each step of one frame costs with one thread."""
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
    medium = blur_presets.TRANSFER25["medium"]
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
    return [
        Figure(name=f"one frame: {label}", ours=by_turns([lambda step=step: lasting(step)], ROUNDS)[0], unit="s")
        for label, step in steps.items()
    ]


def lasting(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
