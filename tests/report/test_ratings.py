"""Files of ratings: read back by reports, timelines and promotions, and refused where they are about something else."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import opentimelineio
import pytest

from cosmos_houdini import config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.report.make import ReportOptions, write_entries
from cosmos_houdini.report.player import find_player
from cosmos_houdini.report.ratings import Judged, preferences, read_ratings
from cosmos_houdini.reporter import Silent
from support.documents import check_document
from support.jobs.report_entries import entry
from support.jobs.review_page import write_videos
from support.recorder import Recorder


def judged(name: str, rating: int | None = None, *, picked: bool = False, note: str = "") -> dict[str, Any]:
    at = "2026-11-30T08:00:00.000Z"
    return {"run": name, "key": key_of(f"{name}-1"), "rating": rating, "picked": picked, "note": note, "at": at}


def write(path: Path, *runs: dict[str, Any], choices: list[tuple[str, str]] | None = None, **more: object) -> Path:
    document = {
        "schema": "cosmos-houdini/ratings/1",
        "report": "night",
        "saved_at": "2026-11-30T08:00:00.000Z",
        "runs": list(runs),
        "choices": [{"better": key_of(f"{a}-1"), "worse": key_of(f"{b}-1"), "at": ""} for a, b in choices or []],
        **more,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def ids(*names: str) -> list[str]:
    return [f"{name}-1" for name in names]


def test_judgements_of_runs_that_are_here_are_read_and_others_are_named(tmp_path: Path):
    file = write(tmp_path / "r.json", judged("a", 4), judged("b", picked=True), judged("gone", 1), choices=[("a", "b")])
    check_document(json.loads(file.read_text("utf-8")))
    found = read_ratings(file, ids("a", "b", "c"))
    assert found.picked() == [key_of("b-1")]
    assert found.foreign == ["gone"]
    assert len(found.choices) == 1
    check_document(dict(found.document))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"schema": "cosmos-houdini/report/1"}, "is no file of ratings; allowed: schema cosmos-houdini/ratings/1"),
        ({"runs": [{**judged("a"), "rating": 6}]}, "rating"),
        ({"runs": [{**judged("a"), "picked": "yes"}]}, "picked"),
        ({"runs": [{**judged("a"), "key": "../../etc"}]}, "key"),
    ],
)
def test_what_is_no_file_of_ratings_is_refused(tmp_path: Path, document: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        read_ratings(write(tmp_path / "r.json", **document), ids("a"))


def test_ratings_of_another_batch_are_refused_by_its_name(tmp_path: Path):
    file = write(tmp_path / "r.json", judged("x", 5), judged("y", 2))
    with pytest.raises(BadInput, match="is about other runs: report 'night' with x, y"):
        read_ratings(file, ids("a", "b"))


def test_stars_and_choices_become_one_order(tmp_path: Path):
    file = write(
        tmp_path / "r.json", judged("a", 5), judged("b", 3), judged("c", 3), judged("d", 1), choices=[("c", "b")]
    )
    liked = liking(read_ratings(file, ids("a", "b", "c", "d", "e")))
    assert sorted(liked, key=lambda name: -liked[name]) == ["a", "c", "b", "d"]
    assert (liked["a"], liked["d"]) == (1.0, 0.0)
    assert liked["b"] < 0.5 < liked["c"]


def test_many_choices_between_two_runs_lead_to_the_most_likely_strengths(tmp_path: Path):
    won, lost = 40, 20
    choices = [("a", "b")] * won + [("b", "a")] * lost
    liked = liking(
        read_ratings(write(tmp_path / "r.json", judged("a", 3), judged("b", 3), choices=choices), ids("a", "b"))
    )
    apart = 4.0 * (liked["a"] - liked["b"])
    # By symmetry a = -b = s, and the slope s = won x P(b) - lost x P(a) is zero at the most likely strength.
    chance = 1.0 / (1.0 + math.exp(-apart))
    assert apart / 2 == pytest.approx(won * (1 - chance) - lost * chance, abs=1e-3)
    assert liked["a"] == pytest.approx(1 - liked["b"], abs=1e-4)
    only = liking(read_ratings(write(tmp_path / "o.json", choices=[("a", "b")] * won), ids("a", "b")))
    assert only == {"a": pytest.approx(0.9, abs=0.1), "b": pytest.approx(0.1, abs=0.1)}


def liking(found: Judged) -> dict[str, float]:
    names = {key_of(f"{name}-1"): name for name in "abcde"}
    return {names[key]: value for key, value in preferences(found).items()}


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Return a project's report of three runs, of which two are judged."""
    videos = write_videos(tmp_path, frames=6, size=(64, 48))
    entries = [entry(name, {"seed": n}, clip=videos["vis"], source=videos["color"]) for n, name in enumerate("abc")]
    file = write(tmp_path / "r.json", judged("b", 4, picked=True, note="keep"), judged("c", 2))
    folder = tmp_path / "report"
    for ratings in (file, None):
        # The second report keeps the ratings of the first.
        options = ReportOptions(ratings=ratings)
        write_entries(config.load(tmp_path), "night", entries, folder, Silent(), options=options)
    return folder


def test_a_report_keeps_judgements_in_page_data_and_table(rated: Path):
    runs = json.loads((rated / "report.json").read_text("utf-8"))["runs"]
    assert [run.get("rating") for run in runs] == [None, 4, 2]
    assert (runs[1]["picked"], runs[1]["note"]) == (True, "keep")
    with (rated / "runs.csv").open(encoding="utf-8", newline="") as file:
        assert [row["rating"] for row in csv.DictReader(file)] == ["", "4", "2"]
    page = (rated / "index.html").read_text("utf-8")
    data = json.loads(page.split('id="report-data">')[1].split("</script>")[0])
    assert [one["run"] for one in data["ratings"]["runs"]] == ["b", "c"]


def test_the_picked_runs_are_a_timeline_that_opentimelineio_reads(rated: Path):
    timeline = opentimelineio.adapters.read_from_file(str(rated / "picks.otio"))
    [clip] = timeline.find_clips()
    assert clip.name == "b"
    assert clip.source_range.start_time == opentimelineio.opentime.RationalTime(1, 24)
    assert clip.source_range.duration == opentimelineio.opentime.RationalTime(6, 24)
    assert (rated / clip.media_reference.target_url).is_file()
    assert clip.metadata["cosmos-houdini"]["note"] == "keep"


def test_ratings_of_before_that_fit_no_run_any_more_are_told(rated: Path, tmp_path: Path):
    recorder = Recorder()
    write_entries(config.load(tmp_path), "night", [entry("z", {"seed": 1})], rated, recorder)
    assert "the ratings of the report before are left out" in str(recorder.sentences)
    assert not (rated / "ratings.json").exists()


def test_the_first_player_of_the_machine_is_taken():
    assert find_player(lambda name: f"/usr/bin/{name}" if name in {"rv", "djv"} else None) == ("/usr/bin/djv",)
    assert find_player(lambda _: None) is None
