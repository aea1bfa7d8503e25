"""The measures that a report takes of a run, and keeps beside its result."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.measure_kinds import MEASURE_KINDS
from cosmos_houdini.report.measured import FILE, measure_entry
from cosmos_houdini.report.weighting import parse_weighting
from cosmos_houdini.report.writer import WriteOptions, write_report
from support.jobs.report_entries import entry
from support.media import FFMPEG
from support.media.transfer_clips import write_clips

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

from pages.measures import page  # noqa: E402 - found through the line above


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Clip]:
    written = write_clips(tmp_path, "color", "depth", frames=5, size=(96, 64))
    return {name: probe_video(path, ffmpeg=FFMPEG) for name, path in written.items()}


def made(clips: dict[str, Clip], folder: Path, engine: str = "transfer1") -> ReportEntry:
    one = entry("a", {"seed": 1}, clip=clips["color"], source=clips["color"], engine=engine)
    return replace(one, folder=folder, controls={"depth": clips["depth"]}, seams=(3,))


def test_every_measure_is_described_and_is_best_for_a_copy(clips: dict[str, Clip], tmp_path: Path):
    found = measure_entry(made(clips, tmp_path), smoothed=1, ffmpeg=FFMPEG)
    assert (
        {"edge_f1", "blur_ssim", "warping_error", "seam_jump", "sharpness", "sameness"}
        <= set(found)
        <= set(MEASURE_KINDS)
    )
    for name, value in found.items():
        kind = MEASURE_KINDS[name]
        assert value == pytest.approx({"lower": 0.0}.get(kind.better, 1.0)), name


def test_a_result_is_measured_once(clips: dict[str, Clip], tmp_path: Path):
    one = made(clips, tmp_path)
    first = measure_entry(one, ffmpeg=FFMPEG)
    kept = json.loads((tmp_path / FILE).read_text())
    kept["measures"]["edge_f1"] = 0.25
    (tmp_path / FILE).write_text(json.dumps(kept))
    assert measure_entry(one, ffmpeg=FFMPEG)["edge_f1"] == 0.25
    assert measure_entry(replace(one, seams=()), ffmpeg=FFMPEG)["edge_f1"] == first["edge_f1"]
    (tmp_path / FILE).write_text("{")
    assert measure_entry(one, ffmpeg=FFMPEG) == first


def test_previews_and_videos_that_are_gone_have_no_measures(clips: dict[str, Clip], tmp_path: Path):
    assert measure_entry(made(clips, tmp_path, "preview"), ffmpeg=FFMPEG) == {}
    lost = replace(made(clips, tmp_path), source=replace(clips["color"], path=tmp_path / "gone.mp4"))
    assert measure_entry(lost, ffmpeg=FFMPEG) == {}
    shorter = replace(made(clips, tmp_path), source=replace(clips["color"], frames=9))
    assert measure_entry(replace(shorter, row=None), ffmpeg=FFMPEG) == {}
    assert not (tmp_path / FILE).exists()


def test_a_report_has_them_in_its_data_and_on_its_page(clips: dict[str, Clip], tmp_path: Path):
    written = write_report("night", [made(clips, tmp_path / "a")], tmp_path / "report", ffmpeg=FFMPEG)
    (run,) = written.document["runs"]
    assert run["measures"]["edge_f1"] == 1.0
    assert "PAI-Bench-C" in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_the_page_of_the_measures_is_what_the_report_knows():
    assert (ROOT / "docs" / "measures.md").read_text("utf-8") == page(), "run scripts/build_measures_page.py"


def test_runs_are_ranked_by_the_weighting_that_is_asked_for(clips: dict[str, Clip], tmp_path: Path):
    (tmp_path / "soft").mkdir()
    soft = write_clips(tmp_path / "soft", "color", frames=5, size=(48, 32))["color"]
    other = probe_video(soft, ffmpeg=FFMPEG)
    one, two = made(clips, tmp_path / "a"), made(clips, tmp_path / "b")
    assert two.row
    entries = [one, replace(two, name="b", row=replace(two.row, run="b", clip=other, result=str(other.path)))]
    for words, best in ((["sameness=1"], "a"), (["sameness=-1"], "b")):
        options = WriteOptions(weighting=parse_weighting(words), smoothed=1)
        document = write_report("night", entries, tmp_path / "report", ffmpeg=FFMPEG, options=options).document
        assert document["best"][0]["run"] == best
        assert words[0].partition("=")[0] in document["score"]
        assert all("blur_ssim" in run["measures"] for run in document["runs"])


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("edge_f2=1", "did you mean 'edge_f1'"),
        ("edge_f1=high", "no number"),
        ("edge_f1", "no number"),
        ("score=1", "no measure"),
    ],
)
def test_a_wrong_weighting_is_named(word: str, told: str):
    with pytest.raises(BadInput, match=told):
        parse_weighting([word])
