"""Frames of a result beside those of its source and controls, decoded in step: memory does not grow with the frames."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments
from cosmos_houdini.model.request import Clip

Rgb = NDArray[np.uint8]
"""Height x width x 3, 0 to 255."""
Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""

SMALL_WIDTH = 320
"""Width in pixels of the small pictures, in which motion and light are measured."""

STRIDE = 4
"""Passes and detail are looked at in every fourth frame: they change slowly, and cost as much as all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One frame.

    Attributes:
        index: of the frame, from 0.
        result, source: the pictures at the size of the source.
        controls: the pictures of the exact passes, by name, at the size of the source; empty where none is looked at.
        result_grey, source_grey: their brightness, by OpenCV's weights (ITU-R BT.601), as PAI-Bench takes it.
        result_small, source_small: their RGB at SMALL_WIDTH.
    """

    index: int
    result: Rgb
    source: Rgb
    controls: Mapping[str, Rgb] = field(default_factory=dict)
    result_grey: Grey
    source_grey: Grey
    result_small: Rgb
    source_small: Rgb

    @property
    def is_looked_at(self) -> bool:
        """Whether it is one of every fourth frame."""
        return self.index % STRIDE == 0


def make_moment(index: int, result: Rgb, source: Rgb, controls: Mapping[str, Rgb] | None = None) -> Moment:
    """Return a moment of pictures; those of another size than the source are brought to its size."""
    height, width = source.shape[:2]
    fitted = fit(result, (width, height))
    small = (min(SMALL_WIDTH, width), max(round(height * min(1.0, SMALL_WIDTH / width)), 1))
    return Moment(
        index=index,
        result=fitted,
        source=source,
        controls={name: fit(picture, (width, height)) for name, picture in (controls or {}).items()},
        result_grey=_grey(fitted),
        source_grey=_grey(source),
        result_small=fit(fitted, small),
        source_small=fit(source, small),
    )


def fit(picture: Rgb, size: tuple[int, int]) -> Rgb:
    """Return a picture at a width and height: averaged where it shrinks, bilinear where it grows, as PAI-Bench does."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    how = cv2.INTER_AREA if size[0] <= width and size[1] <= height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def read_moments(result: Clip, source: Clip, controls: Mapping[str, Clip], *, ffmpeg: FFmpeg) -> Iterator[Moment]:
    """Yield the frames that result and source both have, in order.

    Args:
        result: what was made.
        source: the colour video that it was made from.
        controls: the videos of exact passes, by name; those of another length than the source are left aside.
        ffmpeg: decodes.

    Raises:
        ToolError: a video cannot be decoded, or has fewer frames than its facts say.
    """
    frames = min(result.frames, source.frames)
    exact = {name: clip for name, clip in controls.items() if clip.frames == source.frames}
    with ExitStack() as stack:

        def stream(clip: Clip, stride: int) -> Iterator[Rgb]:
            return stack.enter_context(closing(_decode(clip, stride, ffmpeg)))

        mine, theirs = stream(result, 1), stream(source, 1)
        passes = {name: stream(clip, STRIDE) for name, clip in exact.items()}
        for index in range(frames):
            shown = {name: _next(pictures, exact[name]) for name, pictures in passes.items() if index % STRIDE == 0}
            yield make_moment(index, _next(mine, result), _next(theirs, source), shown)


def _next(pictures: Iterator[Rgb], clip: Clip) -> Rgb:
    picture = next(pictures, None)
    if picture is None:
        raise ToolError(f"{clip.path} has fewer frames than when it was verified: {clip.frames}")
    return picture


def _decode(clip: Clip, stride: int, ffmpeg: FFmpeg) -> Generator[Rgb, None, None]:
    width, height = clip.size
    chosen = f"select='not(mod(n,{stride}))'," if stride > 1 else ""
    shown = f"{chosen}scale=in_color_matrix=bt709:in_range=tv:out_range=pc,format=rgb24"
    arguments = [*input_arguments(clip.path), "-map", "0:v:0", "-vf", shown, "-fps_mode", "passthrough"]
    for data in ffmpeg.raw_frames(arguments, Run(task=f"measuring {clip.path}"), frame_bytes=width * height * 3):
        if len(data) == width * height * 3:
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _grey(picture: Rgb) -> Grey:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
