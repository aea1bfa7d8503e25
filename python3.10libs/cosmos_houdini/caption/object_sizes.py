"""How much of the picture each object of a segmentation fills, from its encoded video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_houdini.caption.frames import read_frames
from cosmos_houdini.media.videos.ffmpeg import FFmpeg

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOOKED_AT = 5
"""Frames of a shot that are measured, evenly spaced."""
_NEAR = 12
"""By how much a channel of a decoded colour may differ from its own, 0 to 255."""


def measure_objects(document: Mapping[str, Any], *, ffmpeg: FFmpeg) -> dict[str, tuple[float, float]]:
    """Return, by object, its shares of the picture's height and area, 0 to 1, on average over the frames that show it.

    Args:
        document: from ``read_metadata``; without a segmentation that names colours nothing is returned.
        ffmpeg: decodes the video.
    """
    colors = ((document.get("sources") or {}).get("seg") or {}).get("colors") or {}
    video = (document.get("videos") or {}).get("seg")
    if not isinstance(colors, dict) or not colors or not video or not Path(video["path"]).is_file():
        return {}
    count = min(LOOKED_AT, video["frames"])
    numbers = sorted({round(i * (video["frames"] - 1) / max(1, count - 1)) for i in range(count)})
    found: dict[str, list[tuple[float, float]]] = {}
    for frame in read_frames(Path(video["path"]), numbers, tuple(video["size"]), ffmpeg=ffmpeg):
        for color, name in colors.items():
            size = _size(frame, color)
            if size[1] > 0:
                found.setdefault(str(name), []).append(size)
    return {name: (_mean(h for h, _ in sizes), _mean(a for _, a in sizes)) for name, sizes in found.items()}


def _size(frame: NDArray[np.uint8], color: str) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415 - slow to load

    try:
        wanted = np.array([int(word) for word in color.split(",")], np.int16)
    except ValueError:
        return (0.0, 0.0)
    if wanted.shape != (3,):
        return (0.0, 0.0)
    shown = (np.abs(frame.astype(np.int16) - wanted) <= _NEAR).all(axis=-1)
    rows = np.flatnonzero(shown.any(axis=1))
    return (len(rows) and (rows[-1] - rows[0] + 1) / shown.shape[0], float(shown.mean()))


def _mean(values: Any) -> float:  # noqa: ANN401 - any numbers
    told = list(values)
    return float(sum(told) / len(told))
