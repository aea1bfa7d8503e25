"""The file that the worker reads is the session's: under the name that saving gave it, with what the artist sees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.houdini import shelf
from cosmos_houdini.houdini.saving import CANCEL, SAVE, WATERMARK, saved_scene
from cosmos_houdini.houdini.seen_color import DISPLAY, VIEW
from cosmos_houdini.media.pictures.color import SEEN_DISPLAY, SEEN_VIEW
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import Session
from support.media.shot_files import make_shot


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return Houdini with its interface and a shot open that has changed since it was saved."""
    offscreen.application()
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface, houdini.has_unsaved_changes = True, True
    monkeypatch.setattr(shelf, "_take_answer", lambda *_: None)
    for name in (DISPLAY, VIEW):
        monkeypatch.delenv(name, raising=False)
    yield houdini
    for dialog in shelf._dialogs.values():
        dialog.close()
        dialog.deleteLater()
    shelf._dialogs.clear()
    offscreen.settle()


@pytest.mark.parametrize("ending", [".hiplc", ".hipnc"])
def test_the_dialog_submits_the_file_that_saving_wrote(session: Session, tmp_path: Path, ending: str) -> None:
    """Indie and Apprentice give the scene another ending when it is saved; the old file stays beside it."""
    session.ending = ending
    shelf.submit_shot()
    [dialog] = shelf._dialogs.values()
    assert dialog.submission().scene == tmp_path / f"shot{ending}"
    assert (tmp_path / "shot.hip").is_file()


def test_a_sweep_is_built_only_on_a_saved_scene(session: Session) -> None:
    session.answers["displayMessage"] = [1]
    shelf.set_up_sweep()
    assert not [path for path in session.nodes if path.startswith("/tasks/")]
    assert session.has_unsaved_changes
    assert session.shown[0][1]["buttons"] == [SAVE, CANCEL]
    shelf.set_up_sweep()
    assert not session.has_unsaved_changes
    assert "/tasks/cosmos_shot" in session.nodes


def test_an_apprentice_is_told_of_the_watermark(session: Session) -> None:
    session.ending = ".hipnc"
    saved_scene("Cook")
    assert ("setStatusMessage", {"message": WATERMARK}) in session.shown
    session.shown.clear()
    session.ending = ".hip"
    saved_scene("Cook")
    assert session.shown == []


def test_what_the_artist_looks_through_is_handed_on(session: Session) -> None:
    assert (DISPLAY, VIEW) == (SEEN_DISPLAY, SEEN_VIEW)
    session.panes.append(fake_hou.SceneViewer("sRGB - Display", "ACES 1.0 - SDR Video"))
    saved_scene("Cook")
    assert (os.environ[DISPLAY], os.environ[VIEW]) == ("sRGB - Display", "ACES 1.0 - SDR Video")
    session.panes[:] = [fake_hou.SceneViewer()]
    saved_scene("Cook")
    assert DISPLAY not in os.environ
