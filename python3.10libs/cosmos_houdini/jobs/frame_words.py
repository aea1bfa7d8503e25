"""The progress of an engine in frames of the user's shot: engines count chunks, and frames from 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.request import FramePlan

_CHUNK = re.compile(r"\bchunk (\d{1,6}) of \d{1,6}\b", re.ASCII)
_FRAME = re.compile(r"\bframe (\d{1,6}) of (\d{1,6})\b", re.ASCII)


def frame_words(stage: str, plan: FramePlan, *, first: int = 1, step: int = 1) -> str:
    """Return the words of an engine with the frame numbers of the plate.

    Args:
        stage: what the engine does, as its log says it.
        plan: the engine's plan.
        first: number of the first frame.
        step: distance between the numbers.

    >>> more = {"chunks": 2, "frames_per_chunk": 121, "overlap": 1, "padding": 41, "estimate_s": None}
    >>> plan = FramePlan(frames=200, size=(1280, 704), seams=(121,), **more)
    >>> frame_words("chunk 2 of 2, step 7 of 35", plan, first=1001)
    'frames 1122-1200, step 7 of 35'
    >>> frame_words("frame 60 of 200", plan, first=1001)
    'frame 1060 (60 of 200)'
    """
    edges = (0, *plan.seams, plan.frames)

    def of_chunk(found: re.Match[str]) -> str:
        index = min(max(int(found[1]), 1), len(edges) - 1)
        begin, end = edges[index - 1], edges[index] - 1
        return f"frames {first + begin * step}-{first + end * step}"

    def of_frame(found: re.Match[str]) -> str:
        return f"frame {first + (max(int(found[1]), 1) - 1) * step} ({found[1]} of {found[2]})"

    return _FRAME.sub(of_frame, _CHUNK.sub(of_chunk, stage))


def numbering(conversion: Mapping[str, Any]) -> tuple[int, int]:
    """Return the number of the first frame of a conversion and the distance between numbers; 1 and 1 if unknown."""
    sources: Mapping[str, Mapping[str, Any]] = conversion.get("sources") or {}
    source = sources.get(str(Pass.COLOR)) or next(iter(sources.values()), {})
    return int(source.get("first", 1)), int(source.get("step", 1))
