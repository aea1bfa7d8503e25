"""The measures of a finished run, kept beside its result: a video is measured once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.measures.result import EXACT_PASSES, measure_result
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.report.entry import ReportEntry, find_result

FILE, SCHEMA = "measures.json", "cosmos-houdini/measures/1"
VERSION = 1
"""Of what is measured; another number measures anew."""


def measure_entry(entry: ReportEntry, *, smoothed: int = 0, ffmpeg: FFmpeg) -> dict[str, float]:
    """Return the measures of a run by name; empty where it has no result, or a video is gone or cannot be read.

    The result of the engine preview is not measured: no model has made it.

    Args:
        entry: the run.
        smoothed: at how many frames Blur-SSIM is taken; each takes seconds.
        ffmpeg: decodes.
    """
    clip, source = find_result(entry), entry.source
    if clip is None or source is None or entry.is_preview or not source.path.is_file():
        return {}
    controls = {name: one for name, one in entry.controls.items() if name in EXACT_PASSES and one.path.is_file()}
    made_of = {
        "version": VERSION,
        "result": clip.sha256,
        "source": source.sha256,
        "controls": {name: one.sha256 for name, one in controls.items()},
        "seams": list(entry.seams),
        "smoothed": smoothed,
    }
    kept = entry.folder / FILE if entry.folder else None
    if kept and (known := _read(kept, made_of)) is not None:
        return known
    try:
        found = measure_result(clip, source, controls, seams=entry.seams, smoothed=smoothed, ffmpeg=ffmpeg)
    except ToolError:
        # The result can still be shown; a video that lacks frames is told where it is fetched and checked.
        return {}
    if kept:
        _keep(kept, made_of, found)
    return found


def _read(file: Path, made_of: Mapping[str, Any]) -> dict[str, float] | None:
    try:
        document = read_json_file(file)
    except BadInput:
        # None was kept, or it was cut short: the video is measured anew.
        return None
    if not isinstance(document, dict) or document.get("made_of") != made_of:
        return None
    return {str(name): float(value) for name, value in document["measures"].items()}


def _keep(file: Path, made_of: Mapping[str, Any], found: Mapping[str, float]) -> None:
    document = {"schema": SCHEMA, "made_of": made_of, "measures": found}
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(json.dumps(document, indent=2), encoding="utf-8")
        part.replace(file)
    except OSError:
        # Somebody else's project, or a full disk: the next report measures again.
        part.unlink(missing_ok=True)
