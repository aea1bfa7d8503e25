"""The measures of a finished run, kept beside its result: a video is measured once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.measures.result import EXACT_PASSES, measure_result
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.entry import ReportEntry, find_result
from cosmos_houdini.report.measures import Measures
from cosmos_houdini.whole_file import write_whole

FILE, SCHEMA = "measures.json", "cosmos-houdini/measures/1"
VERSION = 2
"""Of what is measured; another number measures anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The measures of a run.

    Attributes:
        moments: those of the score.
        found: the others by name; empty for a run that no model has made.
    """

    moments: Measures
    found: Mapping[str, float] = field(default_factory=dict)


def measure_entry(entry: ReportEntry, *, smoothed: int = 0, ffmpeg: FFmpeg) -> dict[str, float]:
    """Return the measures of a run by name; empty where it has no result or its source is gone.

    The result of an engine that runs no model is not measured.

    Args:
        entry: the run.
        smoothed: at how many frames Blur-SSIM is taken; each takes seconds.
        ffmpeg: decodes.

    Raises:
        ToolError: a video cannot be decoded, or has fewer frames than its facts say.
    """
    clip, source = find_result(entry), entry.source
    if clip is None or source is None or entry.is_preview or not source.path.is_file():
        return {}
    return measure_result(clip, source, _exact(entry), seams=entry.seams, smoothed=smoothed, ffmpeg=ffmpeg)


def read_measured(entry: ReportEntry, *, smoothed: int = 0) -> Measured | None:
    """Return the measures that were kept of exactly these videos; None where there are none."""
    if entry.folder is None:
        return None
    try:
        document = read_json_file(entry.folder / FILE)
    except BadInput:
        # None was kept, or it was cut short: the video is measured anew.
        return None
    if not isinstance(document, dict) or document.get("made_of") != _made_of(entry, smoothed):
        return None
    found = {str(name): float(value) for name, value in document["measures"].items()}
    return Measured(moments=Measures(**document["moments"]), found=found)


def keep_measured(entry: ReportEntry, measured: Measured, *, smoothed: int = 0) -> None:
    """Keep the measures of a run beside its result; a run without a folder has no such place.

    Raises:
        OSError: the folder is somebody else's, or the disk is full.
    """
    if entry.folder is None:
        return
    document = {
        "schema": SCHEMA,
        "made_of": _made_of(entry, smoothed),
        "moments": asdict(measured.moments),
        "measures": dict(measured.found),
    }
    write_whole(entry.folder / FILE, json.dumps(document, indent=2).encode())


def _exact(entry: ReportEntry) -> dict[str, Clip]:
    return {name: one for name, one in entry.controls.items() if name in EXACT_PASSES and one.path.is_file()}


def _made_of(entry: ReportEntry, smoothed: int) -> dict[str, Any]:
    clip = find_result(entry)
    return {
        "version": VERSION,
        "is_preview": entry.is_preview,
        "result": clip.sha256 if clip else "",
        "source": entry.source.sha256 if entry.source else "",
        "controls": {name: one.sha256 for name, one in _exact(entry).items()},
        "seams": list(entry.seams),
        "smoothed": smoothed,
    }
