"""All clips of a page: one for each result, source and control, encoded several at a time into the report's folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.clips import AT_ONCE, PageClip, forget_old, link, write_clip
from cosmos_houdini.report.entry import ReportEntry, find_result, tell_reason

CLIPS, RESULTS = "clips", "results"
SOURCE = "source-"
"""Begins the names of the clips of sources and their controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that runs were made from: the colour video or a control, by the name of its clip."""

    title: str
    clip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceClips:
    """A source with its controls.

    Attributes:
        video: the colour video.
        pictures: the colour video first, then the controls; those that can be shown.
    """

    video: Clip
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClips:
    """The clips of a page.

    Attributes:
        clips: by name; the clip of a run has the run's number in the report, from 1.
        sources: each once, in the order of the runs.
        of_run: the number of each run's source in ``sources``; None for a run without one.
        reasons: why a clip is missing, by its name.
    """

    clips: dict[str, PageClip]
    sources: tuple[SourceClips, ...]
    of_run: tuple[int | None, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


def run_clip(number: int) -> str:
    """Return the name of the clip of a run by the run's number in the report, from 1."""
    return f"{number:04d}"


def write_page_clips(
    entries: Sequence[ReportEntry],
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    cache: Path | None,
    on_done: Callable[[int], None] = lambda _: None,
) -> PageClips:
    """Write the clips of runs, sources and controls, and return them; one that cannot be decoded has a reason instead.

    Args:
        entries: the runs.
        folder: of the report.
        ffmpeg: encodes.
        cache: where clips are kept for later reports; None keeps none.
        on_done: called with how many more runs are done.

    Raises:
        DiskFull: no room.
    """
    (folder / CLIPS).mkdir()
    sources, of_run = _list_sources(entries)
    runs = {run_clip(number): clip for number, entry in enumerate(entries, 1) if (clip := find_result(entry))}
    wanted = {**runs, **{name: clip for given in sources for name, clip in given.items() if clip.path.is_file()}}

    def one(name: str) -> PageClip | str:
        clip = wanted[name]
        try:
            size = write_clip(clip, folder / CLIPS / name, ffmpeg=ffmpeg, cache=cache)
        except ToolError as error:
            for suffix in (".mp4", ".jpg"):
                (folder / CLIPS / (name + suffix)).unlink(missing_ok=True)
            return f"no clip: {tell_reason(error, [clip])}"
        finally:
            on_done(name in runs)
        file, still = (f"{CLIPS}/{name}{suffix}" for suffix in (".mp4", ".jpg"))
        return PageClip(source=clip, size=size, file=file, still=still, full=_link_whole(clip, name, folder))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        done = dict(zip(wanted, pool.map(one, wanted), strict=True))
    made = {name: clip for name, clip in done.items() if isinstance(clip, PageClip)}
    on_done(len(entries) - len(runs))
    if cache and cache.is_dir():
        forget_old(cache)
    return PageClips(
        clips=made,
        sources=tuple(_shown(given, made) for given in sources),
        of_run=of_run,
        reasons={name: reason for name, reason in done.items() if isinstance(reason, str)},
    )


def _list_sources(entries: Sequence[ReportEntry]) -> tuple[list[dict[str, Clip]], tuple[int | None, ...]]:
    """Return each source with its controls by the names of their clips, and the number of each run's source."""
    known: dict[tuple[str, ...], int] = {}
    sources: list[dict[str, Clip]] = []
    of_run: list[int | None] = []
    for entry in entries:
        if entry.source is None:
            of_run.append(None)
            continue
        given = {"source": entry.source, **{str(kind): clip for kind, clip in entry.controls.items()}}
        key = tuple(clip.sha256 for clip in given.values())
        if key not in known:
            known[key] = len(sources)
            sources.append({f"{SOURCE}{len(sources) + 1}-{role}": clip for role, clip in given.items()})
        of_run.append(known[key])
    return sources, tuple(of_run)


def _shown(given: dict[str, Clip], made: dict[str, PageClip]) -> SourceClips:
    pictures = tuple(Picture(title=name.split("-", 2)[2], clip=name) for name in given if name in made)
    return SourceClips(video=next(iter(given.values())), pictures=pictures)


def _link_whole(clip: Clip, name: str, folder: Path) -> str:
    """Give a video a further name in the report's folder, so that a copy of the folder holds it too."""
    if clip.path.suffix.lower() != ".mp4":
        return ""
    (folder / RESULTS).mkdir(exist_ok=True)
    target = folder / RESULTS / f"{name}.mp4"
    # A symbolic link would name a path of this machine.
    return f"{RESULTS}/{name}.mp4" if not clip.path.is_symlink() and link(clip.path, target) else ""
