"""The worker as a child process: its document, its progress, its errors, and its end when it is stopped."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, Cancelled
from cosmos_houdini.houdini import environment, worker, worker_error
from cosmos_houdini.houdini.worker_error import WorkerError
from cosmos_houdini.scene import read_scene
from cosmos_houdini.schemas import schema_id
from support.houdini import hip_files


def play(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Start a program of Python instead of the worker."""
    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", program])


def test_the_document_of_a_command_comes_back(weird_path: Path) -> None:
    hip = hip_files.write_hip(weird_path, hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS))
    assert worker.call("scene", {"file": str(hip)}) == {"schema": schema_id("scene"), **read_scene(hip).document()}


def test_the_request_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "import json, sys\nprint(json.dumps({'event': 'result', 'document': [sys.argv, input()]}))")
    argv, line = worker.call("submit", {"prompt": "a secret street"}, words=["--name", "shot"])
    assert argv == ["-c"]
    assert json.loads(line) == {
        "command": "submit",
        "options": {"prompt": "a secret street"},
        "words": ["--name", "shot"],
    }


def test_the_environment_of_houdini_does_not_break_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/opt/hfs21.0/python")
    monkeypatch.setenv("PYTHONPATH", "/opt/hfs21.0/houdini/python3.11libs")
    hip = hip_files.write_hip(tmp_path)
    assert worker.call("scene", {"file": str(hip)})["fps"] == 24


def test_a_module_beside_the_scene_takes_no_place_in_the_worker(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')\n", encoding="utf-8")
    hip = hip_files.write_hip(tmp_path)
    assert worker.call("scene", {"file": str(hip)}, folder=tmp_path)["fps"] == 24


def test_an_error_has_title_sentence_and_what_to_do_and_its_traceback_is_in_the_log(tmp_path: Path, log: Path) -> None:
    messages: list[str] = []
    with pytest.raises(WorkerError) as caught:
        worker.call("scene", {"file": str(tmp_path / "absent.hip")}, on_message=messages.append)
    error = caught.value
    assert (error.status, error.title) == (2, "This cannot be used")
    assert "absent.hip" in error.problem
    assert "Traceback" not in f"{error} {messages}"
    assert error.log == log
    assert "Traceback (most recent call last):" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "options", "words", "problem", "allowed"),
    [
        ("sceen", {}, [], "no command 'sceen'", "submit, scene"),
        ("scene", {"flie": "a.hip"}, [], "scene has no option 'flie'", "file, samples"),
        ("scene", {}, [], "scene: the option 'file' is missing", "a path"),
        ("scene", {"file": "a.hip"}, ["--samples"], "scene takes no further options: --samples", ""),
        ("submit", {"num_gpu": "two"}, [], "submit: num_gpu = 'two'", "a whole number"),
        ("submit", {"scene": "a.hip", "prompt": "x"}, ["--no-such-option"], "No such option", ""),
        ("submit", {"scene": "a.hip", "prompt": "x"}, ["--edge", "strong"], "Invalid value for '--edge'", ""),
        ("submit", {"scene": "a.hip", "prompt": "x"}, ["--help"], "--help cannot be used here", "options of submit"),
        ("submit", {"scene": "a.hip", "prompt": "x"}, ["more"], "Got unexpected extra argument", ""),
    ],
)
def test_a_request_that_cannot_be_used_is_refused_in_one_sentence(
    command: str, options: dict[str, object], words: list[str], problem: str, allowed: str
) -> None:
    with pytest.raises(WorkerError) as caught:
        worker.call(command, options, words=words)
    assert (caught.value.status, caught.value.title) == (2, "This cannot be used")
    assert caught.value.problem.startswith(problem)
    assert caught.value.allowed.startswith(allowed)


def test_a_worker_that_crashes_is_told_apart_from_one_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "import sys; print('half', file=sys.stderr); sys.exit(70)")
    with pytest.raises(WorkerError) as caught:
        worker.call("scene")
    assert (caught.value.title, caught.value.problem) == ("The worker stopped unexpectedly", "half")
    assert str(worker_error.log_file()) in caught.value.action


def test_a_defect_of_the_worker_is_told_apart_from_bad_input(tmp_path: Path, log: Path) -> None:
    program = tmp_path / "defect.py"
    program.write_text(
        "from cosmos_houdini.worker import commands, program\n"
        "commands.COMMANDS['scene'] = lambda request, reporter: 1 / 0\nraise SystemExit(program.main())\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "worker_argv", lambda: [sys.executable, str(program)])
        with pytest.raises(WorkerError) as caught:
            worker.call("scene")
    assert (caught.value.title, caught.value.status) == ("The worker stopped unexpectedly", 1)
    assert caught.value.problem == "ZeroDivisionError: division by zero"
    assert caught.value.action == f"read {log}, and report it"
    assert "Traceback (most recent call last):" in log.read_text(encoding="utf-8")


def test_an_environment_that_lacks_something_new_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "import no_such_library")
    with pytest.raises(WorkerError, match="No module named 'no_such_library'") as caught:
        worker.call("scene")
    assert caught.value.action.startswith("bring the worker's environment up to date: ")


@pytest.mark.skipif(sys.platform == "win32", reason="there a file needs no leave to be run")
def test_a_worker_that_cannot_be_started_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(python))
    with pytest.raises(BadInput, match="cannot be started with") as caught:
        worker.call("scene", {"file": "a.hip"})
    assert str(python) in caught.value.problem
    assert "scripts/install" in caught.value.action


def test_messages_and_events_arrive_while_the_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        {"event": "message", "text": "one"},
        {"event": "job", "job": "a", "progress": 0.5},
        {"event": "result", "document": [1]},
    ]
    play(monkeypatch, "\n".join(["print('no event')", *(f"print({json.dumps(line)!r}, flush=True)" for line in lines)]))
    messages: list[str] = []
    events: list[worker.Event] = []
    assert worker.call("any", on_message=messages.append, on_event=events.append) == [1]
    assert messages == ["one"]
    assert events == [{"event": "job", "job": "a", "progress": 0.5}]


def test_what_a_library_prints_is_no_answer(tmp_path: Path) -> None:
    program = tmp_path / "noisy.py"
    program.write_text(
        "import os\nfrom cosmos_houdini.worker import commands, program\n"
        "def noisy(request, reporter):\n"
        "    print('a library')\n"
        '    os.write(1, b\'{"event": "result", "document": 0}\\n\')\n'
        "    return {'is_mine': True}\n"
        "commands.COMMANDS['scene'] = noisy\nraise SystemExit(program.main())\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "worker_argv", lambda: [sys.executable, str(program)])
        assert worker.call("scene") == {"is_mine": True}


def test_a_stopped_worker_is_interrupted_and_gone(tmp_path: Path) -> None:
    program = tmp_path / "waits.py"
    program.write_text(
        "import pathlib, time\nfrom cosmos_houdini.worker import commands, program\n"
        "def wait(request, reporter):\n"
        "    try:\n        pathlib.Path('began').touch(); time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        pathlib.Path('cleaned').touch(); raise\n"
        "commands.COMMANDS['submit'] = wait\nraise SystemExit(program.main())\n",
        encoding="utf-8",
    )
    began = tmp_path / "began"
    started_s = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "worker_argv", lambda: [sys.executable, str(program)])
        patch.setattr(worker, "STOP_GRACE_S", 30.0)
        with pytest.raises(Cancelled, match="submit was stopped"):
            worker.call("submit", folder=tmp_path, on_wait=worker.stop_when(began.exists, "submit"))
    assert (tmp_path / "cleaned").exists()
    assert time.monotonic() - started_s < 30


def test_a_worker_that_never_falls_silent_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"event": "message", "text": "more"})
    play(
        monkeypatch,
        "import os, sys, threading\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(4)), daemon=True).start()\n"
        f"while True: print({line!r}, flush=True)",
    )
    messages: list[str] = []
    with pytest.raises(Cancelled):
        worker.call(
            "submit", on_message=messages.append, on_wait=worker.stop_when(lambda: len(messages) > 100, "submit")
        )


def test_a_worker_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, "import pathlib, time\npathlib.Path('began').touch(); time.sleep(60)")
    monkeypatch.setattr(worker, "STOP_GRACE_S", 0.2)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        worker.call("submit", folder=tmp_path, on_wait=worker.stop_when((tmp_path / "began").exists, "submit"))
    assert time.monotonic() - began < 60


def test_the_log_starts_anew_beyond_its_limit(log: Path) -> None:
    log.write_text("x" * (worker_error.LOG_LIMIT_BYTES + 1), encoding="utf-8")
    worker_error.keep_log(["python", "-m", "cosmos_houdini.worker", "scene"], 1, ["gone"])
    assert log.stat().st_size < 1000
    assert log.with_suffix(".old.log").stat().st_size > worker_error.LOG_LIMIT_BYTES


def test_the_worker_is_the_checkouts_own_code() -> None:
    assert environment.clean_environment({})["PYTHONPATH"] == str(Path(worker.__file__).parents[2])


def test_the_lines_of_a_worker_are_kept_where_the_preferences_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "prefs").touch()
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "prefs"))
    with pytest.raises(WorkerError, match=r"absent\.hip") as caught:
        worker.call("scene", {"file": "absent.hip"})
    assert caught.value.log.parent == tmp_path
    assert "Traceback (most recent call last):" in caught.value.log.read_text(encoding="utf-8")


def test_preferences_in_which_the_version_is_not_filled_in_are_not_taken_for_a_folder(tmp_path: Path) -> None:
    named = str(tmp_path / "houdini__HVER__")
    assert worker_error.log_file({"HOUDINI_USER_PREF_DIR": named}) == worker_error.log_file({})
