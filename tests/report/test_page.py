from __future__ import annotations

import errno
import hashlib
import json
import re
from base64 import b64encode
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, DiskFull
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.report.folder import SCHEMA, replace_folder
from cosmos_houdini.report.page import render_page
from cosmos_houdini.report.page_clips import PageClips
from cosmos_houdini.report.page_data import PageInput, build_page_data
from cosmos_houdini.report.report import Report
from cosmos_houdini.report.script import FOLDER, order, read_script
from support.jobs.report_entries import entry

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u2028</script>"


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_texts_are_data_and_no_part_of_the_page(tmp_path: Path):
    settings = {HOSTILE: HOSTILE, "seed": 1}
    entries = (
        entry(HOSTILE, settings, prompt=HOSTILE, spec=HOSTILE, engine=HOSTILE),
        entry("b", {HOSTILE: 2, "seed": 1}, failure=(FailureClass.OOM, HOSTILE)),
    )
    report = Report(name=HOSTILE, folder=tmp_path, entries=entries, varied=(HOSTILE,), grids=())
    clips = PageClips(clips={}, sources=(), of_run=(None, None))
    data = build_page_data(PageInput(report=report, clips=clips, plates=[], links=[[], []]))
    page = render_page(data)
    seen = Seen()
    seen.feed(page)
    assert seen.tags == [
        *("html", "head", "meta", "meta", "meta", "title", "style"),
        *("body", *["div"] * 3),
        *["script"] * 2,
    ]
    assert not any(name.startswith("on") for name in seen.attributes)
    [text] = re.findall(r'id="report-data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(text) == json.loads(json.dumps(data))
    assert [run["prompt"] for run in data["runs"]] == [HOSTILE, "rain"]


def test_the_policy_names_the_one_script_and_the_one_style(tmp_path: Path):
    report = Report(name="night", folder=tmp_path, entries=(entry("a", {"seed": 1}),), varied=(), grids=())
    clips = PageClips(clips={}, sources=(), of_run=(None,))
    page = render_page(build_page_data(PageInput(report=report, clips=clips, plates=[], links=[[]])))
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    for kind, tag in (("script", r'script type="module"'), ("style", "style")):
        [text] = re.findall(rf"<{tag}>(.*?)</{kind}>", page, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in unescape(policy)
    assert "unsafe" not in policy
    assert "http" not in policy


def test_every_module_is_in_the_script_once_and_names_nothing_twice():
    files = {path.name for path in FOLDER.glob("*.js")}
    assert sorted(order("app.js")) == sorted(files)
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", read_script(), re.MULTILINE)
    assert len(names) > 100
    assert sorted(names) == sorted(set(names))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", read_script())


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
