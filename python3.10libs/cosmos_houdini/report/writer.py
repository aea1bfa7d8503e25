"""The files of a report: clips, grids, table, page and data, in one folder that can be copied anywhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cosmos_houdini.jobs.collect import LOGS, RESULT
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report import grid
from cosmos_houdini.report.entry import ReportEntry, find_result, list_varied
from cosmos_houdini.report.examine import examine
from cosmos_houdini.report.folder import DOCUMENT, list_files, replace_folder
from cosmos_houdini.report.grid_video import write_grid_video
from cosmos_houdini.report.page import render_page
from cosmos_houdini.report.page_clips import PageClips, run_clip, write_page_clips
from cosmos_houdini.report.page_data import Link, PageInput, build_page_data
from cosmos_houdini.report.plate import find_plate
from cosmos_houdini.report.report import Grid, Report
from cosmos_houdini.report.table import format_csv
from cosmos_houdini.report.timeline import FILE as TIMELINE
from cosmos_houdini.report.timeline import TimelineClip, build_timeline
from cosmos_houdini.report.weighting import DEFAULT, Weighting

PAGE, TABLE, RATINGS = "index.html", "runs.csv", "ratings.json"
FILES = "files"
EMPTY_CELL = (1280, 720)
STEPS = 3
"""Steps of the work on each run: it is examined, its clip is encoded, and it is drawn."""

_MOST_LOG_BYTES = 200_000
"""The end of a log is kept; its beginning is where the job is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a report is written.

    Attributes:
        currency: of the costs where no run has its own; may be empty.
        cache: where clips are kept for later reports; None keeps none.
        ratings: a document of ratings that the page starts with; None for none.
        weighting: gives the scores by which runs are ranked.
        smoothed: at how many frames of each result Blur-SSIM is taken.
    """

    currency: str = ""
    cache: Path | None = None
    ratings: Mapping[str, Any] | None = None
    weighting: Weighting = DEFAULT
    smoothed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A report as it was written.

    Attributes:
        document: the content of ``report.json``, with paths of this machine.
        given: what the page was made from.
    """

    document: dict[str, Any]
    given: PageInput


def write_report(
    name: str,
    entries: Sequence[ReportEntry],
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    on_step: Callable[[int], None] = lambda _: None,
    options: WriteOptions = WriteOptions(),
) -> Written:
    """Write the report of runs into a folder, whole or not at all.

    Args:
        name: of all runs together.
        entries: the runs in the order in which they are shown, one at least.
        folder: made where it is missing; it replaces an earlier report.
        ffmpeg: encodes and decodes.
        on_step: called with how many more steps are done, of STEPS for each run.
        options: see WriteOptions.

    Raises:
        BadInput: ``folder`` holds something else than a report.
        ToolError: FFmpeg failed to write a grid.
        DiskFull: no room.
    """
    with replace_folder(folder) as fresh:
        given = _make_parts(name, entries, folder, fresh, ffmpeg=ffmpeg, on_step=on_step, options=options)
        return Written(document=_write_files(given, fresh), given=given)


def _make_parts(
    name: str,
    entries: Sequence[ReportEntry],
    folder: Path,
    fresh: Path,
    *,
    ffmpeg: FFmpeg,
    on_step: Callable[[int], None],
    options: WriteOptions,
) -> PageInput:
    """Write clips, grids and links into a fresh folder, and return what the page is made from."""
    varied = list_varied(entries)
    layout = _layout(entries, varied)
    clips = write_page_clips(entries, fresh, ffmpeg=ffmpeg, cache=options.cache, on_done=on_step)
    runs = {number: run_clip(number) for number, _ in enumerate(entries, 1)}
    seen = examine(
        entries,
        fresh,
        layout.cell,
        ffmpeg=ffmpeg,
        stills={number: clips.clips[name].still for number, name in runs.items() if name in clips.clips},
        smoothed=options.smoothed,
        weighting=options.weighting,
        on_done=on_step,
    )
    shown = [_with_clip_reason(number, entry, clips) for number, entry in enumerate(seen, 1)]
    grids = _write_grids(shown, clips, varied, layout, fresh, ffmpeg=ffmpeg, on_step=on_step)
    report = Report(
        name=name,
        folder=folder,
        entries=tuple(shown),
        varied=varied,
        grids=grids,
        currency=_common_currency(shown) or options.currency,
        weighting=options.weighting,
    )
    return PageInput(
        report=report,
        clips=clips,
        plates=[find_plate(source.video) for source in clips.sources],
        links=[_write_links(number, entry, clips, fresh) for number, entry in enumerate(shown, 1)],
        ratings=options.ratings,
        files=[TABLE, DOCUMENT, *(name for one in grids for name in (one.video, one.picture) if name)],
    )


def _write_files(given: PageInput, fresh: Path) -> dict[str, Any]:
    """Write page, table, judgements and data, and return the data with paths of this machine."""
    report, ratings = given.report, given.ratings
    if ratings:
        _write_json(fresh / RATINGS, ratings)
        _write_timeline(fresh / TIMELINE, given, ratings)
    _write_text(fresh / PAGE, render_page(build_page_data(given)))
    judged = [{**entry.document(), **_judgement(entry, ratings)} for entry in report.entries]
    runs = [_without_paths(run, report.folder) for run in judged]
    _write_text(fresh / TABLE, format_csv(runs))
    document = {**report.document([*list_files(fresh), DOCUMENT]), "runs": judged}
    _write_json(fresh / DOCUMENT, {**document, "runs": runs})
    return document


def _with_clip_reason(number: int, entry: ReportEntry, clips: PageClips) -> ReportEntry:
    reason = clips.reasons.get(run_clip(number))
    # A result that cannot be read at all has its problem in its cell.
    return replace(entry, reasons=(reason, *entry.reasons)) if reason and not entry.problem else entry


def _common_currency(entries: Sequence[ReportEntry]) -> str:
    """Return the currency of all costs; empty where no run has a cost, or where there are several."""
    priced = {entry.row.currency for entry in entries if entry.row and entry.row.cost is not None}
    return priced.pop() if len(priced) == 1 else ""


def _layout(entries: Sequence[ReportEntry], varied: Sequence[str]) -> grid.Layout:
    """Return the layout of a page that is full, or of the only one."""
    clip = next((clip for entry in entries if (clip := find_result(entry))), None)
    size = clip.size if clip else EMPTY_CELL
    bare = grid.plan_layout(len(entries), size, lines=0)
    return grid.plan_layout(len(entries), size, lines=grid.count_caption_lines(entries, varied, bare))


def _write_grids(
    entries: Sequence[ReportEntry],
    clips: PageClips,
    varied: Sequence[str],
    layout: grid.Layout,
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    on_step: Callable[[int], None],
) -> tuple[Grid, ...]:
    """Write the pages of the grid; a single page is a video too, and of several the review page plays the clips."""
    pages = grid.split_pages(entries)
    grids, first = [], 1
    for number, page in enumerate(pages, start=1):
        stem = folder / ("grid" if number == 1 else f"grid-{number}")
        names = [run_clip(first + index) for index in range(len(page))] if len(pages) == 1 else []
        # The small clips are decoded many times faster than the results, and a cell is no larger.
        videos = {at: _small(clips, name, folder) for at, name in enumerate(names) if name in clips.clips}
        grids.append(_write_grid(stem, page, videos, varied, layout.of_page(len(page)), ffmpeg=ffmpeg))
        first += len(page)
        on_step(len(page))
    return tuple(grids)


def _small(clips: PageClips, name: str, folder: Path) -> Clip:
    clip = clips.clips[name]
    whole = clip.source
    return Clip(path=folder / clip.file, sha256="", frames=whole.frames, size=clip.size, fps=whole.fps)


def _write_grid(
    stem: Path,
    entries: Sequence[ReportEntry],
    clips: Mapping[int, Clip],
    varied: Sequence[str],
    layout: grid.Layout,
    *,
    ffmpeg: FFmpeg,
) -> Grid:
    drawing = grid.draw_backdrop(entries, varied, layout)
    picture, video = stem.with_suffix(".png"), stem.with_suffix(".mp4")
    if clips:
        drawing.save(picture)
        write_grid_video(video, picture, clips, layout, ffmpeg=ffmpeg)
    grid.draw_contact_sheet(entries, drawing, layout, stem.parent).save(picture)
    return Grid(picture=picture.name, video=video.name if clips else "", size=layout.size)


def _write_links(number: int, entry: ReportEntry, clips: PageClips, folder: Path) -> list[Link]:
    """Copy the small files that tell how a run was made, and return the links of the run."""
    links: list[Link] = []
    if (clip := clips.clips.get(run_clip(number))) is not None:
        links.append(("result", clip.full or clip.file))
    if entry.row is None or entry.folder is None:
        return links
    wanted = [("how it was made", RESULT)] if entry.row.job.state is JobState.SUCCEEDED else []
    wanted += [(name.removesuffix(".log"), name) for name in LOGS] if entry.row.job.failure else []
    for title, name in wanted:
        if (entry.folder / name).is_file():
            target = f"{FILES}/{number:04d}.{name}"
            (folder / FILES).mkdir(exist_ok=True)
            _copy_end(entry.folder / name, folder / target)
            links.append((title, target))
    return links


def _judgement(entry: ReportEntry, ratings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the rating, the pick and the note of a run; nothing for a run that nobody judged."""
    if not ratings or entry.row is None:
        return {}
    key = key_of(entry.row.job.id)
    found = next((one for one in ratings["runs"] if one["key"] == key), None)
    return {name: found[name] for name in ("rating", "picked", "note")} if found else {}


def _write_timeline(path: Path, given: PageInput, ratings: Mapping[str, Any]) -> None:
    """Write the picked runs as a timeline; nothing where none is picked."""
    report, clips, plates = given.report, given.clips, given.plates
    picked = []
    for number, entry in enumerate(report.entries, 1):
        judged = _judgement(entry, ratings)
        clip = clips.clips.get(run_clip(number))
        if clip is None or not judged.get("picked"):
            continue
        at = clips.of_run[number - 1]
        plate = plates[at] if at is not None else None
        picked.append(
            TimelineClip(
                name=entry.name,
                file=clip.full or clip.file,
                first=plate.first if plate else 1,
                frames=clip.source.frames,
                fps=clip.source.fps,
                note=judged["note"],
            )
        )
    if picked:
        _write_json(path, build_timeline(report.name, picked))


def _copy_end(path: Path, target: Path) -> None:
    with path.open("rb") as source, target.open("wb") as copy:
        source.seek(max(0, path.stat().st_size - _MOST_LOG_BYTES))
        shutil.copyfileobj(source, copy)


def _without_paths(run: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the document of a run with its paths relative to the report's folder, so that both can be moved."""
    return {**run, **{key: _relative(run[key], folder) for key in ("spec", "result")}}


def _relative(path: str, folder: Path) -> str:
    if not path:
        return ""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        # On Windows there is no relative path from one drive to another.
        return Path(path).name


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    # Paths of this machine that are no UTF-8 must not cost the whole report.
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
