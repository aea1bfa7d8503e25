"""Reports visible problems in the passes of a shot, found in the frames that the conversion keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.checks import motion, plausibility
from cosmos_houdini.media.controls import edges
from cosmos_houdini.media.pictures.rectangle import Rectangle
from cosmos_houdini.media.videos.spool import Spool
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]

_LOOKED_AT = 24
_MOVING = (Pass.COLOR, Pass.DEPTH, Pass.SEG, Pass.EDGE)
# Any number works that keeps most ids apart, because only the places where ids change matter.
_ID_LEVELS = 251


def sentences(kept: Mapping[Pass, Spool], numbers: Sequence[int], *, plate: Rectangle, light: bool) -> list[str]:
    """Return a sentence for each problem.

    Args:
        kept: colour and edge as bytes, depth as disparity, segmentation as codes; all have the same frames.
        numbers: the numbers of these frames.
        plate: the position of the plate in the frames; bars around it are black in every shot.
        light: whether the files of the colour hold scene-linear light.
    """
    indices = sorted({round(n) for n in np.linspace(0, len(numbers) - 1, min(_LOOKED_AT, len(numbers)))})
    found = []
    if Pass.COLOR in kept:
        found += _color(kept[Pass.COLOR], numbers, indices, plate=plate, light=light)
    if Pass.DEPTH in kept:
        shape = plausibility.DepthShape()
        for index in indices:
            shape.add(numbers[index], kept[Pass.DEPTH][index])
        found += shape.sentences()
    if Pass.SEG in kept:
        told = (plausibility.many_colors(numbers[index], kept[Pass.SEG][index]) for index in indices[::8])
        found += [sentence for sentence in told if sentence][:1]
    if Pass.EDGE in kept and Pass.COLOR in kept:
        shares = [
            edges.covered_share(kept[Pass.EDGE][index], edges.edge_map(kept[Pass.COLOR][index]))
            for index in indices[::8]
        ]
        found += [sentence for sentence in [edges.texture_warning(shares)] if sentence]
    return found + _out_of_step(kept)


def nan_sentence(numbers: list[int], count: int) -> list[str]:
    """Return a sentence about the frames of the colour pass that hold NaN, if there are any."""
    return [f"the color pass holds NaN in {plausibility.frame_words(sorted(numbers), count)}"] if numbers else []


def _color(spool: Spool, numbers: Sequence[int], indices: Sequence[int], *, plate: Rectangle, light: bool) -> list[str]:
    empty = plausibility.EmptyFrames(Pass.COLOR)
    for number, frame in zip(numbers, spool, strict=True):
        empty.add(number, frame[plate.slices][::4, ::4])
    found = empty.sentences()
    if not light:
        told = plausibility.linear_as_srgb(spool[index][plate.slices] for index in indices[::4])
        found += [told] if told else []
    return found


def _out_of_step(kept: Mapping[Pass, Spool]) -> list[str]:
    traces = {}
    for pass_ in (pass_ for pass_ in _MOVING if pass_ in kept):
        traces[pass_] = motion.MotionTrace()
        for frame, _ in zip(kept[pass_], range(motion.MOST_FRAMES), strict=False):
            traces[pass_].add(frame % _ID_LEVELS if pass_ is Pass.SEG else frame)
    told = (motion.step_warning(a, traces[a], b, traces[b]) for a, b in combinations(traces, 2))
    return [sentence for sentence in told if sentence]
