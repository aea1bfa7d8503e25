"""Faults on the way to a GPU and back, one row a fault, and how each job has to end."""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.jobs import runner
from cosmos_houdini.model.job import FailureClass, JobState
from support.faults import input_faults, slurm_faults
from support.faults.fault_project import CANCELLING, FAULTS, MOMENTS, TIMEOUT_S, Scene, nothing_left, processes, until
from support.faults.fault_table import MARKS, Fault, Table
from support.programs import need_program
from support.servers.dockerd import DockerEngine
from support.servers.sshd import HOST

pytestmark = pytest.mark.skipif(os.name == "nt", reason="jobs run on POSIX hosts")

HEAVY_BYTES = 9_000_000

TABLE = Table()
fault = TABLE.fault

ON_HOST = {JobState.PENDING, JobState.RUNNING}
"""States that a client may have seen last of a job that goes on: no poll may have come between start and fault."""
ALL_STATES = ["queued", "staging", "running", "collecting", "succeeded"]
"""Of a job that succeeds; it may be pending for a moment before its program runs."""


def cut_at(moment: str, *, answer_lost: bool) -> Callable[[Scene], None]:
    """Return a case whose connection is cut once, and whose job comes to its end all the same."""

    def happen(scene: Scene) -> None:
        proxy = scene.proxy
        assert proxy
        # The first byte of the operation, in whatever direction, is the last one.
        scene.trip(MOMENTS[moment], proxy.cut if answer_lost else lambda: proxy.cut_after(1), answer_lost=answer_lost)
        assert scene.run(sleep_s="0.1") == 0

    return happen


ONLY_ASKED = {
    *("the host is asked what it has", "the host is asked whether it can start", "the job is polled"),
    "the inputs are proven once more",
}
for each in MOMENTS:
    fault(f"the connection is cut as {each}", on="ssh")(cut_at(each, answer_lost=False))
for each in sorted(MOMENTS.keys() - ONLY_ASKED):
    fault(f"the connection is cut after {each}, before the answer came", on="ssh")(cut_at(each, answer_lost=True))


def cut_at_random(moment: str, seed: int, times: int) -> Callable[[Scene], None]:
    """Return a case in whose transfer the connection is cut at random bytes."""

    def happen(scene: Scene) -> None:
        proxy, chance = scene.proxy, random.Random(seed)
        assert proxy
        scene.make_clip_heavy(HEAVY_BYTES)
        scene.trip(MOMENTS[moment], lambda: proxy.cut_after(chance.randrange(HEAVY_BYTES // times)), times=times)
        assert scene.run() == 0
        assert Path(scene.shop.record().job.outputs[0]).read_bytes() == scene.shop.clip.read_bytes()

    return happen


for seed in (1, 2):
    for each in ("the inputs are sent", "the results are fetched"):
        fault(f"the connection is cut at a random byte while {each} ({seed})", on="ssh")(cut_at_random(each, seed, 1))
fault("the connection is cut four times while the inputs are sent", on="ssh")(
    cut_at_random("the inputs are sent", 3, 4)
)


def restart_at(moment: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        assert scene.server
        scene.trip(MOMENTS[moment], scene.server.restart)
        assert scene.run(sleep_s="0.1") == 0

    return happen


for each in ("the inputs are sent", "the job is started", "the job is polled", "the results are fetched"):
    fault(f"sshd is restarted as {each}", on="ssh")(restart_at(each))


def kill_client_in(state: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        go, decode = scene.tmp / "go", scene.hold_decoding()
        if state == "collecting":
            go.touch()
        scene.kill_client(state, until=str(go))
        go.touch()
        decode.touch()
        assert scene.shop.main("attach") == 0
        assert [state for state in scene.shop.states() if state != "pending"] == ALL_STATES

    return happen


for each in ("queued", "staging", "running", "collecting"):
    fault(f"the client is killed in the state {each}")(kill_client_in(each))
for each in ("staging", "running", "collecting"):
    fault(f"the client is killed in the state {each} on a host behind SSH", on="ssh")(kill_client_in(each))


@fault("the client is killed while it decodes the results")
def _(scene: Scene) -> None:
    decode = scene.hold_decoding()
    results = scene.shop.folder / "cosmos_out"
    scene.kill_client("collecting", also=lambda: list(results.rglob("cosmos-probe-*")))
    decode.touch()
    assert scene.shop.main("attach") == 0


def engine_fault(parameter: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        assert scene.run(fault=parameter) in {0, 1}

    return happen


for parameter, words, ends, why in (
    ("exit", "the engine ends with exit code 3", "failed", "engine_error"),
    ("killed", "the engine is killed", "failed", "engine_error"),
    ("silent", "the guardrail blocks the video and the exit code is 0", "failed", "guardrail_blocked"),
    ("cuda_oom", "the log tells that GPU memory ran out", "failed", "oom"),
    ("no_room", "the log tells that the disk is full", "failed", "disk_full"),
    ("missing", "the engine says done and wrote nothing", "failed", "corrupt_output"),
    ("truncated", "the output is truncated after the engine said done", "failed", "corrupt_output"),
    ("frames", "the output has a frame too few", "failed", "corrupt_output"),
    ("empty", "the output is empty", "failed", "corrupt_output"),
    ("huge", "the output is 40 GB of zeros", "failed", "corrupt_output"),
    ("folder", "the output is a folder", "failed", "corrupt_output"),
    ("fifo", "the output is a pipe without an end", "failed", "corrupt_output"),
    ("link", "the output is a link to a file of the system", "failed", "corrupt_output"),
    ("playlist", "the output is a list of other files to open", "failed", "corrupt_output"),
    ("flood", "the engine prints 30 MB", "succeeded", None),
    ("binary_log", "the engine prints bytes without sense", "succeeded", None),
    ("background", "the engine leaves processes behind", "succeeded", None),
    ("log_pipe", "the engine puts a pipe in the place of its log", "failed", "guardrail_blocked"),
    ("meddling", "the engine removes the files by which its job is followed", "succeeded", None),
):
    assert parameter in FAULTS or parameter in {"exit", "silent", "missing", "truncated", "frames"}
    fault(words, ends=ends, why=why)(engine_fault(parameter))


@fault("the engine is silent for ever", ends="failed", why="stalled")
def _(scene: Scene) -> None:
    scene.configure(stalled_after_min=1 / 60)
    assert scene.run(sleep_s="300") == 1


# A second is over before a busy machine has begun the program.
@fault("the engine runs for longer than it may", ends="failed", why="timeout", starts=None)
def _(scene: Scene) -> None:
    scene.configure(time="0:01")
    assert scene.run(sleep_s="300") == 1


@fault("the job is lost twice and tried again by itself", starts=3)
def _(scene: Scene) -> None:
    scene.monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ATTEMPTS", "3")
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    for count in (1, 2):
        until(lambda count=count: scene.shop.started() == count)
        scene.kill_job()
        assert scene.shop.main("status") == 0
        assert scene.shop.record().state is JobState.QUEUED
        with closing(scene.shop.client()) as client:
            runner.advance(client, [scene.shop.record().id])
    go.touch()
    assert scene.shop.main("attach") == 0


@fault("the connection is cut in the very first contact", on="ssh")
def _(scene: Scene) -> None:
    proxy = scene.proxy
    assert proxy
    scene.trip(lambda method, script: (method, script) == ("run", ":"), lambda: proxy.cut_after(1))
    assert scene.run(sleep_s="0.1") == 0


@fault("the host key changes while the job runs", on="ssh")
def _(scene: Scene) -> None:
    assert scene.server
    assert scene.proxy
    scene.detached(sleep_s="0.1")
    scene.server.change_host_key()
    scene.server.restart()
    assert scene.shop.main("attach") == 3
    assert scene.shop.record().state in ON_HOST
    (scene.tmp / "known_hosts").write_text(f"[{HOST}]:{scene.proxy.port} {scene.server.public_host_key()}\n")
    assert scene.shop.main("attach") == 0


@fault("the login is refused while the job runs", on="ssh")
def _(scene: Scene) -> None:
    assert scene.server
    scene.detached(sleep_s="0.1")
    allowed = scene.server.folder / "authorized_keys"
    kept = allowed.read_text()
    try:
        allowed.write_text("")
        scene.server.cut()
        assert scene.shop.main("attach") == 3
        assert scene.shop.record().state in ON_HOST
    finally:
        allowed.write_text(kept)
    assert scene.shop.main("attach") == 0


@fault("the host takes no connection for a while", on="ssh")
def _(scene: Scene) -> None:
    proxy = scene.proxy
    assert proxy

    def vanish() -> None:
        proxy.refuse = 3
        proxy.cut()

    scene.trip(MOMENTS["the job is polled"], vanish)
    assert scene.run(sleep_s="0.1") == 0


@fault("the host stays away, and is back later", on="ssh")
def _(scene: Scene) -> None:
    assert scene.proxy
    scene.detached(sleep_s="0.1")
    scene.proxy.refuse = math.inf
    assert scene.shop.main("attach") == 3
    assert scene.shop.record().state in ON_HOST
    scene.proxy.refuse = 0
    assert scene.shop.main("attach") == 0


@fault("the host is rebooted while the job runs", on="ssh", ends="lost", why="lost")
def _(scene: Scene) -> None:
    assert scene.server
    scene.detached(sleep_s="300")
    scene.kill_job()
    scene.server.restart()
    assert scene.shop.on_host("state").read_text().startswith("running")
    assert scene.shop.main("attach") == 1


@fault("the host is rebooted, and the job is tried again", starts=2)
def _(scene: Scene) -> None:
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    scene.kill_job()
    assert scene.shop.main("attach") == 1
    go.touch()
    assert scene.shop.main("retry", scene.shop.record().id) == 0


@fault("the host loses its power before the script wrote its number", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    scene.kill_job()
    for name in ("started/pid", "state", "heartbeat"):
        scene.shop.on_host(name).unlink()
    before = time.time() - 600
    os.utime(scene.shop.on_host("started"), (before, before))
    assert scene.shop.main("attach") == 1


@fault("another process has the number of the job's script after a reboot", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    scene.kill_job()
    scene.shop.on_host("started/pid").write_text(f"{os.getpid()}\n")
    assert scene.shop.main("attach") == 1
    assert psutil.pid_exists(os.getpid())


@fault("the script of the job is killed and its program lives", ends="cancelled", why="cancelled")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    os.kill(int(scene.shop.on_host("started/pid").read_text()), signal.SIGKILL)
    assert scene.shop.main("attach") == 1
    assert scene.shop.record().state is JobState.LOST
    assert not processes(scene.shop.root)
    assert scene.shop.main("retry", scene.shop.record().id, "--detach") == 0
    until(lambda: scene.shop.started() == 2)
    assert scene.shop.main("cancel", scene.shop.record().id) == 0
    scene.shop.starts.write_text("started\n")


@fault("the job's folder is removed", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code")
    shutil.rmtree(scene.shop.on_host(""))
    assert scene.shop.main("attach") == 1


@fault("the whole root is removed", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code")
    shutil.rmtree(scene.shop.root)
    assert scene.shop.main("attach") == 1


@fault("the exit code is missing", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code").unlink()
    assert scene.shop.main("attach") == 1


@fault("the exit code is empty", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code").write_bytes(b"")
    assert scene.shop.main("attach") == 1


@fault("the exit code is no number", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code").write_text("0; touch stolen\n")
    assert scene.shop.main("attach") == 1
    assert not list(scene.tmp.rglob("stolen"))


@fault("the exit code is 40 GB long", ends="lost", why="lost")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code").unlink()
    scene.shop.on_host("exit_code").touch()
    os.truncate(scene.shop.on_host("exit_code"), 40 * 10**9)
    assert scene.shop.main("attach") == 1


@fault("the log is 40 GB long")
def _(scene: Scene) -> None:
    scene.detached()
    scene.wait_for("exit_code")
    os.truncate(scene.shop.on_host("stderr.log"), 40 * 10**9)
    assert scene.shop.main("attach") == 0
    (scene.shop.record().results / "stderr.log").unlink()


@fault("the host has no room for the inputs", ends="failed", why="disk_full", starts=0, full_disk=True)
def _(scene: Scene, disk: Path) -> None:
    scene.move_root(disk / "root")
    scene.make_clip_heavy(HEAVY_BYTES)
    assert scene.run() == 1


@fault(
    "the host's disk fills up while inputs are sent", on="ssh", ends="failed", why="disk_full", starts=0, full_disk=True
)
def _(scene: Scene, disk: Path) -> None:
    scene.move_root(disk / "root")
    scene.make_clip_heavy(400_000)
    scene.trip(MOMENTS["the inputs are sent"], lambda: fill(disk))
    assert scene.run() == 1
    (disk / "filler").unlink()


@fault("the host's disk fills up while inputs are sent, and has room later", on="ssh", full_disk=True)
def _(scene: Scene, disk: Path) -> None:
    scene.move_root(disk / "root")
    scene.make_clip_heavy(200_000)
    scene.trip(MOMENTS["the inputs are sent"], lambda: fill(disk))
    assert scene.run() == 1
    (disk / "filler").unlink()
    assert scene.shop.main("retry", scene.shop.record().id) == 0


@fault("the engine fills the host's disk", ends="failed", why="disk_full", full_disk=True)
def _(scene: Scene, disk: Path) -> None:
    scene.move_root(disk / "root")
    assert scene.run(fault="flood") == 1


@fault("this machine has no room for the results, and has some later", full_disk=True)
def _(scene: Scene, disk: Path) -> None:
    scene.make_clip_heavy(HEAVY_BYTES)
    assert scene.shop.main("run", scene.shop.spec(), "-o", disk / "results") == 1
    assert scene.shop.record().state is JobState.COLLECTING
    assert not list(disk.rglob("*.part"))
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    assert scene.shop.main("attach") == 0
    assert not (disk / "results" / ".unverified").exists()


@fault("this machine has no room for the job store, and has some later", full_disk=True)
def _(scene: Scene, disk: Path) -> None:
    (scene.shop.folder / ".cosmos").symlink_to(disk)
    fill(disk)
    assert scene.run() == 1
    (disk / "filler").unlink()
    assert scene.run() == 0


def skewed(change_s: int, later_s: int) -> Callable[[Scene], None]:
    """Return a case whose host has a wrong clock, which is set to another wrong time while the job runs."""

    def happen(scene: Scene) -> None:
        offset, programs = scene.tmp / "offset", scene.tmp / "bin"
        programs.mkdir()
        offset.write_text(str(change_s))
        date = programs / "date"
        date.write_text(
            f"#!/bin/sh\necho $(({need_program('date')} +%s) + $(cat '{offset}')))\n".replace("((", "(($(", 1)
        )
        date.chmod(0o755)
        scene.monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        scene.detached(sleep_s="0.3")
        until(lambda: scene.shop.started() == 1)
        later = scene.tmp / "later"
        later.write_text(str(later_s))
        later.replace(offset)
        assert scene.shop.main("attach") == 0

    return happen


YEAR_S = 365 * 86400
fault("the host's clock is a year ahead")(skewed(YEAR_S, YEAR_S))
fault("the host's clock is a year behind")(skewed(-YEAR_S, -YEAR_S))
fault("the host's clock is set back while the job runs")(skewed(YEAR_S, -YEAR_S))


@fault("two clients attach at once", on="ssh")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="0.5")
    together(scene, "attach")


@fault("two clients run the same at once")
def _(scene: Scene) -> None:
    together(scene, "run", scene.shop.spec(sleep_s="0.5"))


@fault("the job is cancelled while its inputs are sent", ends="cancelled", why="cancelled", starts=0)
def _(scene: Scene) -> None:
    scene.trip(MOMENTS["the inputs are sent"], lambda: scene.shop.main("cancel", scene.shop.record().id))
    assert scene.run(sleep_s="300") == 1


@fault("the job is cancelled while it runs", on="ssh", ends="cancelled", why="cancelled")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    assert scene.shop.main("cancel", scene.shop.record().id) == 0


@fault("the connection is cut while the job is cancelled", on="ssh", ends="cancelled", why="cancelled")
def _(scene: Scene) -> None:
    proxy = scene.proxy
    assert proxy
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    scene.trip(CANCELLING, lambda: proxy.cut_after(1))
    assert scene.shop.main("cancel", scene.shop.record().id) == 3
    assert scene.shop.record().state in ON_HOST
    assert scene.shop.main("cancel", scene.shop.record().id) == 0


@fault("an input is gone before it was sent", ends="failed", why="bad_input", starts=0)
def _(scene: Scene) -> None:
    scene.make_clip_heavy(10)
    scene.trip(lambda method, script: method == "run" and script == ":", scene.shop.clip.unlink)
    assert scene.run() == 1


@fault("the engine makes the files by which its job is followed 40 GB long", ends="cancelled", why="cancelled")
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    for name in ("heartbeat", "state"):
        scene.shop.on_host(name).unlink()
        scene.shop.on_host(name).touch()
        os.truncate(scene.shop.on_host(name), 40 * 10**9)
    assert scene.shop.main("status") == 0
    assert scene.shop.record().state in ON_HOST
    assert scene.shop.main("cancel", scene.shop.record().id) == 0


@fault("the container is removed by another", on="docker", ends="lost", why="lost", starts=None)
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    scene_docker(scene, "rm", "--force")
    assert scene.shop.main("attach") == 1
    assert "removed by someone else" in (scene.shop.record().results / "stderr.log").read_text()


@fault("the container is stopped by another", on="docker", ends="failed", why="engine_error", starts=None)
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    scene_docker(scene, "kill")
    assert scene.shop.main("attach") == 1


@fault("the script of a container is killed and the container goes on", on="docker", starts=None)
def _(scene: Scene) -> None:
    scene.detached(sleep_s="1")
    scene_docker(scene, "inspect")
    os.kill(int(scene.shop.on_host("started/pid").read_text()), signal.SIGKILL)
    assert scene.shop.main("attach") == 0


@fault("script and container are gone after a reboot", on="docker", ends="lost", why="lost", starts=None)
def _(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    scene_docker(scene, "inspect")
    os.kill(int(scene.shop.on_host("started/pid").read_text()), signal.SIGKILL)
    scene_docker(scene, "rm", "--force")
    assert scene.shop.main("attach") == 1


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()


def together(scene: Scene, *arguments: object) -> None:
    clients = [scene.shop.popen(*arguments) for _ in range(2)]
    for client in clients:
        _, errors = client.communicate(timeout=TIMEOUT_S)
        assert client.returncode == 0, errors
    assert [state for state in scene.shop.states() if state != "pending"] == ALL_STATES


def scene_docker(scene: Scene, *command: str) -> None:
    """Do something to the job's container, as soon as it is there."""
    engine = scene.docker
    assert isinstance(engine, DockerEngine)
    with closing(scene.shop.client()) as client:
        label = f"label=cosmos-houdini.folder={client.site(scene.shop.record()).folder}"
    until(lambda: engine.docker("container", "ls", "--quiet", "--filter", label))
    engine.docker(*command, *engine.docker("container", "ls", "--quiet", "--filter", label).split())


ALL = (*TABLE, *input_faults.TABLE, *slurm_faults.TABLE)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name, marks=MARKS[row.on]) for row in ALL])
def test_every_fault_ends_right_and_leaves_nothing_behind(row: Fault, request: pytest.FixtureRequest) -> None:
    scene: Scene = request.getfixturevalue(row.on)
    row.happen(scene, *([request.getfixturevalue("small_disk")] if row.full_disk else []))
    record = scene.shop.record()
    failure = record.job.failure
    assert (record.state, failure and failure.failure) == (JobState(row.ends), row.why and FailureClass(row.why))
    assert row.starts in {None, scene.shop.started()}
    assert [trip for trip in scene.trips if trip.sprung != trip.times] == []
    if record.state is JobState.SUCCEEDED:
        (result,) = map(Path, record.job.outputs)
        assert result.read_bytes() == scene.shop.clip.read_bytes()
    nothing_left(scene)


def test_the_table_names_every_fault_once() -> None:
    assert len({row.name for row in ALL}) == len(ALL) >= 40
