"""Compare Results and Load Result: real jobs' results in a report, in MPlay, and behind the shot's camera."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cosmos_houdini.houdini import shelf, worker
from cosmos_houdini.houdini.windows import result_actions
from cosmos_houdini.houdini.windows.camera_background import BACKGROUND, show_behind_camera
from cosmos_houdini.houdini.windows.job_row import JobRow
from cosmos_houdini.houdini.windows.result_actions import start_mplay
from cosmos_houdini.houdini.windows.result_frames import ResultFrames
from cosmos_houdini.houdini.windows.results import ResultsWindow, describe_result
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import SavedNode, Session
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.servers.host_programs import write_shell

CAMERA = "/obj/cam1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ShotOnDisk, list[str]]]:
    """Make a shot and two results of it; give them with their jobs, the newest first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COSMOS_HOUDINI_PYTHON", sys.executable)
        patch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path_factory.mktemp("houdini21.0")))
        shot = make_shot(tmp_path_factory.mktemp("shot"), patch)
        jobs = []
        for seed in (1, 2):
            options = {"scene": str(shot.hip), "output": NODE, "prompt": "rain", "parameters": {"seed": seed}}
            jobs.append(worker.call("submit", options, folder=shot.folder)["id"])
        yield shot, jobs[::-1]


@pytest.fixture
def jobs(made: tuple[ShotOnDisk, list[str]]) -> list[str]:
    return made[1]


@pytest.fixture
def session(houdini: Session, made: tuple[ShotOnDisk, list[str]]) -> Iterator[Session]:
    """Return Houdini with its interface and a shot open that has two results."""
    offscreen.application()
    houdini.load(str(made[0].hip))
    houdini.has_interface = True
    yield houdini
    for window in shelf._results.values():
        window._timer.stop()
        window.close()
        window.deleteLater()
    shelf._results.clear()
    offscreen.settle()


def opened(tool: Callable[[], None]) -> ResultsWindow:
    tool()
    [window] = shelf._results.values()
    offscreen.until(lambda: window._status is None, "the results are listed")
    return window


def click(window: ResultsWindow, label: str) -> None:
    [button] = [button for _, button in window._buttons if button.text() == label]
    assert button.isEnabled()
    button.click()
    offscreen.until(lambda: window._task is None, f"{label} is done")


@shelf.explain_errors
def show_it() -> None:
    show_behind_camera("/frames/a.$F4.png")


def test_the_chosen_results_are_opened_as_a_report(
    session: Session, jobs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Path] = []
    monkeypatch.setattr(shelf, "open_in_system", pages.append)
    window = opened(shelf.compare_results)
    assert [row.id for row in window._jobs] == jobs
    lines = [window._list.item(index).text() for index in range(2)]
    assert lines == [
        f"{job}\npreview on local   seed {seed}   depth 0.5\nrain" for job, seed in zip(jobs, (2, 1), strict=True)
    ]
    window._list.selectAll()
    click(window, "Open Report")
    [page] = pages
    assert (page.name, page.is_file()) == ("index.html", True)
    report = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    assert sorted(run["job"] for run in report["runs"]) == sorted(jobs)
    assert window._head.text() == f"Opened {page}"
    assert not window._error.isVisible()
    picture = tmp_path / "results.png"
    assert window.grab().save(str(picture))
    assert session.shown == []


def test_the_chosen_results_are_delivered_over_their_plates(session: Session, jobs: list[str]) -> None:
    window = opened(shelf.compare_results)
    window._list.item(0).setSelected(True)
    click(window, "Deliver EXR")
    assert not window._error.isVisible()
    told = window._head.text()
    assert told.startswith("Delivered 1 results, the last as ")
    pattern = Path(told.rpartition(" ")[2])
    assert pattern.parent.parent.name == jobs[0]
    assert len(list(pattern.parent.glob("*.exr"))) == 5
    assert session.shown == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for MPlay")
def test_the_chosen_results_are_loaded_in_mplay_a_sequence_each(
    session: Session, jobs: list[str], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    write_shell(
        tmp_path / "hfs" / "bin", "mplay", f'for file; do echo "$file"; done >"{seen}.new"; mv "{seen}.new" "{seen}"'
    )
    session.variables["HFS"] = str(tmp_path / "hfs")
    window = opened(shelf.compare_results)
    window._list.selectAll()
    click(window, "Load in MPlay")
    assert window._head.text() == "Loaded 10 frames of 2 results into MPlay"
    offscreen.until(seen.is_file, "MPlay has started")
    option, *files = seen.read_text(encoding="utf-8").splitlines()
    assert option == "-g"
    assert {Path(file).name for file in files} == {f"{job}.result.{n:04d}.png" for job in jobs for n in range(1, 6)}
    assert not any(Path(file).is_absolute() for file in files)
    for player in result_actions._players:
        assert player.wait(timeout=60) == 0


def test_an_mplay_that_is_not_there_is_told_with_what_to_do(session: Session, tmp_path: Path) -> None:
    session.variables["HFS"] = str(tmp_path / "absent")
    window = opened(shelf.compare_results)
    click(window, "Load in MPlay")
    [(_, shown)] = session.shown
    assert shown["title"] == "This cannot be used"
    assert "MPlay does not start" in str(shown["text"])
    assert "in MPlay" in str(shown["text"])


def test_a_result_is_shown_behind_the_camera_of_the_render_node(session: Session, jobs: list[str]) -> None:
    window = opened(shelf.load_result)
    click(window, "Set as Background")
    [value] = session.nodes[CAMERA].parms[BACKGROUND]
    first = Path(value.text.replace("$F4", "0001"))
    assert first.is_file()
    assert first.name == f"{jobs[0]}.restored.0001.png"
    assert len(list(first.parent.glob("*.restored.*.png"))) == 5
    assert window._head.text() == f"{value.text} is the background of {CAMERA}"
    assert session.undo_groups == ["Load Cosmos Result"]
    window._list.selectAll()
    assert [use.label for use, button in window._buttons if button.isEnabled()] == ["Load in COPs"]


def test_a_result_that_was_made_in_the_background_has_the_size_of_the_plate_too(
    session: Session, made: tuple[ShotOnDisk, list[str]]
) -> None:
    shot, jobs = made
    folder = shot.folder / "cosmos_out" / "shot" / jobs[0]
    (folder / "restored.mp4").rename(folder / "aside.mp4")
    try:
        click(opened(shelf.load_result), "Set as Background")
    finally:
        (folder / "aside.mp4").rename(folder / "restored.mp4")
    [value] = session.nodes[CAMERA].parms[BACKGROUND]
    with Image.open(value.text.replace("$F4", "0005")) as picture, Image.open(shot.file("color", 5)) as plate:
        assert picture.size == plate.size
    assert session.shown == []


@pytest.mark.parametrize(("kinds", "parm"), [({"copnet", "cop2net"}, "filename"), ({"cop2net"}, "filename1")])
def test_results_are_loaded_into_a_cop_network_a_file_node_each(
    session: Session, jobs: list[str], kinds: set[str], parm: str
) -> None:
    session.objects = frozenset(kinds)
    window = opened(shelf.load_result)
    window._list.selectAll()
    click(window, "Load in COPs")
    nodes = {path: node for path, node in session.nodes.items() if path.startswith("/obj/cosmos_results/")}
    assert sorted(nodes) == sorted(f"/obj/cosmos_results/{job.replace('-', '_')}" for job in jobs)
    for path, node in nodes.items():
        [value] = node.parms[parm]
        first = Path(value.text.replace("$F4", "0001"))
        assert (node.type, first.is_file()) == ("file", True)
        assert first.name.replace("-", "_").startswith(f"{path.rpartition('/')[2]}.restored.")
        if parm == "filename":
            # The planes of the files, in the colours of a display; the button works only after a cook.
            assert path in session.cooked
            assert [node.parms[name][0].text for name in ("colorspace", "aovs")] == ["ocio", "0"]
    assert sorted(session.pressed) == (sorted(nodes) if parm == "filename" else [])
    assert session.nodes["/obj/cosmos_results"].is_current
    assert session.undo_groups == ["Load Cosmos Results"]
    click(window, "Load in COPs")
    assert {path for path in session.nodes if path.startswith("/obj/cosmos_results/")} == set(nodes)
    assert session.shown == []


def test_a_houdini_without_cop_networks_is_told_what_to_do(session: Session) -> None:
    session.objects = frozenset({"cam"})
    window = opened(shelf.load_result)
    click(window, "Load in COPs")
    [(_, shown)] = session.shown
    assert "copnet or cop2net" in str(shown["text"])
    assert not any(path.startswith("/obj/cosmos_results") for path in session.nodes)


def test_without_a_camera_in_obj_the_scene_view_shows_it_or_what_to_do_is_told(session: Session) -> None:
    del session.nodes[CAMERA]
    show_it()
    assert "no Scene View is open" in str(session.shown.pop()[1]["text"])
    viewer = fake_hou.SceneViewer()
    session.panes.append(viewer)
    assert "wherever it looks through a camera" in show_behind_camera("/frames/a.$F4.png")
    settings = viewer.curViewport().settings()
    assert settings.backgroundImage(fake_hou.viewportBGImageView.Camera).imageFile() == "/frames/a.$F4.png"
    assert settings._shows_background


def test_of_several_cameras_one_is_chosen_or_nothing_is_changed(session: Session) -> None:
    camera = session.nodes[CAMERA]
    session.nodes["/obj/cam2"] = replace(camera, path="/obj/cam2", parms=dict(camera.parms))
    del session.nodes[NODE]
    session.answers["selectFromList"] = [(), (1,)]
    show_it()
    assert session.shown[-1] == ("setStatusMessage", {"message": "Interrupted"})
    assert show_behind_camera("/a.$F4.png").endswith("/obj/cam2")
    assert BACKGROUND not in session.nodes[CAMERA].parms


def test_what_is_under_way_is_stopped_with_a_button(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    window = opened(shelf.compare_results)
    slow = 'import sys; print(\'{"event": "message", "text": "drawing"}\', flush=True); sys.stdin.read()'
    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", slow])
    window.start(window._buttons[0][0])
    offscreen.until(lambda: window._head.text() == "drawing", "the worker's message is shown")
    assert not any(button.isEnabled() for _, button in window._buttons)
    window._stop.click()
    offscreen.until(lambda: window._task is None, "it is stopped")
    assert window._head.text() == "Stopped"
    assert not window._error.isVisible()
    assert session.shown == []


def test_a_result_that_is_gone_is_told_without_a_traceback(session: Session) -> None:
    window = opened(shelf.load_result)
    folder = window._jobs[0].outputs[0].parent
    away = folder.rename(folder.with_name("away"))
    click(window, "Set as Background")
    away.rename(folder)
    assert window._error.isVisible()
    assert "result.mp4" in window._error.text.text()
    assert "Traceback" not in window._error.text.text()
    assert BACKGROUND not in session.nodes[CAMERA].parms


def test_a_project_without_results_says_how_to_make_one(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.path = str(make_shot(tmp_path, monkeypatch).hip)
    window = opened(shelf.compare_results)
    assert window._head.text().startswith("No result yet")
    assert not any(button.isEnabled() for _, button in window._buttons)
    assert session.shown == []


def test_a_result_without_its_file_is_told_by_its_job(tmp_path: Path) -> None:
    row = JobRow(
        id="sea-1f2e", name="sea", state="succeeded", engine="preview", host="gpu01", outputs=(tmp_path / "a.mp4",)
    )
    assert describe_result(row) == "sea-1f2e\npreview on gpu01"


@pytest.mark.parametrize(
    ("sha256", "restored", "expected"),
    [("aa", False, "restore"), ("bb", True, "restored.mp4"), ("bb", False, "result.mp4")],
    ids=["of this shot", "of an earlier render, restored then", "of an earlier render"],
)
def test_a_result_is_brought_back_to_the_plate_that_it_was_made_of(
    tmp_path: Path, sha256: str, *, restored: bool, expected: str
) -> None:
    folder = tmp_path / "sea-1f2e"
    documents = {
        folder / "result.json": {"request": {"video": {"sha256": "aa"}}},
        tmp_path / "input" / "metadata.json": {
            "videos": {"color": {"sha256": sha256}},
            "frame": {},
            "sources": {"color": {"first": 1001}},
        },
    }
    for path, document in documents.items():
        path.parent.mkdir()
        path.write_text(json.dumps(document), encoding="utf-8")
    if restored:
        (folder / "restored.mp4").touch()
    frames = ResultFrames.in_plate("sea-1f2e", folder / "result.mp4")
    command, options = frames.request
    assert expected in {command, Path(str(options["video"])).name}
    assert (command == "restore") == (frames.conversion is not None)
    assert frames.first == 1001


def test_frames_of_a_job_without_a_shot_begin_with_1(tmp_path: Path) -> None:
    frames = ResultFrames.of("sea-1f2e", tmp_path / "sea-1f2e" / "result.mp4")
    assert frames.first == 1
    assert frames.houdini_path == f"{tmp_path.as_posix()}/sea-1f2e/frames/sea-1f2e.result.$F4.png"
    assert frames.files == []


def test_an_odd_camera_elsewhere_does_not_keep_a_result_from_the_shots_camera(session: Session) -> None:
    session.nodes["/stage/odd"] = SavedNode(path="/stage/odd", type="camera::9.0", category="Lop")
    session.nodes["/obj/odd"] = SavedNode(path="/obj/odd", type="cam", category="Object")
    assert show_behind_camera("/a.$F4.png").endswith(CAMERA)
    assert session.shown == []


def test_frames_on_two_drives_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_: object) -> str:
        raise ValueError("Paths don't have the same drive")

    started: list[list[str]] = []
    monkeypatch.setattr(result_actions.os.path, "commonpath", refuse)
    monkeypatch.setattr(result_actions, "mplay_program", lambda: Path("/hfs/mplay"))
    monkeypatch.setattr(result_actions.subprocess, "Popen", lambda argv, **_: started.append(argv))
    files = [tmp_path / "a.0001.png", tmp_path / "b" / "a.0001.png"]
    monkeypatch.setattr(result_actions, "_players", [])
    start_mplay(files)
    assert started == [["/hfs/mplay", "-g", *map(str, files)]]
