"""Reports with many runs whose clips are small videos, and the browser that shows them, for the tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report import writer
from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.examine import rank_entries
from cosmos_houdini.report.measures import Measures
from cosmos_houdini.report.writer import WriteOptions, Written, write_report
from support.jobs.report_entries import entry
from support.media import FFMPEG
from support.media.transfer_clips import write_clips

HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"><b>bold</b> & 'quoted'"
SEAM = 20


def write_videos(folder: Path, *, frames: int = 48, size: tuple[int, int] = (192, 108)) -> dict[str, Clip]:
    """Return clips of every role that ``write_clips`` knows."""
    paths = write_clips(folder, "color", "edge", "depth", "seg", "vis", frames=frames, size=size)
    return {role: probe_video(path, ffmpeg=FFMPEG) for role, path in paths.items()}


def make_entries(videos: dict[str, Clip], count: int, **changes: Any) -> list[ReportEntry]:  # noqa: ANN401 - any field
    """Return runs with varied parameters, two prompts and one failure in seven."""
    made = [videos["color"], videos["vis"], videos["depth"], videos["seg"]]
    entries = []
    for number in range(1, count + 1):
        failed = (FailureClass.OOM, "CUDA out of memory") if number % 7 == 5 else None
        settings = {"edge": (number * 7 % 10) / 10, "depth": 0.5, "seed": number, "guidance": 3.0 + number % 3}
        run = entry(
            f"shot-{number:04d}",
            settings,
            clip=None if failed else made[number % len(made)],
            failure=failed,
            source=videos["color"],
            controls={"edge": videos["edge"]},
            seams=(SEAM,),
            engine="transfer2.5",
            prompt="rain on asphalt" if number % 2 else f"snow {HOSTILE}",
        )
        measures = Measures(structure=0.3 + settings["edge"] / 2, flicker=0.001 * (number % 9))
        entries.append(run if failed else replace(run, measures=measures, **changes))
    return entries


def write_page(folder: Path, entries: Sequence[ReportEntry], *, measured: bool = False, **options: Any) -> Written:  # noqa: ANN401 - any option
    """Write a report; runs keep the measures that they have, unless they are to be measured."""
    with pytest.MonkeyPatch.context() as patch:
        if not measured:
            patch.setattr(writer, "examine", _keep_measures)
        return write_report("rain night", entries, folder, ffmpeg=FFMPEG, options=WriteOptions(**options))


def _keep_measures(
    entries: Sequence[ReportEntry], folder: Path, _box: object, *, on_done: Callable[[int], None], **_how: object
) -> tuple[ReportEntry, ...]:
    on_done(len(entries))
    (folder / "frames").mkdir()
    return rank_entries(entries)
