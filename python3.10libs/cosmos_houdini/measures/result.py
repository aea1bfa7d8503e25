"""All measures of one result, in one pass over its video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from cosmos_houdini.measures.blur_ssim import BlurSsim
from cosmos_houdini.measures.edges import EdgeF1, PassBorders
from cosmos_houdini.measures.light import Light
from cosmos_houdini.measures.moments import Moment, read_moments
from cosmos_houdini.measures.motion import Motion
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.request import Clip

EXACT_PASSES = ("depth", "seg")
DIGITS = 6


class Measure(Protocol):
    """A measure that takes frame by frame."""

    def add(self, moment: Moment) -> None:
        """Take the next frame."""

    def figures(self) -> dict[str, float]:
        """Return what was measured, by name."""


def measure_result(
    result: Clip,
    source: Clip,
    controls: Mapping[str, Clip],
    *,
    seams: tuple[int, ...] = (),
    smoothed: int = 0,
    ffmpeg: FFmpeg,
) -> dict[str, float]:
    """Return the measures of a result by name; ``report.measure_kinds`` describes each.

    Args:
        result: its video.
        source: the colour video that it was made from.
        controls: the rendered control videos, by the control's name; other than depth and seg are not looked at.
        seams: frames, from 0, at which a further chunk of the engine begins.
        smoothed: at how many frames Blur-SSIM is taken, evenly spread; each takes seconds.
        ffmpeg: decodes.

    Raises:
        ToolError: a video cannot be decoded, or has fewer frames than its facts say.
    """
    exact = {name: controls[name] for name in EXACT_PASSES if name in controls}
    frames = min(result.frames, source.frames)
    measures: list[Measure] = [EdgeF1(), PassBorders(), Motion(seams=seams), Light()]
    if smoothed:
        measures.append(BlurSsim(frames=spread(frames, smoothed)))
    for moment in read_moments(result, source, exact, ffmpeg=ffmpeg):
        for measure in measures:
            measure.add(moment)
    return {name: round(value, DIGITS) for measure in measures for name, value in measure.figures().items()}


def spread(frames: int, count: int) -> frozenset[int]:
    """Return the indices of frames, evenly spread from the first to the last.

    >>> sorted(spread(121, 3)), sorted(spread(2, 8))
    ([0, 60, 120], [0, 1])
    """
    return frozenset(int(index) for index in np.linspace(0, frames - 1, min(count, frames)).round())
