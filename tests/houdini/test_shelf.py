"""The shelf: every script of its file runs, and what each tool asks, says and starts."""

from __future__ import annotations

import ast
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.houdini import rendering, shelf, worker
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.scene_contents import read_in_steps
from cosmos_houdini.houdini.windows.doctor import DoctorWindow
from cosmos_houdini.houdini.windows.shot_choice import ShotChoice
from cosmos_houdini.houdini.windows.submit_dialog import SubmitDialog
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import Session
from support.media.clips import bars, write_picture
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.servers.sshd import free_port

FILE = ROOT / "toolbar" / "cosmos.shelf"
PROMPT = 'A "wet" street; $(rain) & größe'
NAMES = ["submit_shot", "set_up_sweep", "job_monitor", "compare_results", "load_result", "settings", "doctor", "set_up"]
TOOLS = [f"cosmos::{name}" for name in NAMES]
OF_A_SCENE = [name for name in TOOLS if name not in {"cosmos::doctor", "cosmos::set_up"}]


def document() -> ET.Element:
    return ET.parse(FILE).getroot()  # noqa: S314 - our own file


def script(name: str) -> str:
    [tool] = [tool for tool in document().iter("tool") if tool.get("name") == name]
    return tool.findtext("script") or ""


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return Houdini with its interface and a saved, rendered shot open."""
    monkeypatch.setattr("cosmos_houdini.houdini.windows.monitor.BUSY_POLL_S", 0.2)
    offscreen.application()
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface = True
    yield houdini
    for monitor in shelf._monitors.values():
        monitor._timer.stop()
        monitor.close()
    for dialog in shelf._dialogs.values():
        dialog.close()
    for doctor in shelf._doctors.values():
        doctor._timer.stop()
        doctor.close()
        doctor.deleteLater()
    shelf._monitors.clear()
    shelf._doctors.clear()
    shelf._dialogs.clear()
    offscreen.settle()


@pytest.fixture
def shot(session: Session) -> ShotOnDisk:
    return ShotOnDisk(folder=Path(session.path).parent)


def test_the_file_lists_each_of_its_tools_once() -> None:
    root = document()
    assert root.tag == "shelfDocument"
    assert [tool.get("name") for tool in root.iter("tool")] == TOOLS
    assert [member.get("name") for member in root.iter("memberTool")] == TOOLS


def test_each_tool_has_a_picture_of_its_own() -> None:
    named = [f"{tool.get('icon')}.svg" for tool in document().iter("tool")]
    pictures = {path.name: path.read_bytes() for path in (ROOT / "config" / "Icons").iterdir()}
    assert sorted(named) == sorted(pictures)
    assert len(set(pictures.values())) == len(TOOLS)
    for content in pictures.values():
        root = ET.fromstring(content)  # noqa: S314 - our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("viewBox") == "0 0 64 64"


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_is_an_import_and_one_call(name: str) -> None:
    import_, call = ast.parse(script(name)).body
    assert isinstance(import_, ast.ImportFrom)
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)


@pytest.mark.parametrize("name", OF_A_SCENE)
def test_each_tool_of_a_scene_asks_for_a_saved_scene_first(session: Session, name: str) -> None:
    session.is_new = True
    exec(script(name), {"kwargs": {}})  # noqa: S102 - as Houdini does
    [(question, shown)] = session.shown
    assert (question, shown["title"], shown["severity"]) == ("displayMessage", "This cannot be used", "Error")
    assert shown["text"] == ("this scene has no file yet\n\nsave it; the jobs of a shot belong to its scene's folder")


def test_submit_shot_starts_the_worker_and_shows_the_monitor(session: Session, shot: ShotOnDisk) -> None:
    exec(script("cosmos::submit_shot"), {"kwargs": {}})  # noqa: S102 - as Houdini does
    [dialog] = shelf._dialogs.values()
    assert dialog.isVisible()
    dialog._words.prompt.setPlainText(PROMPT)
    dialog._buttons.button(dialog._buttons.StandardButton.Ok).click()
    assert not dialog.isVisible()
    [monitor] = shelf._monitors.values()
    assert monitor.isVisible()
    offscreen.until(lambda: [row.state for row in monitor._jobs] == ["succeeded"], "the job succeeds")
    assert not session.shown
    job = worker.call("status", folder=shot.folder)["jobs"][0]
    assert (job["name"], job["state"]) == ("shot", "succeeded")


def test_submit_shot_plans_byte_for_byte_what_the_command_line_plans(
    session: Session, shot: ShotOnDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    dialog = SubmitDialog(shot.hip, [ShotChoice(path=NODE, first=1, last=5)], read_in_steps)
    dialog._words.prompt.setPlainText(PROMPT)
    dialog._words.negative.setText("blur")
    dialog._options.setText("--set seed=7 --dry-run")
    offscreen.until(lambda: dialog._choices is None, "the hosts and engines are known")
    dialog._host.setCurrentText("local")
    dialog._engine.setCurrentText("preview")
    submission = dialog.submission()
    document = worker.call("submit", submission.request_options(), words=submission.words, folder=shot.folder)
    argv = ["submit", str(shot.hip), "--output", NODE, "--prompt", PROMPT, "--negative-prompt", "blur"]
    assert main([*argv, "--host", "local", "--engine", "preview", "--set", "seed=7", "--dry-run", "--json"]) == 0
    assert json.dumps(document, indent=2, ensure_ascii=False) + "\n" == capfd.readouterr().out
    assert session.shown == []


def test_the_dialog_offers_what_is_configured(session: Session, shot: ShotOnDisk, tmp_path: Path) -> None:
    shot.configure(defaults={"host": "gpu01"}, hosts={"gpu01": {"address": "gpu01.example", "root": "/data"}})
    dialog = SubmitDialog(shot.hip, [ShotChoice(path=NODE, first=1, last=5)], read_in_steps)
    offscreen.until(lambda: dialog._choices is None, "the hosts and engines are known")
    assert [dialog._host.itemText(i) for i in range(3)] == ["as configured: gpu01", "gpu01", "local"]
    assert dialog._engine.findText("transfer1") > 0
    ok = dialog._buttons.button(dialog._buttons.StandardButton.Ok)
    assert not ok.isEnabled()
    dialog._words.prompt.setPlainText(PROMPT)
    assert ok.isEnabled()
    assert (dialog.submission().options, dialog.submission().words) == ({}, ())
    picture = tmp_path / "dialog.png"
    assert dialog.grab().save(str(picture))
    assert session.shown == []


def test_unsaved_changes_are_saved_or_nothing_is_asked(session: Session) -> None:
    session.has_unsaved_changes = True
    session.answers["displayMessage"] = [1]
    shelf.submit_shot()
    assert (session.has_unsaved_changes, shelf._dialogs) == (True, {})
    session.answers["displayMessage"] = [0]
    shelf.submit_shot()
    assert (session.has_unsaved_changes, len(shelf._dialogs)) == (False, 1)


def test_what_was_typed_for_a_scene_is_there_again(session: Session) -> None:
    session.nodes["/out/other"] = replace(session.nodes[NODE], path="/out/other")
    shelf.submit_shot()
    [first] = shelf._dialogs.values()
    first._words.prompt.setPlainText(PROMPT)
    first._options.setText("--set seed=7")
    first._node.setCurrentText("/out/other")
    first.reject()
    shelf.submit_shot()
    [second] = shelf._dialogs.values()
    assert second is not first
    submission = second.submission()
    assert (submission.prompt, submission.output, submission.words) == (PROMPT, "/out/other", ("--set", "seed=7"))


def test_options_that_cannot_be_read_are_told_and_nothing_is_submitted(session: Session) -> None:
    shelf.submit_shot()
    [dialog] = shelf._dialogs.values()
    dialog._options.setText("--name 'my shot")
    dialog.accept()
    assert "close the quotation mark" in str(session.shown[0][1]["text"])
    assert not shelf._monitors


def test_a_scene_without_a_render_node_is_told_what_is_missing(session: Session) -> None:
    del session.nodes[NODE]
    shelf.submit_shot()
    assert "has no render node that writes pictures" in str(session.shown[0][1]["text"])


def test_settings_are_shown_with_where_they_come_from(session: Session, shot: ShotOnDisk) -> None:
    shot.configure(defaults={"engine": "transfer1"})
    shelf.settings()
    [(_, shown)] = session.shown
    assert f"defaults.engine: transfer1  (from {shot.folder / 'cosmos-houdini.yaml'})" in str(shown["details"])


def doctor_rows(window: DoctorWindow) -> list[list[str]]:
    table = window._table
    cells = [[table.item(row, column) for column in range(5)] for row in range(table.rowCount())]
    return [[cell.text() if cell else "" for cell in row] for row in cells]


def test_the_doctor_shows_what_is_wrong_here_and_what_to_do(session: Session, shot: ShotOnDisk, tmp_path: Path) -> None:
    shot.configure(
        hosts={"gpu01": {"address": "127.0.0.1", "port": free_port(), "root": "/data"}, "gpu02": {"root": "x"}}
    )
    exec(script("cosmos::doctor"), {"kwargs": {}})  # noqa: S102 - as Houdini does
    [window] = shelf._doctors.values()
    offscreen.until(lambda: window._task is None, "this machine is looked at")
    rows = {row[2]: row for row in doctor_rows(window)}
    assert rows["ffmpeg"][:2] == ["pass", "this machine"]
    assert rows["host gpu02"][0] == "FAIL"
    assert "write it out from /" in rows["host gpu02"][4]
    window._host.setCurrentText("gpu01")
    window.look()
    assert window._stop.isEnabled()
    offscreen.until(lambda: window._task is None, "the host is looked at")
    [mark, where, check, seen, action] = doctor_rows(window)[-1]
    assert (mark, where, check) == ("FAIL", "gpu01", "connection")
    assert "refuses the connection" in seen
    assert "SSH server" in action
    assert not window._error.isVisible()
    picture = tmp_path / "doctor.png"
    assert window.grab().save(str(picture))
    assert session.shown == []


def test_the_doctor_works_before_a_scene_was_saved_and_is_stopped_with_a_button(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.is_new = True
    slow = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    monkeypatch.setattr(worker, "worker_argv", lambda: slow)
    shelf.doctor()
    [window] = shelf._doctors.values()
    assert window._folder == Path.home()
    window._stop.click()
    offscreen.until(lambda: window._task is None, "the worker is stopped")
    assert window._head.text() == "Stopped"
    assert session.shown == []


def test_the_doctor_tells_a_broken_worker_without_a_traceback(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [sys.executable, "-c", "import cosmos_absent"]
    monkeypatch.setattr(worker, "worker_argv", lambda: broken)
    shelf.doctor()
    [window] = shelf._doctors.values()
    offscreen.until(window._error.isVisible, "the error is shown")
    assert window._error.title.text() == "The worker stopped unexpectedly"
    assert "bring the worker's environment up to date" in window._error.text.text()
    assert "Traceback" not in window._error.text.text()
    assert session.shown == []


def test_an_error_of_the_worker_is_title_sentence_and_what_to_do(session: Session, shot: ShotOnDisk) -> None:
    shot.configure(defaults={"enginee": "transfer1"})
    shelf.settings()
    [(_, shown)] = session.shown
    assert shown["title"] == "This cannot be used"
    assert "defaults.enginee" in str(shown["text"])
    assert "Traceback" not in str(shown)
    assert "cosmos_houdini.log" in str(shown["details"])


def test_a_tool_that_is_interrupted_says_so_in_the_status_line(session: Session) -> None:
    session.is_interrupted = True
    shelf.settings()
    assert session.shown == [("setStatusMessage", {"message": "Interrupted"})]


def test_an_error_of_houdini_is_shown_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise fake_hou.OperationFailed("no permission")

    monkeypatch.setattr(fake_hou.hipFile, "save", fail)
    session.has_unsaved_changes = True
    shelf.submit_shot()
    assert session.shown[-1][1]["title"] == "Houdini could not do that"


def test_one_project_has_one_monitor(session: Session) -> None:
    shelf.job_monitor()
    shelf.job_monitor()
    assert len(shelf._monitors) == 1
    assert session.shown == []


def test_a_render_that_the_form_starts_is_held_to_the_same_as_that_of_the_scripts(
    session: Session, shot: ShotOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[object] = []
    monkeypatch.setattr(shelf, "_submit", submitted.append)
    monkeypatch.setattr(shelf, "render", partial(rendering.render, wait_s=0))
    shelf.submit_shot()
    [dialog] = shelf._dialogs.values()
    dialog._words.prompt.setPlainText(PROMPT)
    dialog._render.setChecked(True)
    explained = shelf.explain_errors(lambda: shelf._submit_form(dialog))
    explained()
    # Nothing was written, and the frames of the last render are there.
    assert submitted == []
    assert "files of an earlier render are there" in str(session.shown[-1][1]["text"])
    assert session.rendered == [(NODE, (1, 5, 1))]
    session.on_render = lambda _: [write_picture(shot.file("color", frame), bars(frame + 9)) for frame in range(1, 6)]
    explained()
    assert len(submitted) == 1
    assert ("setStatusMessage", {"message": f"rendering {NODE}, frames 1-5"}) in session.shown
