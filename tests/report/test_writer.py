from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report import writer
from cosmos_houdini.report.grid import PER_PAGE
from cosmos_houdini.report.writer import STEPS, write_report
from support.jobs.report_entries import entry
from support.media import FFMPEG
from support.media.transfer_clips import write_clips


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe_video(
        write_clips(tmp_path_factory.mktemp("clip"), "color", frames=3, size=(64, 48))["color"], ffmpeg=FFMPEG
    )


def test_more_runs_than_a_page_holds_make_several_pages(tmp_path: Path, clip: Clip):
    entries = [entry(f"run-{n}", {"seed": n}, clip=clip, source=clip, engine="transfer1") for n in range(PER_PAGE + 1)]
    steps: list[int] = []
    document = write_report("night", entries, tmp_path / "report", on_step=steps.append, ffmpeg=FFMPEG).document
    names = {"grid.png", "grid-2.png"}
    assert names == {name for name in document["files"] if name.startswith("grid")}
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert all(name in page for name in names)
    assert {run["score"] for run in document["runs"]} == {1.0}
    assert [run["rank"] for run in document["runs"]] == list(range(1, PER_PAGE + 2))
    assert sum(steps) == STEPS * len(entries)


def test_a_report_of_one_page_has_its_grid_as_a_video(tmp_path: Path, clip: Clip):
    entries = [entry(f"run-{n}", {"seed": n}, clip=clip, source=clip) for n in range(2)]
    write_report("night", entries, tmp_path / "report", ffmpeg=FFMPEG)
    assert probe_video(tmp_path / "report" / "grid.mp4", ffmpeg=FFMPEG).frames == clip.frames
    assert "grid.mp4" in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_without_its_source_a_result_is_shown_and_has_no_score(tmp_path: Path, clip: Clip):
    gone = replace(clip, path=tmp_path / "gone.mp4")
    entries = [entry("a", {"seed": 1}, clip=clip, source=gone), entry("b", {"seed": 2}, clip=clip)]
    document = write_report("night", entries, tmp_path / "report", ffmpeg=FFMPEG).document
    assert [run["score"] for run in document["runs"]] == [None, None]
    assert document["best"] == []
    assert (tmp_path / "report" / "clips" / "0002.jpg").is_file()


def test_a_result_that_is_broken_by_now_is_a_dark_cell_like_a_failure(tmp_path: Path, clip: Clip):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.path.read_bytes()[:900])
    entries = [
        entry("a", {"seed": 1}, clip=clip, source=clip, engine="transfer1"),
        entry("b", {"seed": 2}, clip=replace(clip, path=broken), source=clip, engine="transfer1"),
    ]
    document = write_report("night", entries, tmp_path / "report", ffmpeg=FFMPEG).document
    assert [run["rank"] for run in document["runs"]] == [1, None]
    assert "unreadable" in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_where_nothing_succeeded_there_is_a_picture_and_no_video(tmp_path: Path):
    entries = [entry("a", {"seed": n}, failure=(FailureClass.OOM, "out of memory")) for n in range(2)]
    document = write_report("night", entries, tmp_path / "report", ffmpeg=FFMPEG).document
    assert sorted(document["files"]) == ["grid.png", "index.html", "report.json", "runs.csv"]


def test_a_report_that_cannot_be_finished_leaves_the_one_before(
    tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch
):
    entries = [entry("a", {"seed": 1}, clip=clip, source=clip)]
    write_report("first", entries, tmp_path / "report", ffmpeg=FFMPEG)

    def fail(*_: object, **__: object) -> None:
        raise ToolError("writing the grid failed")

    monkeypatch.setattr(writer, "write_grid_video", fail)
    with pytest.raises(ToolError, match="writing the grid failed"):
        write_report("second", entries, tmp_path / "report", ffmpeg=FFMPEG)
    assert json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))["name"] == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
