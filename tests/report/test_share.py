"""A report to send: one file in a ZIP that a fresh browser plays, and that says nothing that was not asked for."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.report.measures import Measures
from cosmos_houdini.report.share import Share, SharePart, write_share
from cosmos_houdini.report.writer import Written
from support.jobs.report_entries import entry
from support.jobs.review_page import write_page, write_videos

SECRETS = ("farm-07.studio", "a secret prompt", "1234567", "guidance", "0.4321", "/mnt/show", "depth.mp4", "EUR")
NOTE = "more rain"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Written, Path]:
    """Return a report of three runs, two of which are picked, and its folder."""
    folder = tmp_path_factory.mktemp("share")
    videos = write_videos(folder, frames=24, size=(96, 64))
    entries = []
    for number in range(3):
        run = entry(
            f"take-{number}",
            {"seed": 1234567 + number, "guidance": 3.5},
            clip=videos["vis"] if number else videos["seg"],
            source=videos["color"],
            controls={"depth": videos["depth"]},
            prompt="a secret prompt",
            spec="/mnt/show/shot.spec.json",
            engine="transfer2.5",
            measures=Measures(structure=0.4321, flicker=0.01),
        )
        assert run.row
        row = replace(run.row, cost=12.5, currency="EUR", job=replace(run.row.job, host="farm-07.studio"))
        entries.append(replace(run, row=row))
    runs = [
        {"run": f"take-{n}", "key": key_of(f"take-{n}-1"), "rating": 3 + n, "picked": n > 0, "note": NOTE, "at": ""}
        for n in range(3)
    ]
    schema = "cosmos-houdini/ratings/1"
    ratings = {"schema": schema, "report": "rain", "saved_at": "", "runs": runs, "choices": []}
    return write_page(folder / "report", entries, ratings=ratings), folder / "report"


def unpack(path: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        [name] = archive.namelist()
        archive.extractall(path.parent)
    return path.parent / name


def without_clips(page: str) -> str:
    return re.sub(r'src="data:[^"]*"', "", page)


def test_a_shared_report_has_the_picked_runs_and_says_nothing_else(written: tuple[Written, Path], tmp_path: Path):
    assert write_share(Share(path=tmp_path / "for client.zip"), written[0].given, written[1]) == 2
    page = unpack(tmp_path / "for client.zip").read_text("utf-8")
    assert page.count("data:video/mp4") == 3
    text = without_clips(page)
    data = text.split('id="report-data">')[1].split("</script>")[0]
    assert [run["name"] for run in json.loads(data)["runs"]] == ["take-1", "take-2"]
    assert [secret for secret in (*SECRETS, NOTE, str(written[1])) if secret in data] == []
    assert "localhost" not in text


def test_parts_are_in_it_where_they_are_asked_for(written: tuple[Written, Path], tmp_path: Path):
    parts = frozenset({SharePart.NOTES, SharePart.PARAMETERS, SharePart.PROMPTS, SharePart.MEASURES})
    write_share(Share(path=tmp_path / "s.zip", parts=parts), written[0].given, written[1])
    text = without_clips(unpack(tmp_path / "s.zip").read_text("utf-8")).split('id="report-data">')[1]
    data = json.loads(text.split("</script>")[0])
    assert [run["name"] for run in data["runs"]] == ["Version 2", "Version 3"]
    assert [run["values"]["seed"] for run in data["runs"]] == [1234568, 1234569]
    assert [(one["note"], one["rating"], one["picked"]) for one in data["ratings"]["runs"]] == [(NOTE, None, False)] * 3
    assert "a secret prompt" in text
    assert "0.4321" in text
    assert [word for word in ("take-", "farm-07", "EUR", "/mnt/show") if word in text.split("</script>")[0]] == []


@pytest.mark.chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_fresh_browser_plays_it_alone_on_a_phone(
    written: tuple[Written, Path], browser: Browser, tmp_path: Path, *, scripts: bool
):
    (tmp_path / "far away").mkdir()
    write_share(Share(path=tmp_path / "far away" / "s.zip"), written[0].given, written[1])
    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts, has_touch=True)
    page = phone.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(unpack(tmp_path / "far away" / "s.zip").as_uri())
    if scripts:
        page.wait_for_selector(".cell video.shown")
        page.tap(".buttons .play")
        page.wait_for_function("() => Number(document.querySelector('.frame').value) > 5")
        page.tap(".cell >> nth=1")
        page.wait_for_selector(".viewer video.shown")
        page.get_by_role("button", name="Rate 4 of 5").tap()
    else:
        assert page.locator("video[controls]").count() == 3
        assert page.get_by_text("take-2").is_visible()
    phone.close()
    assert told == []


def test_another_kind_of_file_is_refused_before_any_work(written: tuple[Written, Path], tmp_path: Path):
    with pytest.raises(BadInput, match=r"a\.rar is no name of a ZIP file; allowed: a name that ends in \.zip"):
        write_share(Share(path=tmp_path / "a.rar"), written[0].given, written[1])
    assert list(tmp_path.iterdir()) == []
