"""The form of Submit Shot: what it sends, what it costs, the pictures of its controls, and the viewport as a shot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.houdini import shelf, worker
from cosmos_houdini.houdini.scene_contents import read_in_steps
from cosmos_houdini.houdini.shot_choices import read_shot_choices, render_flipbook
from cosmos_houdini.houdini.windows.shot_choice import VIEWPORT, ShotChoice
from cosmos_houdini.houdini.windows.submit_dialog import SubmitDialog
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import Session
from support.media.clips import bars, write_picture
from support.media.shot_files import NODE, ShotOnDisk, make_shot

CHOICE = ShotChoice(path=NODE, first=1, last=5, size=(96, 64))
CHOICES = [CHOICE, ShotChoice(path="", first=1, last=48)]


@pytest.fixture
def shot(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    offscreen.application()
    shot = make_shot(tmp_path, monkeypatch)
    houdini.load(str(shot.hip))
    houdini.has_interface = True
    return shot


@pytest.fixture
def dialog(shot: ShotOnDisk) -> Iterator[SubmitDialog]:
    dialog = SubmitDialog(shot.hip, CHOICES, read_in_steps)
    offscreen.until(lambda: dialog._choices is None, "the engines are known")
    yield dialog
    dialog.done(0)
    offscreen.settle()


def test_the_cost_is_shown_before_anything_is_sent_and_follows_the_frames(
    dialog: SubmitDialog, shot: ShotOnDisk
) -> None:
    offscreen.until(lambda: "frames" in dialog._cost.text, "there is an estimate")
    assert dialog._cost.text.startswith("5 frames · 1 chunk of 121 · 116 frames of waste · 960x704 · about ")
    dialog._last.setValue(130)
    offscreen.until(lambda: dialog._cost.text.startswith("130 frames · 2 chunks of 121"), "it follows")
    dialog._last.setValue(0)
    offscreen.until(lambda: dialog._cost.text == "No estimate", "no frames are no shot")
    assert "last frame" in dialog._cost._warning.text()
    assert not (shot.folder / "cosmos_out").exists()


def test_what_is_as_it_was_is_not_sent_and_what_is_dragged_is(dialog: SubmitDialog) -> None:
    assert dialog.submission().options == {}
    dialog._columns[3].weight._field.setValue(0.8)
    dialog._fields.seed.setValue(7)
    dialog._fields.rows["guidance"]._field.setValue(6)
    dialog._first.setValue(2)
    assert dialog.submission().options == {
        "weights": {"depth": 0.8},
        "parameters": {"seed": 7, "guidance": 6.0},
        "range": "2-5",
    }
    dialog._engine.setCurrentText("diffusers")
    assert dialog.submission().options["parameters"] == {"seed": 7, "guidance": 6.0}
    dialog._engine.setCurrentText("transfer2.5")
    assert not dialog._fields.rows["sigma_max"].is_changed


def test_a_slider_and_its_field_follow_one_another(dialog: SubmitDialog) -> None:
    row = dialog._columns[1].weight
    assert (row.value, row.is_changed) == (0.5, False)
    row._slider.setValue(250)
    assert (row.value, row._field.value(), row.is_changed) == (0.25, 0.25, True)
    row._field.setValue(1.0)
    assert row._slider.value() == 1000


def again(dialog: SubmitDialog) -> SubmitDialog:
    """Return the form that opens after another one, before the worker has told the configuration."""
    later = SubmitDialog(dialog._hip, CHOICES, read_in_steps)
    later.go_on_from(dialog)
    later.choose("")
    return later


def test_a_form_goes_on_with_all_that_was_chosen_in_the_one_before(dialog: SubmitDialog) -> None:
    dialog._engine.setCurrentText("transfer2.5")
    dialog._host.setCurrentText("local")
    dialog._words.prompt.setPlainText("rain")
    dialog._words.negative.setText("blur")
    dialog._options.setText("--fit letterbox")
    dialog._first.setValue(2)
    dialog._columns[3].weight._field.setValue(0.8)
    # As after a look at a control that was not rendered.
    dialog._columns[2].weight.describe(0, 1, 0.0)
    dialog._columns[2].weight._field.setValue(0.5)
    dialog._fields.seed.setValue(7)
    dialog._fields.rows["guidance"]._field.setValue(4)
    wanted = dialog.submission()
    assert set(wanted.options) == {"engine", "host", "negative_prompt", "weights", "parameters", "range"}
    later = again(dialog)
    at_once = later.submission()
    offscreen.until(lambda: later._choices is None, "the engines are known")
    afterwards, engines = later.submission(), later._engine.count()
    later._node.setCurrentText(VIEWPORT)
    frames = later.frames
    later.done(0)
    offscreen.settle()
    assert at_once == wanted
    assert afterwards == wanted
    assert engines == dialog._engine.count()
    assert frames == (1, 48)


def test_a_host_that_is_gone_from_the_configuration_is_chosen_no_more(dialog: SubmitDialog) -> None:
    dialog._host.addItem("gpu09")
    dialog._host.setCurrentText("gpu09")
    later = again(dialog)
    offscreen.until(lambda: later._choices is None, "the hosts are known")
    host = later._host.currentText()
    later.done(0)
    offscreen.settle()
    assert host == "as configured: local"


def test_a_first_prompt_is_written_from_the_open_scene_and_the_own_words(
    dialog: SubmitDialog, houdini: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One frame at a time: the interface gets its turn in between.
    monkeypatch.setattr("cosmos_houdini.houdini.windows.prompt_fields.SLICE_S", 0)
    words = dialog._words
    words.prompt.setPlainText("rain")
    words.write.click()
    assert words._reading is not None
    assert not words.write.isEnabled()
    assert words.prompt.isReadOnly()
    offscreen.until(words.write.isEnabled, "the prompt is written")
    first = dialog.prompt
    assert first.startswith("Rain.")
    assert "50 mm" in first
    words.write.click()
    offscreen.until(words.write.isEnabled, "the prompt is written again")
    assert dialog.prompt == first
    words.prompt.undo()
    words.prompt.undo()
    assert dialog.prompt == "rain"
    assert houdini.shown == []


def test_a_scene_that_tells_nothing_is_a_sentence_in_the_form(dialog: SubmitDialog) -> None:
    dialog.show()
    dialog._words.write.click()
    offscreen.until(dialog._words.write.isEnabled, "the reason is there")
    assert "nothing says what the shot shows" in dialog._error.text.text()
    assert dialog.prompt == ""
    dialog._words.prompt.setPlainText("rain")
    dialog._words.write.click()
    assert not dialog._error.isVisible()


def test_a_scene_that_houdini_cannot_evaluate_is_a_sentence_in_the_form(
    dialog: SubmitDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise fake_hou.OperationFailed("cam1: bad expression")

    monkeypatch.setattr("cosmos_houdini.houdini.scene_contents._rows", fail)
    dialog._words.write.click()
    offscreen.until(dialog._words.write.isEnabled, "the reason is there")
    assert "the scene cannot be read: cam1: bad expression" in dialog._error.text.text()


def test_the_controls_are_seen_and_one_that_is_not_rendered_takes_no_weight(
    dialog: SubmitDialog, shot: ShotOnDisk
) -> None:
    dialog._look.click()
    assert not dialog._look.isEnabled()
    offscreen.until(dialog._look.isEnabled, "the pictures are there")
    color, vis, edge, depth, seg = dialog._columns
    assert [not column._picture.pixmap().isNull() for column in dialog._columns] == [True, False, False, True, False]
    assert [column.weight.isEnabled() for column in (vis, edge, depth, seg)] == [True, True, True, False]
    assert (edge.weight.value, depth.weight.value) == (0.0, 0.5)
    assert dialog.submission().options == {}
    assert color.weight is None
    assert "5 frames are verified" in dialog._note.text()
    dialog._node.setCurrentText(VIEWPORT)
    assert [column._picture.text() for column in dialog._columns] == ["not looked at yet"] * 5
    assert (edge.weight.value, seg.weight.isEnabled()) == (0.5, True)
    assert worker.call("status", folder=shot.folder)["jobs"] == []


def test_a_control_that_can_be_computed_is_computed_as_soon_as_it_has_a_weight(dialog: SubmitDialog) -> None:
    edge = dialog._columns[2]
    edge.weight._field.setValue(0.7)
    dialog._look.click()
    offscreen.until(dialog._look.isEnabled, "the pictures are there")
    assert not edge._picture.pixmap().isNull()
    assert dialog.submission().options == {"weights": {"edge": 0.7}}


def test_frames_that_cannot_be_used_are_explained_in_the_form(dialog: SubmitDialog, shot: ShotOnDisk) -> None:
    shot.file("color", 3).unlink()
    dialog._look.click()
    offscreen.until(dialog._look.isEnabled, "the reason is there")
    dialog.show()
    assert dialog._error.isVisible()
    assert "3" in dialog._error.text.text()


def test_a_closed_form_asks_the_worker_for_nothing_more(dialog: SubmitDialog) -> None:
    dialog.done(0)
    assert not dialog._timer.isActive()


def test_the_viewport_is_a_shot_where_one_is_open(houdini: Session, shot: ShotOnDisk) -> None:
    assert [choice.label for choice in read_shot_choices()] == [NODE]
    houdini.panes.append(fake_hou.SceneViewer())
    first, last = read_shot_choices()
    assert (first.path, first.first, first.last, first.size) == (NODE, 1, 5, (96, 64))
    assert (last.label, last.size) == (VIEWPORT, (96, 64))
    assert shot.hip.is_file()


def flipbook(houdini: Session) -> None:
    houdini.panes.append(fake_hou.SceneViewer())
    houdini.on_flipbook = lambda path, size: write_picture(Path(path), bars(1, size))


def test_a_flipbook_is_submitted_as_the_colour_of_the_shot(houdini: Session, shot: ShotOnDisk) -> None:
    flipbook(houdini)
    shelf.submit_shot()
    [form] = shelf._dialogs.values()
    form._node.setCurrentText(VIEWPORT)
    assert not form._look.isEnabled()
    form._words.prompt.setPlainText("rain")
    form._buttons.button(form._buttons.StandardButton.Ok).click()
    [monitor] = shelf._monitors.values()
    offscreen.until(lambda: [row.state for row in monitor._jobs] == ["succeeded"], "the job succeeds")
    pictures = sorted(path.name for path in (shot.folder / "cosmos_flipbook" / "shot").iterdir())
    assert pictures == [f"shot.color.{frame:04d}.png" for frame in range(1, 6)]
    assert houdini.shown == []
    monitor._timer.stop()
    monitor.close()
    shelf._monitors.clear()
    shelf._dialogs.clear()
    offscreen.settle()


def test_a_flipbook_that_was_interrupted_is_not_submitted(houdini: Session, shot: ShotOnDisk) -> None:
    with pytest.raises(BadInput, match="no Scene View is open"):
        render_flipbook(shot.hip, 1, 5, (96, 64))
    houdini.panes.append(fake_hou.SceneViewer())
    folder = shot.folder / "cosmos_flipbook" / "shot"
    folder.mkdir(parents=True)
    (folder / "shot.color.0001.png").touch()
    with pytest.raises(ToolError, match="0 frames of 5"):
        render_flipbook(shot.hip, 1, 5, (96, 64))
    assert list(folder.iterdir()) == []
