"""A report of 200 results, whose clips are encoded and whose measures are kept; and the first report of 16 others."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.make import make_video
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.measured import FILE
from cosmos_houdini.report.writer import WriteOptions, write_report
from figures import Figure
from support.jobs.report_entries import entry

FRAMES, SIZE = 121, (1280, 704)
DISTINCT = 4
FIRST, MANY = 16, 200
LIMIT_S, LIMIT_MB = 60.0, 600.0
FFMPEG = FFmpeg(path=None)


def measure() -> list[Figure]:
    """Measure both reports; the clips of the few distinct videos are encoded before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = [_encode(folder / f"video-{number}", number) for number in range(DISTINCT + 1)]
        _report(folder, "clips", _entries(folder / "clips", videos, DISTINCT))
        first_s = _report(folder, "first", _entries(folder / "first", videos, FIRST))
        for number in range(DISTINCT):
            (folder / f"kept-{number}.json").write_bytes((folder / "first" / str(number) / FILE).read_bytes())
        again = _entries(folder / "many", videos, MANY)
        for number in range(MANY):
            os.link(folder / f"kept-{number % DISTINCT}.json", folder / "many" / str(number) / FILE)
        many_s = _report(folder, "many", again)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shot = f"{FRAMES} frames of {SIZE[0]}x{SIZE[1]}"
    return [
        Figure(name=f"a report of {MANY} measured results of {shot}, clips kept", ours=many_s, unit="s", limit=LIMIT_S),
        Figure(name=f"a first report, clips kept, for each of {FIRST} results", ours=first_s / FIRST, unit="s"),
        Figure(name="the most memory of both", ours=peak, unit="MB", limit=LIMIT_MB),
    ]


def _entries(folder: Path, videos: list[Clip], count: int) -> list[ReportEntry]:
    """Return runs with a folder of their own each; their results are further names of a few videos."""
    source, *results = videos
    made = []
    for number in range(count):
        place = folder / str(number)
        place.mkdir(parents=True)
        clip = results[number % len(results)]
        os.link(clip.path, place / "result.mp4")
        one = entry(
            f"run-{number:03d}",
            {"seed": number, "guidance": 3.0 + number % 5},
            clip=replace(clip, path=place / "result.mp4"),
            source=source,
            engine="transfer2.5",
        )
        made.append(replace(one, folder=place))
    return made


def _report(folder: Path, name: str, entries: list[ReportEntry]) -> float:
    began = time.perf_counter()
    write_report(name, entries, folder / f"{name}-report", ffmpeg=FFMPEG, options=WriteOptions(cache=folder / "kept"))
    return time.perf_counter() - began


def _encode(folder: Path, number: int) -> Clip:
    source = ComputedFrames(
        label=str(number), frames=lambda: (_picture(number, n) for n in range(FRAMES)), count=FRAMES, size=SIZE
    )
    return make_video(source, folder, ffmpeg=FFMPEG, fps=24, encoding=Encoding(preset="veryfast", crf=18)).clip


def _picture(number: int, frame: int) -> NDArray[np.uint8]:
    """Return a disc that wanders over a room with stripes."""
    width, height = SIZE
    row = 110 + 50 * np.sin((np.arange(width) + 3 * frame) / (19 + number))
    picture = np.repeat(np.repeat(row.astype(np.uint8)[None, :, None], height, 0), 3, 2)
    cv2.circle(picture, (width // 4 + 3 * frame, height // 3), height // 6, (230, 60, 40), -1)
    return picture
