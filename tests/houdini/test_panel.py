"""The dockable panel: Houdini's file of it, its pages, and the scene that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cosmos_houdini.houdini import panel, shelf, worker
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.windows.monitor import Monitor
from cosmos_houdini.houdini.windows.results import ResultsWindow
from support.houdini import offscreen
from support.houdini.houdini_session import Session
from support.media.shot_files import NODE, ShotOnDisk, make_shot

FILE = ROOT / "python_panels" / "cosmos_jobs.pypanel"


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    offscreen.application()
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface = True
    yield houdini
    for each in panel._panels:
        each._timer.stop()
        each.close()
    panel.destroy()
    shelf._monitors.clear()
    offscreen.settle()


def functions() -> dict:
    """Return what the script of the panel defines."""
    [interface] = ET.parse(FILE).getroot().iter("interface")  # noqa: S314 - our own file
    names: dict = {}
    exec(interface.findtext("script") or "", names)  # noqa: S102 - as Houdini does
    return names


def test_the_file_is_a_panel_with_an_icon_of_ours_and_is_in_the_menu_of_panes() -> None:
    root = ET.parse(FILE).getroot()  # noqa: S314 - our own file
    [interface] = root.iter("interface")
    assert root.tag == "pythonPanelDocument"
    assert interface.get("label") == "Cosmos Jobs"
    assert (ROOT / "config" / "Icons" / f"{interface.get('icon')}.svg").is_file()
    assert interface.find("includeInPaneTabMenu") is not None
    assert {"onCreateInterface", "onDestroyInterface"} <= set(functions())


def test_the_panel_shows_jobs_and_results_of_the_scene_s_project(session: Session) -> None:
    shot = ShotOnDisk(folder=Path(session.path).parent)
    options = {"scene": str(shot.hip), "output": NODE, "prompt": "rain"}
    job = worker.call("submit", options, folder=shot.folder)["id"]
    widget = functions()["onCreateInterface"]()
    widget.show()
    assert [widget.tabs.tabText(index) for index in range(2)] == ["Jobs", "Results"]
    monitor, results = widget.tabs.widget(0), widget.tabs.widget(1)
    assert isinstance(monitor, Monitor)
    assert isinstance(results, ResultsWindow)
    assert not monitor.isWindow()
    offscreen.until(lambda: [row.id for row in monitor._jobs] == [job], "the job is listed")
    offscreen.until(lambda: results._list.count() and not results._list.item(0).icon().isNull(), "a picture is shown")
    results._words.setText("no such word")
    assert results._list.item(0).isHidden()
    results._words.setText("RAIN preview")
    assert not results._list.item(0).isHidden()
    assert session.shown == []


def test_a_submission_is_shown_in_the_panel_instead_of_a_window_of_its_own(session: Session) -> None:
    widget = panel.create()
    widget.show()
    widget.tabs.setCurrentIndex(1)
    shelf.job_monitor()
    assert list(shelf._monitors.values()) == widget.monitors
    assert widget.tabs.currentIndex() == 0
    assert session.shown == []


def test_another_scene_brings_its_own_project_and_none_says_what_to_do(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = panel.create()
    widget.show()
    before = widget.monitors
    session.path = str(make_shot(tmp_path / "other", monkeypatch).hip)
    widget.follow()
    assert [monitor.folder for monitor in widget.monitors] == [tmp_path / "other"]
    assert widget.monitors != before
    session.is_new = True
    widget.follow()
    assert widget.monitors == []
    assert widget._hint.isVisible()


def test_a_closed_panel_leaves_a_window_for_the_next_submission(session: Session) -> None:
    widget = panel.create()
    widget.show()
    widget.close()
    functions()["onDestroyInterface"]()
    assert panel._panels == []
    assert shelf._monitors == {}
    shelf.job_monitor()
    [monitor] = shelf._monitors.values()
    assert monitor.isWindow()
    monitor._timer.stop()
    monitor.close()
    assert session.shown == []
