"""The files of a report: grids, table, page and data, in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.report import grid
from cosmos_houdini.report.entry import ReportEntry, list_varied
from cosmos_houdini.report.examine import examine, find_result
from cosmos_houdini.report.folder import DOCUMENT, list_files, replace_folder
from cosmos_houdini.report.grid_video import write_grid_video
from cosmos_houdini.report.page import render_page
from cosmos_houdini.report.report import Grid, Report
from cosmos_houdini.report.table import format_csv

PAGE = "index.html"
TABLE = "runs.csv"
EMPTY_CELL = (1280, 720)
STEPS = 2
"""Steps of the work on each run: it is examined, and it is drawn."""


def write_report(
    name: str,
    entries: Sequence[ReportEntry],
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    on_step: Callable[[int], None] = lambda _: None,
    currency: str = "",
) -> dict[str, Any]:
    """Write the report of runs into a folder, whole or not at all, and return the content of its ``report.json``.

    Args:
        name: of all runs together.
        entries: the runs in the order in which they are shown, one at least.
        folder: made where it is missing; it replaces an earlier report.
        ffmpeg: encodes and decodes.
        on_step: called with how many more steps are done, of STEPS for each run.
        currency: of the costs where no run has its own; may be empty.

    Raises:
        BadInput: ``folder`` holds something else than a report.
        ToolError: FFmpeg failed to write a grid.
        DiskFull: no room.
    """
    varied = list_varied(entries)
    layout = _layout(entries, varied)
    with replace_folder(folder) as fresh:
        seen = examine(entries, fresh, layout.cell, ffmpeg=ffmpeg, on_done=on_step)
        grids = []
        for number, page in enumerate(grid.split_pages(seen), start=1):
            stem = "grid" if number == 1 else f"grid-{number}"
            grids.append(_write_grid(fresh / stem, page, varied, layout.of_page(len(page)), ffmpeg))
            on_step(len(page))
        priced = {entry.row.currency for entry in seen if entry.row and entry.row.cost is not None}
        currency = priced.pop() if len(priced) == 1 else currency
        report = Report(name=name, folder=folder, entries=seen, varied=varied, grids=tuple(grids), currency=currency)
        _write_text(fresh / TABLE, format_csv(entry.document() for entry in seen))
        _write_text(fresh / PAGE, render_page(report))
        document = report.document([*list_files(fresh), DOCUMENT])
        _write_text(fresh / DOCUMENT, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return document


def _layout(entries: Sequence[ReportEntry], varied: Sequence[str]) -> grid.Layout:
    """Return the layout of a page that is full, or of the only one."""
    clip = next((clip for entry in entries if (clip := find_result(entry))), None)
    size = clip.size if clip else EMPTY_CELL
    bare = grid.plan_layout(len(entries), size, lines=0)
    return grid.plan_layout(len(entries), size, lines=grid.count_caption_lines(entries, varied, bare))


def _write_grid(
    stem: Path, entries: Sequence[ReportEntry], varied: Sequence[str], layout: grid.Layout, ffmpeg: FFmpeg
) -> Grid:
    drawing = grid.draw_backdrop(entries, varied, layout)
    picture, video = stem.with_suffix(".png"), stem.with_suffix(".mp4")
    clips = {index: clip for index, entry in enumerate(entries) if (clip := find_result(entry))}
    if clips:
        drawing.save(picture)
        write_grid_video(video, picture, clips, layout, ffmpeg=ffmpeg)
    grid.draw_contact_sheet(entries, drawing, layout, stem.parent).save(picture)
    return Grid(picture=picture.name, video=video.name if clips else "", size=layout.size)


def _write_text(path: Path, text: str) -> None:
    # Paths of this machine that are no UTF-8 must not cost the whole report.
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
