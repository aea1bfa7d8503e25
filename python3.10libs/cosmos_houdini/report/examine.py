"""The examination of results: each is decoded once and measured, its middle frame is kept, and all are ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from PIL import Image

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.standardize import fit_size
from cosmos_houdini.report.entry import ReportEntry, find_result, first_sentence
from cosmos_houdini.report.frames import read_frames
from cosmos_houdini.report.measured import measure_entry
from cosmos_houdini.report.measures import Luma, measure, sample_indices
from cosmos_houdini.report.weighting import DEFAULT, Weighting

FRAMES = "frames"
JPEG_QUALITY = 92
AT_ONCE = 2
"""FFmpeg itself decodes on several threads."""


def examine(
    entries: Sequence[ReportEntry],
    folder: Path,
    box: tuple[int, int],
    *,
    ffmpeg: FFmpeg,
    smoothed: int = 0,
    weighting: Weighting = DEFAULT,
    on_done: Callable[[int], None] = lambda _: None,
) -> tuple[ReportEntry, ...]:
    """Return the runs with measures, middle frames and ranks.

    Args:
        entries: runs in order.
        folder: of the report; gets a folder ``frames``.
        box: width and height within which middle frames are kept.
        ffmpeg: decodes.
        smoothed: at how many frames of each result Blur-SSIM is taken.
        weighting: gives the scores by which runs are ranked.
        on_done: called with how many more runs were looked at.
    """
    (folder / FRAMES).mkdir()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        pairs = list(dict.fromkeys(pair for entry in entries if (pair := _source(entry))))
        sources = dict(zip(pairs, pool.map(partial(_luma, ffmpeg=ffmpeg), pairs), strict=True))

        def one(numbered: tuple[int, ReportEntry]) -> ReportEntry:
            number, entry = numbered
            pair = _source(entry)
            frame = f"{FRAMES}/{number:04d}.jpg"
            seen = _examined(entry, sources[pair] if pair else None, folder, frame, box, ffmpeg=ffmpeg)
            on_done(1)
            return replace(seen, found={} if seen.problem else measure_entry(seen, smoothed=smoothed, ffmpeg=ffmpeg))

        return rank_entries(list(pool.map(one, enumerate(entries, start=1))), weighting)


def score_entries(entries: Sequence[ReportEntry], *, ffmpeg: FFmpeg) -> tuple[ReportEntry, ...]:
    """Return the runs with measures and ranks, as ``examine`` does, and write nothing."""

    def one(entry: ReportEntry) -> ReportEntry:
        clip, pair = find_result(entry), _source(entry)
        if clip is None or pair is None:
            return entry
        seen, source = _luma((clip.path, pair[1]), ffmpeg=ffmpeg), sources[pair]
        measures = None if seen is None or source is None else measure(seen, source, sample_indices(pair[1]))
        return replace(entry, measures=measures)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        pairs = list(dict.fromkeys(pair for entry in entries if (pair := _source(entry))))
        sources = dict(zip(pairs, pool.map(partial(_luma, ffmpeg=ffmpeg), pairs), strict=True))
        return rank_entries(list(pool.map(one, entries)))


def measure_videos(video: Path, source: Path, frames: int, *, ffmpeg: FFmpeg) -> dict[str, float]:
    """Return the measures of a result by name, among them ``score``; empty where a video cannot be read.

    Args:
        video: the result.
        source: the video that it was made from.
        frames: how many frames both have at least.
        ffmpeg: decodes.
    """
    indices = sample_indices(frames)
    seen, of_source = (_luma((path, frames), ffmpeg=ffmpeg) for path in (video, source))
    if seen is None or of_source is None:
        return {}
    measures = measure(seen, of_source, indices)
    return {**asdict(measures), "score": measures.score}


def rank_entries(entries: Sequence[ReportEntry], weighting: Weighting = DEFAULT) -> tuple[ReportEntry, ...]:
    """Return runs in their order, each with its score and rank; of equal scores, the earlier run ranks first.

    Runs of the engine preview have no rank: no model has made them.
    """
    scored = [replace(entry, score=weighting.score(entry.figures)) for entry in entries]
    ranked = [(entry.score, entry.name) for entry in scored if entry.score is not None and not entry.is_preview]
    places = {name: place for place, (_, name) in enumerate(sorted(ranked, key=lambda one: -one[0]), start=1)}
    return tuple(replace(entry, rank=places.get(entry.name)) for entry in scored)


def _source(entry: ReportEntry) -> tuple[Path, int] | None:
    """Return the source of a run that can be measured, and how many frames are compared."""
    clip = find_result(entry)
    if clip is None or entry.source is None or not entry.source.path.is_file():
        return None
    return entry.source.path, min(clip.frames, entry.source.frames)


def _luma(source: tuple[Path, int], *, ffmpeg: FFmpeg) -> Luma | None:
    path, frames = source
    try:
        return read_frames(path, sample_indices(frames), 0, ffmpeg=ffmpeg).luma
    except ToolError:
        # The result can still be shown, without a score.
        return None


def _examined(
    entry: ReportEntry, source: Luma | None, folder: Path, frame: str, box: tuple[int, int], *, ffmpeg: FFmpeg
) -> ReportEntry:
    clip = find_result(entry)
    if clip is None:
        return entry
    pair = _source(entry)
    indices = sample_indices(pair[1] if pair else clip.frames)
    try:
        seen = read_frames(clip.path, indices, clip.frames // 2, ffmpeg=ffmpeg)
    except ToolError as error:
        return replace(entry, problem=("unreadable", first_sentence(error.problem)))
    size = fit_size(clip.size, box)
    seen.middle.resize(size, Image.Resampling.LANCZOS).save(folder / frame, quality=JPEG_QUALITY)
    return replace(entry, frame=frame, measures=None if source is None else measure(seen.luma, source, indices))
