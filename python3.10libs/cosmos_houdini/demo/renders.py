"""Comp renders of the demonstration's courtyard: numbered PNG files of colour, depth and segmentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosmos_houdini.demo.raycast import Picture, View, cast

NEAREST_M = 4.0  # what is this near, or nearer, is white in the depth pass
FLAT_COLORS = (  # one for sky, ground, and each object of the courtyard
    (0, 0, 0),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
    (255, 140, 0),
    (255, 105, 180),
    (0, 128, 128),
)


def render(folder: Path, shot: str, views: Mapping[int, View], size: tuple[int, int]) -> Iterator[int]:
    """Write ``<shot>.<pass>.<frame>.png`` for every view, on two cores, and yield each frame number when it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(_render_frame, folder, shot, frame, view, size) for frame, view in views.items()]
        for job in as_completed(jobs):
            yield job.result()


def _render_frame(folder: Path, shot: str, frame: int, view: View, size: tuple[int, int]) -> int:
    picture = cast(view, size)
    passes = {"color": picture.color, "depth": disparity(picture), "seg": np.array(FLAT_COLORS, np.uint8)[picture.ids]}
    for name, pixels in passes.items():
        Image.fromarray(pixels).save(folder / f"{shot}.{name}.{frame:04d}.png", compress_level=1)
    return frame


def disparity(picture: Picture) -> NDArray[np.uint8]:
    """Return near-bright depth (H, W): inversely proportional to the distance, sky black."""
    levels: NDArray[np.uint8] = (np.clip(NEAREST_M / picture.depth_m, 0, 1) * 255).astype(np.uint8)
    return levels
