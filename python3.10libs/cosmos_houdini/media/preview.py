"""Makes the contact sheet of a conversion, with some frames of every video as a model will see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.pictures.contact_sheet import columns, write_contact_sheet
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import rgb_arguments
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.video import Conversion

FILE_NAME = "preview.png"


def write_preview(conversion: Conversion, *, ffmpeg: FFmpeg) -> Path:
    """Write the sheet into the conversion's folder and return its path.

    Raises:
        ToolError: a video cannot be decoded.
    """
    source = next(iter(conversion.sources.values()))
    indices = columns(range(conversion.frames))
    rows = {}
    for video in conversion.videos:
        pictures = _frames(video.clip, indices, ffmpeg)
        rows[video.pass_] = {source.first + index * source.step: pictures[index] for index in indices}
    path = conversion.folder / FILE_NAME
    size = "{}x{}".format(*conversion.size)
    facts = f"{conversion.frames} frame{'s' * (conversion.frames != 1)} {size} {conversion.fps} fps"
    write_contact_sheet(path, conversion.name, facts, rows)
    return path


def _frames(clip: Clip, indices: list[int], ffmpeg: FFmpeg) -> dict[int, NDArray[Any]]:
    width, height = clip.size
    picked = "+".join(f"eq(n\\,{index})" for index in indices)
    arguments = rgb_arguments(clip.path, first=f"select={picked},")
    raw = ffmpeg.raw_frames(arguments, Run(task=f"decoding {clip.path}"), frame_bytes=width * height * 3)
    pictures = (np.frombuffer(data, np.uint8).reshape(height, width, 3) for data in raw)
    return dict(zip(indices, pictures, strict=True))
