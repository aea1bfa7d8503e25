"""The examination of results: each is measured once, has a middle frame to show, and all are ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.standardize import fit_size
from cosmos_houdini.report.clips import AT_ONCE, BOX
from cosmos_houdini.report.entry import ReportEntry, find_result, tell_reason
from cosmos_houdini.report.frames import read_frame, read_luma
from cosmos_houdini.report.measured import Measured, keep_measured, measure_entry, read_measured
from cosmos_houdini.report.measures import Luma, Measures, measure, sample_indices
from cosmos_houdini.report.weighting import DEFAULT, Weighting

FRAMES = "frames"
JPEG_QUALITY = 92

_Pair = tuple[Path, int]
"""A video, and how many of its frames are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looking:
    """How results are looked at.

    Attributes:
        folder: of the report.
        box: width and height within which middle frames are kept.
        stills: pictures of the middle frames of clips, by the number of the run; files of the report's folder.
        smoothed: at how many frames of each result Blur-SSIM is taken.
        ffmpeg: decodes.
    """

    folder: Path
    box: tuple[int, int]
    stills: Mapping[int, str]
    smoothed: int
    ffmpeg: FFmpeg


def examine(
    entries: Sequence[ReportEntry],
    folder: Path,
    box: tuple[int, int],
    *,
    ffmpeg: FFmpeg,
    stills: Mapping[int, str] | None = None,
    smoothed: int = 0,
    weighting: Weighting = DEFAULT,
    on_done: Callable[[int], None] = lambda _: None,
) -> tuple[ReportEntry, ...]:
    """Return the runs with measures, middle frames and ranks; measures that were kept are read, not taken again.

    Args:
        entries: runs in order.
        folder: of the report; gets a folder ``frames`` for the middle frames that no still is large enough for.
        box: width and height within which middle frames are shown.
        ffmpeg: decodes.
        stills: middle frames of clips, by the number of the run from 1; files of the report's folder.
        smoothed: at how many frames of each result Blur-SSIM is taken.
        weighting: gives the scores by which runs are ranked.
        on_done: called with how many more runs were looked at.
    """
    is_small = all(side <= most for side, most in zip(box, BOX, strict=True))
    looking = _Looking(
        folder=folder, box=box, stills=(stills or {}) if is_small else {}, smoothed=smoothed, ffmpeg=ffmpeg
    )
    kept = [read_measured(entry, smoothed=smoothed) for entry in entries]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        sources = _look_at_sources(
            (entry for entry, known in zip(entries, kept, strict=True) if known is None), pool, ffmpeg
        )

        def one(number: int, entry: ReportEntry, known: Measured | None) -> ReportEntry:
            seen = _measured(_with_frame(number, entry, looking), known, sources, looking)
            on_done(1)
            return seen

        return rank_entries(list(pool.map(one, range(1, len(entries) + 1), entries, kept)), weighting)


def score_entries(entries: Sequence[ReportEntry], *, ffmpeg: FFmpeg) -> tuple[ReportEntry, ...]:
    """Return the runs with the measures of the score and ranks, as ``examine`` does, and write nothing."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        sources = _look_at_sources(entries, pool, ffmpeg)

        def one(entry: ReportEntry) -> ReportEntry:
            try:
                return replace(entry, measures=_compare(entry, sources, ffmpeg=ffmpeg))
            except ToolError as error:
                return _without_measures(entry, error)

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
    try:
        seen, of_source = (read_luma(path, indices, ffmpeg=ffmpeg) for path in (video, source))
    except ToolError:
        # The result of the API says by its lack of measures that there are none.
        return {}
    measures = measure(seen, of_source, indices)
    return {**asdict(measures), "score": measures.score}


def rank_entries(entries: Sequence[ReportEntry], weighting: Weighting = DEFAULT) -> tuple[ReportEntry, ...]:
    """Return runs in their order, each with its score and rank; of equal scores, the earlier run ranks first.

    Runs of an engine that runs no model have no rank.
    """
    scored = [replace(entry, score=weighting.score(entry.figures)) for entry in entries]
    ranked = [(entry.score, entry.name) for entry in scored if entry.score is not None and not entry.is_preview]
    places = {name: place for place, (_, name) in enumerate(sorted(ranked, key=lambda one: -one[0]), start=1)}
    return tuple(replace(entry, rank=places.get(entry.name)) for entry in scored)


def _source(entry: ReportEntry) -> _Pair | None:
    """Return the source of a run that can be measured, and how many frames are compared."""
    clip = find_result(entry)
    if clip is None or entry.source is None or not entry.source.path.is_file():
        return None
    return entry.source.path, min(clip.frames, entry.source.frames)


def _look_at_sources(
    entries: Iterable[ReportEntry], pool: ThreadPoolExecutor, ffmpeg: FFmpeg
) -> dict[_Pair, Future[Luma]]:
    """Return the frames of each source of runs, each looked at once; an error is raised where one is asked for."""
    pairs = dict.fromkeys(pair for entry in entries if (pair := _source(entry)))
    return {pair: pool.submit(read_luma, pair[0], sample_indices(pair[1]), ffmpeg=ffmpeg) for pair in pairs}


def _compare(entry: ReportEntry, sources: Mapping[_Pair, Future[Luma]], *, ffmpeg: FFmpeg) -> Measures | None:
    """Return the measures of the score; None where there is nothing to compare.

    Raises:
        ToolError: a video cannot be decoded, or has fewer frames.
    """
    clip, pair = find_result(entry), _source(entry)
    if clip is None or pair is None:
        return None
    indices = sample_indices(pair[1])
    return measure(read_luma(clip.path, indices, ffmpeg=ffmpeg), sources[pair].result(), indices)


def _with_frame(number: int, entry: ReportEntry, looking: _Looking) -> ReportEntry:
    """Return a run with its middle frame, or with the problem that it cannot be read."""
    clip = find_result(entry)
    if clip is None:
        return entry
    if still := looking.stills.get(number):
        return replace(entry, frame=still)
    try:
        picture = read_frame(clip.path, clip.frames // 2, ffmpeg=looking.ffmpeg)
    except ToolError as error:
        return replace(entry, problem=("unreadable", tell_reason(error, [clip])))
    frame = f"{FRAMES}/{number:04d}.jpg"
    (looking.folder / FRAMES).mkdir(exist_ok=True)
    size = fit_size(clip.size, looking.box)
    picture.resize(size, Image.Resampling.LANCZOS).save(looking.folder / frame, quality=JPEG_QUALITY)
    return replace(entry, frame=frame)


def _measured(
    entry: ReportEntry, known: Measured | None, sources: Mapping[_Pair, Future[Luma]], looking: _Looking
) -> ReportEntry:
    """Return a run with its measures, or with the reason why it has none."""
    if entry.problem:
        return entry
    if known is not None:
        return replace(entry, measures=known.moments, found=known.found)
    try:
        moments = _compare(entry, sources, ffmpeg=looking.ffmpeg)
        if moments is None:
            return entry
        found = measure_entry(entry, smoothed=looking.smoothed, ffmpeg=looking.ffmpeg)
    except ToolError as error:
        return _without_measures(entry, error)
    seen = replace(entry, measures=moments, found=found)
    try:
        keep_measured(entry, Measured(moments=moments, found=found), smoothed=looking.smoothed)
    except OSError as error:
        return replace(seen, reasons=(*seen.reasons, f"its measures were not kept: {error.strerror or error}"))
    return seen


def _without_measures(entry: ReportEntry, error: ToolError) -> ReportEntry:
    clips = [clip for clip in (find_result(entry), entry.source, *entry.controls.values()) if clip]
    return replace(entry, reasons=(*entry.reasons, f"no measures: {tell_reason(error, clips)}"))
