"""scripts/cosmos_cook.py: the network of Set Up Sweep, cooked through the real worker without the interface."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython import cook as cook_script
from support.houdini import fake_hou, fake_pdg, top_scene
from support.houdini.houdini_session import Session
from support.houdini.top_network import wait_until
from support.media.shot_files import ShotOnDisk, make_shot
from support.servers.host_programs import write_shell

SCRIPT = ROOT / "scripts" / "cosmos_cook.py"
NETWORK = "/tasks/cosmos_shot"


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture
def session(houdini: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    for name, module in fake_pdg.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    top_scene.with_sweep(houdini)
    return houdini


@pytest.fixture
def starts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("starts") / "starts"


def jobs(shot: ShotOnDisk) -> list[dict[str, object]]:
    return worker.call("status", folder=shot.folder)["jobs"]


def host_ffmpeg(shot: ShotOnDisk, body: str) -> None:
    """Let jobs run another program than FFmpeg."""
    shot.configure(hosts={"local": {"ffmpeg": str(write_shell(shot.folder / "bin", "ffmpeg", body))}})


def test_a_farm_job_cooks_the_network_and_prints_what_it_made(shot: ShotOnDisk) -> None:
    with top_scene.process(SCRIPT, shot.hip) as process:
        printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    made = [Path(line) for line in printed.splitlines()]
    assert {path.name for path in made} >= {"index.html", "grid.png"}
    assert all(path.exists() for path in made)
    assert "6 work items: 6 cooked" in said.splitlines()[-1]
    assert sorted((job["state"], job["name"]) for job in jobs(shot)) == [("succeeded", "shot")] * top_scene.RUNS


def test_work_items_that_fail_are_named_with_reason_and_log(
    session: Session, shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    host_ffmpeg(shot, "echo 'no such filter' >&2; exit 1")
    assert cook_script.main([str(shot.hip), "--node", NETWORK]) == 1
    lines = capsys.readouterr().err.splitlines()
    failed = [line for line in lines if line.startswith("error: transfer: work item transfer_")]
    assert len(failed) == top_scene.RUNS
    for line in failed:
        log = Path(line.rpartition("(log: ")[2].rstrip(")"))
        assert log.is_file()
        assert "Traceback" not in line
        # The cause itself, and not the last line of the log, which names the worker's log.
        assert "The command failed: job shot-" in line
        assert "no such filter" in line
        assert "Everything that the worker wrote" not in line
    assert lines[-1].startswith("error: 6 work items: 3 cooked, 2 failed, 1 not cooked")
    assert session.shown == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_cancels_the_cook_and_the_jobs_on_hosts(shot: ShotOnDisk) -> None:
    host_ffmpeg(shot, '[ "$1" = -version ] || exec sleep 600')
    with top_scene.process(SCRIPT, shot.hip) as process:
        wait_until(lambda: process.poll() is not None or "running" in {job["state"] for job in jobs(shot)})
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
    assert process.returncode == 4, said
    assert said.splitlines()[-1].startswith("interrupted; the cook was cancelled")
    assert "running" not in {job["state"] for job in jobs(shot)}
    assert "cancelled" in {job["state"] for job in jobs(shot)}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
def test_a_farms_order_to_stop_reaches_a_main_thread_that_waits(
    session: Session, shot: ShotOnDisk, starts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stand-in refuses a call from a second thread, as Houdini might not survive one."""
    before = signal.getsignal(signal.SIGTERM)
    host_ffmpeg(shot, f'[ "$1" = -version ] || {{ echo >> {starts}; exec sleep 600; }}')
    pid = os.getpid()

    def stop() -> None:
        wait_until(starts.exists)
        os.kill(pid, signal.SIGTERM)

    Thread(target=stop).start()
    assert cook_script.main([str(shot.hip), "--node", NETWORK]) == 4
    assert "stopping" in capsys.readouterr().err.splitlines()
    assert signal.getsignal(signal.SIGTERM) is before
    assert session.shown == []


def test_a_cook_that_ends_at_once_is_not_waited_for(
    session: Session, shot: ShotOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(fake_hou.TopNode, "cookWorkItems", lambda self, **_: ended.append(self.path()))
    monkeypatch.setattr(cook_script, "has_ended", lambda _: True)
    started = time.monotonic()
    assert cook_script.main([str(shot.hip), "--node", f"{NETWORK}/shot"]) == 1
    assert time.monotonic() - started < cook_script._START_S
    assert ended == [f"{NETWORK}/shot"] * 2
    assert session.networks


def test_a_node_of_a_network_is_cooked_without_those_below(
    session: Session, shot: ShotOnDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cooked: list[str] = []
    monkeypatch.setattr(fake_hou.TopNode, "cookWorkItems", lambda self, **_: cooked.append(self.path()))
    assert cook_script.main([str(shot.hip), "--node", f"{NETWORK}/shot"]) == 1
    assert cooked == [f"{NETWORK}/shot"] * 2
    assert f"{NETWORK}/shot made no work item" in capsys.readouterr().err
    assert session.path == shot.hip.as_posix()


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--node", "/tasks/absent"], ["no TOP network or node /tasks/absent", NETWORK]),
        (["--node", "/out/mantra1"], ["no TOP network or node /out/mantra1", NETWORK]),
    ],
)
def test_a_node_that_cannot_be_cooked_is_bad_input(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str], arguments: list[str], words: list[str]
) -> None:
    assert cook_script.main([str(shot.hip), *arguments]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert all(word in line for word in words), line


def test_a_scene_without_a_network_or_with_several_is_bad_input(
    houdini: Session, shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cook_script.main([str(shot.hip)]) == 2
    assert "has no TOP network; build one" in capsys.readouterr().err

    def twice() -> None:
        houdini.create("/tasks", "topnet", "one")
        houdini.create("/tasks", "topnet", "two")

    houdini.after_load = twice
    assert cook_script.main([str(shot.hip)]) == 2
    assert "has 2 TOP networks; allowed: /tasks/one, /tasks/two; name one: --node" in capsys.readouterr().err
    assert cook_script.main([str(shot.hip), "--node", "/tasks/one"]) == 2
    assert "display flag" in capsys.readouterr().err


def test_a_scheduler_that_does_not_start_is_told_with_the_errors_of_the_nodes(
    session: Session, shot: ShotOnDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: fake_hou.TopNode, **_: object) -> None:
        self._network().tops[0].errors.append("no farm answers")
        raise fake_hou.OperationFailed("Failed to start scheduler")

    monkeypatch.setattr(fake_hou.TopNode, "cookWorkItems", fail)
    assert cook_script.main([str(shot.hip)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "Failed to start scheduler; /tasks/cosmos_shot/shot: no farm answers" in line
    assert session.networks
