"""The worker as a child process: its document, its progress, its errors, and its end when it is stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, Cancelled
from cosmos_houdini.houdini import environment, worker, worker_error
from cosmos_houdini.houdini.worker_error import WorkerError
from cosmos_houdini.scene import read_scene
from support.houdini import hip_files


def test_the_document_of_a_command_comes_back(weird_path: Path) -> None:
    hip = hip_files.write_hip(weird_path, hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS))
    expected = {"schema": "cosmos-houdini/scene/1", **read_scene(hip).document()}
    assert worker.call("scene", str(hip)) == expected


def test_the_environment_of_houdini_does_not_break_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/opt/hfs21.0/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/hfs21.0/houdini/python3.11libs")
    hip = hip_files.write_hip(tmp_path)
    assert worker.call("scene", str(hip))["fps"] == 24


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no PYTHONSAFEPATH")
def test_a_module_beside_the_scene_takes_no_place_in_the_worker(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')\n", encoding="utf-8")
    hip = hip_files.write_hip(tmp_path)
    assert worker.call("scene", str(hip), folder=tmp_path)["fps"] == 24


def test_an_error_has_title_sentence_and_what_to_do_and_its_traceback_is_in_the_log(tmp_path: Path, log: Path) -> None:
    lines: list[str] = []
    with pytest.raises(WorkerError) as caught:
        worker.call("scene", str(tmp_path / "absent.hip"), on_line=lines.append)
    error = caught.value
    assert (error.status, error.title) == (2, "This cannot be used")
    assert "absent.hip" in error.problem
    assert "Traceback" not in f"{error} {lines}"
    assert error.log == log
    assert worker.TRACEBACK in log.read_text(encoding="utf-8")


def test_a_wrong_option_is_told_in_one_sentence() -> None:
    with pytest.raises(WorkerError) as caught:
        worker.call("scene", "--no-such-option", "a.hip")
    assert caught.value.problem.startswith("No such option")
    assert "--no-such-option" in caught.value.problem


def test_a_worker_that_crashes_is_told_apart_from_one_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = [sys.executable, "-c", "import sys; print('half', file=sys.stderr); sys.exit(70)"]
    monkeypatch.setattr(worker, "worker_argv", lambda *_: crash)
    with pytest.raises(WorkerError) as caught:
        worker.call("scene")
    assert (caught.value.title, caught.value.problem) == ("The worker stopped unexpectedly", "half")
    assert str(worker_error.log_file()) in caught.value.action


def test_an_environment_that_lacks_something_new_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "worker_argv", lambda *_: [sys.executable, "-c", "import no_such_library"])
    with pytest.raises(WorkerError, match="No module named 'no_such_library'") as caught:
        worker.call("scene")
    assert caught.value.action.startswith("bring the worker's environment up to date: ")


@pytest.mark.skipif(sys.platform == "win32", reason="there a file needs no leave to be run")
def test_a_worker_that_cannot_be_started_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(python))
    with pytest.raises(BadInput, match="cannot be started with") as caught:
        worker.call("scene", "a.hip")
    assert str(python) in caught.value.problem
    assert "scripts/install" in caught.value.action


def test_lines_arrive_while_the_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = "import sys\nprint('one', file=sys.stderr, flush=True)\nsys.stdin.close()\nprint('[1]')"
    monkeypatch.setattr(worker, "worker_argv", lambda *_: [sys.executable, "-c", talk])
    lines: list[str] = []
    assert worker.call("any", on_line=lines.append) == [1]
    assert lines == ["one"]


@pytest.mark.skipif(sys.platform == "win32", reason="there the worker is ended, not interrupted")
def test_a_stopped_worker_is_interrupted_and_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = (
        "import pathlib, time\ntry:\n    pathlib.Path('began').touch(); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    pathlib.Path('tidied').touch()"
    )
    monkeypatch.setattr(worker, "worker_argv", lambda *_: [sys.executable, "-c", wait])
    began = tmp_path / "began"
    with pytest.raises(Cancelled, match="submit was stopped"):
        worker.call("submit", folder=tmp_path, on_wait=worker.stop_when(began.exists, "submit"))
    assert (tmp_path / "tidied").exists()


def test_a_worker_that_never_falls_silent_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = "import sys\nwhile True: print('more', file=sys.stderr, flush=True)"
    monkeypatch.setattr(worker, "worker_argv", lambda *_: [sys.executable, "-c", talk])
    lines: list[str] = []
    with pytest.raises(Cancelled):
        worker.call("submit", on_line=lines.append, on_wait=worker.stop_when(lambda: len(lines) > 100, "submit"))


def test_a_worker_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = (
        "import pathlib, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "pathlib.Path('began').touch(); time.sleep(60)"
    )
    monkeypatch.setattr(worker, "worker_argv", lambda *_: [sys.executable, "-c", stubborn])
    monkeypatch.setattr(worker, "STOP_GRACE_S", 0.2)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        worker.call("submit", folder=tmp_path, on_wait=worker.stop_when((tmp_path / "began").exists, "submit"))
    assert time.monotonic() - began < 60


def test_the_log_starts_anew_beyond_its_limit(log: Path) -> None:
    log.write_text("x" * (worker_error.LOG_LIMIT_BYTES + 1), encoding="utf-8")
    worker_error.keep_log(["python", "-m", "cosmos_houdini"], 1, ["gone"])
    assert log.stat().st_size < 1000
    assert log.with_suffix(".old.log").stat().st_size > worker_error.LOG_LIMIT_BYTES


def test_the_worker_is_the_checkouts_own_code() -> None:
    assert environment.clean_environment({})["PYTHONPATH"] == str(Path(worker.__file__).parents[2])


def test_what_the_worker_said_is_kept_where_the_preferences_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "prefs").touch()
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "prefs"))
    with pytest.raises(WorkerError, match=r"absent\.hip") as caught:
        worker.call("scene", "absent.hip")
    assert caught.value.log.parent == tmp_path
    assert worker.TRACEBACK in caught.value.log.read_text(encoding="utf-8")


def test_preferences_in_which_the_version_is_not_filled_in_are_not_taken_for_a_folder(tmp_path: Path) -> None:
    named = str(tmp_path / "houdini__HVER__")
    assert worker_error.log_file({"HOUDINI_USER_PREF_DIR": named}) == worker_error.log_file({})


def test_an_error_is_no_answer_of_a_command_that_may_find_fault(tmp_path: Path, log: Path) -> None:
    with pytest.raises(WorkerError, match="no host 'none' is configured"):
        worker.call("doctor", "--host", "none", folder=tmp_path, may_find_fault=True)
    assert log.is_file()
