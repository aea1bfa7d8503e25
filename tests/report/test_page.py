from __future__ import annotations

import errno
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, DiskFull
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.report.folder import SCHEMA, replace_folder
from cosmos_houdini.report.measures import Measures
from cosmos_houdini.report.page import render_page
from cosmos_houdini.report.report import Grid, Report
from support.jobs.report_entries import entry

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "footer", "section", "article", "figure", "div"),
    *(
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "b",
        "span",
        "small",
        "figcaption",
        "br",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "a",
        "img",
        "video",
    ),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_texts_are_shown_as_texts_and_nothing_else(tmp_path: Path):
    entries = (
        entry(
            HOSTILE,
            {HOSTILE: HOSTILE, "seed": 1},
            prompt=HOSTILE,
            spec=HOSTILE,
            engine=HOSTILE,
            measures=Measures(structure=0.5, flicker=0.01),
            rank=1,
            frame=HOSTILE,
        ),
        entry("b", {HOSTILE: 2, "seed": 1}, failure=(FailureClass.OOM, HOSTILE)),
    )
    grids = (Grid(picture="grid.png", video="grid.mp4", size=(64, 48)),)
    page = render_page(Report(name=HOSTILE, folder=tmp_path, entries=entries, varied=(HOSTILE,), grids=grids))
    seen = Seen()
    seen.feed(page)
    assert seen.tags <= TAGS
    assert not any(name.startswith("on") for name in seen.attributes)
    assert seen.text.count(HOSTILE) >= 8


def test_a_report_is_replaced_and_what_a_person_put_there_is_kept(tmp_path: Path):
    folder = tmp_path / "it's a report"
    for text in ("first", "second"):
        with replace_folder(folder) as fresh:
            (fresh / "index.html").write_text(text, encoding="utf-8")
            document = {"schema": SCHEMA, "files": ["index.html", "report.json"]}
            (fresh / "report.json").write_text(json.dumps(document), encoding="utf-8")
    assert (folder / "index.html").read_text(encoding="utf-8") == "second"
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match=r"notes\.txt is not of a report"), replace_folder(folder):
        pass
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "notes.txt", "report.json"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_report_that_is_cut_off_leaves_the_one_before(tmp_path: Path):
    folder = tmp_path / "report"
    with replace_folder(folder) as fresh:
        (fresh / "report.json").write_text(json.dumps({"schema": SCHEMA, "files": ["report.json"]}), encoding="utf-8")
    with pytest.raises(IsADirectoryError), replace_folder(folder) as fresh:
        fresh.write_text("no file can be written here", encoding="utf-8")
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_file_where_the_report_should_go_is_refused(tmp_path: Path):
    (tmp_path / "report").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="is no folder"), replace_folder(tmp_path / "report"):
        pass


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path):
    def fill(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    with pytest.raises(DiskFull, match="no room on this machine"), replace_folder(tmp_path / "report") as fresh:
        fill(fresh)
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_take_its_place_leaves_the_one_before(tmp_path: Path):
    folder = tmp_path / "report"
    with replace_folder(folder) as fresh:
        (fresh / "report.json").write_text(json.dumps({"schema": SCHEMA, "files": ["report.json"]}), encoding="utf-8")
    with pytest.raises(FileNotFoundError), replace_folder(folder) as fresh:
        fresh.rmdir()
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
