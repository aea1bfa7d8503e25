"""The measures that a report takes of a run, and keeps beside its result."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.examine import examine, score_entries
from cosmos_houdini.report.measure_kinds import MEASURE_KINDS
from cosmos_houdini.report.measured import FILE, measure_entry
from cosmos_houdini.report.page_data import build_page_data
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
    [first] = examine([one], tmp_path, (96, 64), ffmpeg=FFMPEG)
    kept = json.loads((tmp_path / FILE).read_text())
    kept["measures"]["edge_f1"] = 0.25
    kept["moments"]["structure"] = 0.125
    (tmp_path / FILE).write_text(json.dumps(kept))
    nothing = FFmpeg(path=tmp_path / "no-ffmpeg")
    [again] = examine([one], tmp_path, (96, 64), ffmpeg=nothing, stills={1: "still.jpg"})
    assert (again.figures["edge_f1"], again.figures["structure"]) == (0.25, 0.125)
    assert again.frame == "still.jpg"
    [other] = examine([replace(one, seams=())], tmp_path, (96, 64), ffmpeg=FFMPEG)
    assert other.figures["edge_f1"] == first.figures["edge_f1"] == 1.0
    (tmp_path / FILE).write_text("{")
    [anew] = examine([one], tmp_path, (96, 64), ffmpeg=FFMPEG)
    assert anew.figures == first.figures


def test_previews_and_videos_that_are_gone_have_no_measures(clips: dict[str, Clip], tmp_path: Path):
    assert measure_entry(made(clips, tmp_path, "preview"), ffmpeg=FFMPEG) == {}
    lost = replace(made(clips, tmp_path), source=replace(clips["color"], path=tmp_path / "gone.mp4"))
    assert measure_entry(lost, ffmpeg=FFMPEG) == {}
    [seen] = examine([lost], tmp_path, (96, 64), ffmpeg=FFMPEG)
    assert (seen.figures, seen.reasons) == ({}, ())
    assert not (tmp_path / FILE).exists()


def test_a_run_that_cannot_be_measured_says_why_on_the_page(clips: dict[str, Clip], tmp_path: Path):
    (tmp_path / "cut.mp4").write_bytes(clips["color"].path.read_bytes()[:900])
    cut = replace(clips["color"], path=tmp_path / "cut.mp4", sha256="")
    one = replace(made(clips, tmp_path / "a"), source=cut)
    data = build_page_data(write_report("night", [one], tmp_path / "report", ffmpeg=FFMPEG).given)
    told = dict(data["missing"])
    assert set(told) == {"a", "source-1-source"}
    assert told["a"].startswith("no measures: ")
    assert told["source-1-source"].startswith("no clip: ")
    assert str(tmp_path) not in json.dumps(data)
    (scored,) = score_entries([one], ffmpeg=FFMPEG)
    assert "no measures" in scored.reasons[0]


def test_measures_that_cannot_be_kept_are_told(clips: dict[str, Clip], tmp_path: Path):
    (tmp_path / "a").write_text("a file where the folder was")
    [seen] = examine([made(clips, tmp_path / "a")], tmp_path, (96, 64), ffmpeg=FFMPEG)
    assert seen.figures["edge_f1"] == 1.0
    assert "were not kept" in seen.reasons[0]


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
