"""Renders the demonstration's courtyard to files like a renderer's: light, camera-space Z and a Cryptomatte."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from cosmos_houdini.demo.raycast import Picture, View, cast

# The name of the ground, then the name of each object of the courtyard in their order.
NAMES = (
    "/obj/ground",
    "/obj/wall",
    "/obj/tower",
    "/obj/house",
    "/obj/plinth",
    "/obj/brass_ball",
    "/obj/green_ball",
    "/obj/red_ball",
    "/obj/white_ball",
)
CRYPTOMATTE = "CryptoObject"
MOST_WORKERS = 8  # each takes a hundred megabytes
_KEY = f"cryptomatte/{zlib.crc32(CRYPTOMATTE.encode()):08x}"[: len("cryptomatte/") + 7]
# Red, green, blue and white of Rec.709.
_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)


def render(folder: Path, shot: str, views: Mapping[int, View], size: tuple[int, int]) -> Iterator[int]:
    """Write ``<shot>.<frame>.exr`` for every view, on all cores, and yield each frame number when it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(max_workers=min(os.cpu_count() or 1, MOST_WORKERS, len(views))) as pool:
        jobs = [pool.submit(_render_frame, folder, shot, frame, view, size) for frame, view in views.items()]
        for job in as_completed(jobs):
            yield job.result()


def _render_frame(folder: Path, shot: str, frame: int, view: View, size: tuple[int, int]) -> int:
    picture = cast(view, size)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **attributes()}
    OpenEXR.File(header, channels(picture)).write(str(folder / f"{shot}.{frame:04d}.exr"))
    return frame


def channels(picture: Picture) -> dict[str, NDArray[Any]]:
    """Return a frame's channels: half RGB, float Pz (negative, since a camera looks down its -Z) and a Cryptomatte."""
    half = {name: np.ascontiguousarray(picture.light[..., n].astype(np.float16)) for n, name in enumerate("RGB")}
    identities = np.array([0, *(object_id(name) for name in NAMES)], np.uint32).view(np.float32)
    covered = (picture.ids > 0).astype(np.float32)
    ranks = {f"{CRYPTOMATTE}00.R": identities[picture.ids], f"{CRYPTOMATTE}00.G": covered}
    return {**half, "Pz": -picture.depth_m, **ranks}


def attributes() -> dict[str, object]:
    """Return the header attributes that give the primaries and the names of the Cryptomatte's objects."""
    manifest = json.dumps({name: f"{object_id(name):08x}" for name in NAMES})
    return {
        "chromaticities": _CHROMATICITIES,
        f"{_KEY}/name": CRYPTOMATTE,
        f"{_KEY}/hash": "crc32",
        f"{_KEY}/conversion": "uint32_to_float32",
        f"{_KEY}/manifest": manifest,
    }


def object_id(name: str) -> int:
    """Return 32 bits for a name; read as a float, they are never NaN, infinity or a denormal number.

    >>> f"{object_id('/obj/ground'):08x}"
    '4279ebef'
    """
    bits = zlib.crc32(name.encode())
    return bits ^ (1 << 23) if (bits >> 23) & 0xFF in {0, 255} else bits
