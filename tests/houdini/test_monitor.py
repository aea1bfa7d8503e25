"""The job monitor, driven offscreen over real jobs: what it shows, what its buttons do, and that it never waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.submission import Submission
from cosmos_houdini.houdini.windows.monitor import Monitor
from cosmos_houdini.houdini.worker_error import log_file
from support import FAKE_ENGINE, TESTS
from support.faults.fault_project import kill_jobs
from support.houdini import offscreen
from support.media.shot_files import NODE, make_shot

NO_JOBS = '{"event": "result", "document": {"jobs": []}}'
WITH_FAKE_ENGINE = (
    f"import sys; sys.path.insert(0, {str(TESTS)!r}); from support.engines import fake_engine; fake_engine.register(); "
    "from cosmos_houdini.worker.program import main; sys.exit(main())"
)


@pytest.fixture(scope="session")
def _app() -> object:
    return offscreen.application()


@pytest.fixture
def opened() -> list[Path]:
    return []


@pytest.fixture
def monitor(_app: object, opened: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    """Return a monitor of a project whose worker knows the fake engine too."""

    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", WITH_FAKE_ENGINE])
    monkeypatch.setattr("cosmos_houdini.houdini.windows.monitor.BUSY_POLL_S", 0.2)
    monkeypatch.setattr("cosmos_houdini.houdini.windows.monitor.IDLE_POLL_S", 0.2)
    monkeypatch.setattr("cosmos_houdini.houdini.windows.log_pane.POLL_S", 0.2)
    folder = tmp_path / "it's a project"
    folder.mkdir()
    (folder / "cosmos-houdini.yaml").write_text("{}", encoding="utf-8")
    window = Monitor(folder, opener=opened.append)
    window.show()
    yield window
    window._timer.stop()
    window.close()
    window.deleteLater()
    offscreen.settle()
    kill_jobs(folder / ".cosmos/host")


def shown(monitor: Monitor, column: int) -> list[str]:
    model = monitor._table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def names(monitor: Monitor) -> list[str]:
    return [title.partition("-")[0] for title in shown(monitor, 0)]


def run_fake_job(monitor: Monitor, name: str, **parameters: object) -> None:
    """Bring a job of the fake engine to this machine."""
    clip = monitor.folder / "color.mp4"
    make = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24"]
    subprocess.run([*make, "-frames:v", "6", "-pix_fmt", "yuv420p", str(clip)], check=True)
    settings = [f"--set={key}={value}" for key, value in parameters.items()]
    for arguments in (
        ("create-spec", name, "rain", "--input-video", str(clip)),
        ("create-run", f"{name}.spec.json", "--engine", "fake", *settings),
        ("run", f"{name}.run.json", "--detach"),
    ):
        subprocess.run([sys.executable, str(FAKE_ENGINE), *arguments], cwd=monitor.folder, check=True)


def test_a_shot_is_submitted_watched_and_opened(
    monitor: Monitor, opened: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = make_shot(monitor.folder, monkeypatch)
    monitor.submit(Submission(scene=shot.hip, output=NODE, prompt="rain", options={"engine": "preview"}))
    assert shown(monitor, 1) == ["preparing"]
    offscreen.until(lambda: shown(monitor, 1) == ["succeeded"], "the job succeeds")
    assert not monitor._error.isVisible()
    monitor._table.selectRow(0)
    monitor.open_video()
    monitor.open_folder()
    [video, folder] = opened
    assert (video.name, folder) == ("result.mp4", video.parent)
    assert video.is_file()
    picture = tmp_path / "monitor.png"
    assert monitor.grab().save(str(picture))
    assert picture.stat().st_size > 5000


def test_a_job_that_runs_shows_its_log_and_is_cancelled_and_retried(monitor: Monitor) -> None:
    run_fake_job(monitor, "slow", sleep_s=60)
    monitor.refresh()
    offscreen.until(lambda: shown(monitor, 1) == ["running"], "the job runs")
    offscreen.until(lambda: "half way" in monitor._log._text.toPlainText(), "its log is shown")
    monitor._log._stream.setCurrentText("Errors")
    offscreen.until(lambda: "last words" in monitor._log._text.toPlainText(), "its errors are shown")
    assert monitor._buttons["Cancel"].isEnabled()
    assert not monitor._buttons["Retry"].isEnabled()
    monitor._buttons["Cancel"].click()
    offscreen.until(lambda: shown(monitor, 1) == ["cancelled"], "the job is cancelled")
    assert not monitor._buttons["Cancel"].isEnabled()
    monitor._buttons["Retry"].click()
    offscreen.until(lambda: shown(monitor, 1) == ["running"], "the job runs again")
    assert shown(monitor, 6) == ["attempt 2"]


def test_a_failed_job_says_why_and_what_to_do(monitor: Monitor) -> None:
    run_fake_job(monitor, "bad", fault="exit")
    offscreen.until(lambda: shown(monitor, 1) == ["failed"], "the job fails")
    note = monitor._log._note.text()
    assert "exit code 3" in note
    assert "read the log, then retry" in note
    assert monitor._buttons["Retry"].isEnabled()


def test_a_shot_that_cannot_be_submitted_is_explained_without_a_traceback(monitor: Monitor) -> None:
    monitor.submit(Submission(scene=Path("absent.hip"), output=None, prompt="rain", words=("--renders", "render")))
    offscreen.until(monitor._error.isVisible, "the error is shown")
    assert monitor._error.title.text() == "This cannot be used"
    text = monitor._error.text.text()
    assert "absent.hip" in text
    assert "Traceback" not in text
    assert str(log_file()) in text
    assert shown(monitor, 1) == []


def test_a_shot_in_preparation_can_be_stopped(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    play = (
        "import json, sys\n"
        "if json.loads(sys.stdin.readline())['command'] == 'submit':\n"
        "    print(json.dumps({'event': 'message', 'text': 'verifying'}), flush=True); sys.stdin.read()\n"
        "else: print(json.dumps({'event': 'result', 'document': {'jobs': []}}))"
    )
    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", play])
    monitor.submit(Submission(scene=Path("shot.hip"), output=NODE, prompt="rain"))
    offscreen.until(lambda: shown(monitor, 6) == ["verifying"], "its last line is shown")
    monitor._table.selectRow(0)
    monitor.cancel()
    offscreen.until(lambda: shown(monitor, 1) == [], "it is gone")
    assert not monitor._error.isVisible()


def test_the_window_answers_while_the_worker_takes_its_time(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    released = monitor.folder / "released"
    slow = (
        f"import pathlib, time\nwhile not pathlib.Path({str(released)!r}).exists(): time.sleep(.01)\nprint({NO_JOBS!r})"
    )
    offscreen.until(lambda: monitor._status is None, "the first answer is in")
    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", slow])
    monitor.refresh()
    for _ in range(20):
        monitor.tick()
    assert monitor._status is not None
    assert not monitor._status.ended
    released.touch()


def test_what_was_done_while_an_answer_was_on_its_way_is_asked_for_again(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = monitor.folder / "asked"
    count = f"import pathlib; pathlib.Path({str(asked)!r}).open('a').write('.'); print({NO_JOBS!r})"
    monkeypatch.setattr("cosmos_houdini.houdini.windows.monitor.IDLE_POLL_S", 3600.0)
    offscreen.until(lambda: monitor._status is None, "the first answer is in")
    monkeypatch.setattr(worker, "worker_argv", lambda: [sys.executable, "-c", count])
    monitor.refresh()
    monitor.refresh()
    offscreen.until(lambda: asked.exists() and len(asked.read_text()) == 2, "it is asked twice")


def test_the_selected_job_stays_selected_when_a_newer_one_comes(monitor: Monitor) -> None:
    run_fake_job(monitor, "one")
    offscreen.until(lambda: names(monitor) == ["one"], "the first job is listed")
    run_fake_job(monitor, "two")
    monitor.refresh()
    offscreen.until(lambda: names(monitor) == ["two", "one"], "the second job is listed")
    selected = monitor._table.selected()
    assert selected
    assert selected.name == "one"
