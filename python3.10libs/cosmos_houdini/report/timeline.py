"""The picked runs as an OpenTimelineIO timeline, which editors and review players open.

The format is that of OpenTimelineIO's own serialization (opentimelineio.readthedocs.io, file format specification).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

FILE = "picks.otio"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineClip:
    """One result.

    Attributes:
        name: of the run.
        file: of the video, relative to the timeline.
        first: the plate's number of the first frame.
        frames: how many there are.
        fps: frames a second.
        note: of the reviewer; may be empty.
    """

    name: str
    file: str
    first: int
    frames: int
    fps: float
    note: str = ""


def build_timeline(name: str, clips: Sequence[TimelineClip]) -> dict[str, Any]:
    """Return the timeline: one track, one clip behind the other, with the plate's frame numbers as its time code."""
    track: dict[str, Any] = {
        "OTIO_SCHEMA": "Track.1",
        "name": "picks",
        "kind": "Video",
        "metadata": {},
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": [_clip(clip) for clip in clips],
    }
    stack: dict[str, Any] = {
        "OTIO_SCHEMA": "Stack.1",
        "name": "tracks",
        "metadata": {},
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": [track],
    }
    return {"OTIO_SCHEMA": "Timeline.1", "name": name, "metadata": {}, "global_start_time": None, "tracks": stack}


def _clip(clip: TimelineClip) -> dict[str, Any]:
    covered = {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(clip, clip.first),
        "duration": _time(clip, clip.frames),
    }
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": clip.file,
        "metadata": {},
        "available_range": covered,
        "available_image_bounds": None,
        "target_url": quote(clip.file),
    }
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": clip.name,
        "metadata": {"cosmos-houdini": {"note": clip.note}} if clip.note else {},
        "source_range": covered,
        "effects": [],
        "markers": [],
        "enabled": True,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _time(clip: TimelineClip, frames: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": clip.fps, "value": float(frames)}
