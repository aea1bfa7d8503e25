from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.errors import HostError, HostUnreachable
from cosmos_houdini.model.job import JobState
from cosmos_houdini.queue import runner
from cosmos_houdini.queue.store import Store
from job_shop import Shop
from sshd import Sshd

STRAIGHT = ["queued", "staging", "running", "collecting", "succeeded"]
TIMEOUT_S = 30.0


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def has_reached(shop: Shop, state: str) -> Callable[[], bool]:
    """Return a question for whether the only job of a project was ever in a state."""
    with closing(Store.of(shop.folder)):
        pass

    def asked() -> bool:
        with closing(Store.of(shop.folder)) as store:
            return any(str(event.state) == state for job in store.jobs() for event in store.events(job.id))

    return asked


def killed(shop: Shop, state: str, *arguments: object) -> None:
    """Start a client and kill it without warning in, or a moment after, a state."""
    asked = has_reached(shop, state)
    client = shop.popen(*arguments)
    try:
        until(asked)
    finally:
        client.kill()
        client.communicate()


@pytest.mark.parametrize("state", ["queued", "staging", "running", "collecting"])
def test_a_client_killed_in_any_state_leaves_a_job_that_attach_finishes(any_shop: Shop, state: str):
    killed(any_shop, state, "run", any_shop.spec(sleep_s="0.1"))
    assert not any_shop.record().state.final
    assert any_shop.main("attach") == 0
    record = any_shop.record()
    (result,) = map(Path, record.job.outputs)
    assert result.read_bytes() == any_shop.clip.read_bytes()
    assert any_shop.states() == STRAIGHT
    assert any_shop.started() == 1
    assert {path.name for path in record.results.iterdir()} == {
        *("result.json", "result.mp4", "stderr.log", "stdout.log"),
    }


def test_status_finishes_a_job_whose_client_is_gone(any_shop: Shop):
    killed(any_shop, "running", "run", any_shop.spec(sleep_s="0.1"))

    def succeeded() -> bool:
        assert any_shop.main("status") == 0
        return any_shop.record().state is JobState.SUCCEEDED

    until(succeeded)
    assert any_shop.started() == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_clients_killed_again_and_again_run_nothing_twice(shop: Shop, seed: int):
    chance = random.Random(seed)
    spec = shop.spec(sleep_s="0.3")
    killed(shop, "queued", "run", spec)
    for _ in range(3):
        client = shop.popen("run", spec)
        time.sleep(chance.uniform(0.4, 1.0))
        client.kill()
        client.communicate()
    assert shop.main("run", spec) == 0
    assert shop.started() == 1
    assert shop.states() == STRAIGHT


@pytest.mark.parametrize("command", ["run", "attach"])
def test_two_clients_at_once_do_the_work_once(any_shop: Shop, command: str):
    spec = any_shop.spec(sleep_s="1")
    if command == "attach":
        assert any_shop.main("run", spec, "--detach") == 0
    clients = [any_shop.popen(command, *([spec] if command == "run" else [])) for _ in range(2)]
    for client in clients:
        _, errors = client.communicate(timeout=TIMEOUT_S)
        assert client.returncode == 0, errors
    assert any_shop.states() == STRAIGHT
    assert any_shop.started() == 1


def test_ctrl_c_leaves_the_job_running_and_names_the_way_back(shop: Shop):
    asked = has_reached(shop, "running")
    client = shop.popen("run", shop.spec(sleep_s="1"))
    until(asked)
    client.send_signal(signal.SIGINT)
    _, errors = client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 4
    assert f"cosmos-houdini attach {shop.record().id}" in errors.decode()
    assert shop.record().state is JobState.RUNNING
    assert shop.main("attach") == 0
    assert shop.started() == 1


def test_a_job_that_is_being_sent_can_be_cancelled(shop: Shop):
    big = shop.folder / "big.mp4"
    big.write_bytes(shop.clip.read_bytes())
    own = Shop(folder=shop.folder, clip=big, root=shop.root)
    spec = own.spec(sleep_s="30")
    asked = has_reached(own, "staging")
    client = own.popen("run", spec)
    until(asked)
    assert own.main("cancel", own.record().id) == 0
    client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 1
    assert own.record().state is JobState.CANCELLED
    assert not [process for process in psutil.process_iter(["cmdline"]) if own.record().id in str(process.info)]


@pytest.mark.sshd
def test_a_job_is_taken_up_from_another_machine(
    remote_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert remote_shop.main("run", remote_shop.spec(sleep_s="0.5"), "--detach") == 0
    other = Shop(folder=tmp_path / "other machine", clip=remote_shop.clip, root=remote_shop.root)
    other.folder.mkdir()
    text = (remote_shop.folder / "cosmos-houdini.yaml").read_text(encoding="utf-8")
    (other.folder / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(other.folder)
    job_id = remote_shop.record().id
    assert other.main("attach", "shot-0000000000", "--host", "gpu") == 2
    assert other.main("attach", job_id, "--host", "gpu") == 0
    (result,) = map(Path, other.record().job.outputs)
    assert result.read_bytes() == remote_shop.clip.read_bytes()
    assert result.is_relative_to(other.folder)
    monkeypatch.chdir(remote_shop.folder)
    assert remote_shop.main("attach") == 0
    assert remote_shop.started() == 1
    capsys.readouterr()


@pytest.mark.sshd
def test_a_cancelled_job_is_no_failure_to_a_client_on_another_machine(
    remote_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert remote_shop.main("run", remote_shop.spec(sleep_s="30"), "--detach") == 0
    other = Shop(folder=tmp_path / "other machine", clip=remote_shop.clip, root=remote_shop.root)
    other.folder.mkdir()
    text = (remote_shop.folder / "cosmos-houdini.yaml").read_text(encoding="utf-8")
    (other.folder / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    assert remote_shop.main("cancel", remote_shop.record().id) == 0
    monkeypatch.chdir(other.folder)
    assert other.main("attach", remote_shop.record().id, "--host", "gpu") == 1
    assert other.record().state is JobState.CANCELLED


@pytest.mark.sshd
def test_a_cut_connection_is_made_again_and_the_job_finished(remote_shop: Shop, server: Sshd):
    asked = has_reached(remote_shop, "running")
    client = remote_shop.popen("run", remote_shop.spec(sleep_s="2"))
    until(asked)
    server.cut()
    _, errors = client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 0, errors
    assert remote_shop.started() == 1


@pytest.mark.sshd
def test_a_job_is_not_failed_because_its_host_is_out_of_reach(
    remote_shop: Shop, server: Sshd, capsys: pytest.CaptureFixture[str]
):
    assert remote_shop.main("run", remote_shop.spec(sleep_s="0.1"), "--detach") == 0
    before = remote_shop.record()
    server.stop()
    try:
        assert remote_shop.main("status") == 0
        told = capsys.readouterr()
        assert "what is listed is what was last known" in told.err
        assert before.id in told.out
        troubles: list[HostError] = []
        with closing(remote_shop.client()) as client, pytest.raises(HostUnreachable):
            runner.wait(client, [before.id], on_update=lambda _: None, on_trouble=troubles.append, patience_attempts=2)
        assert len(troubles) == 1
        assert remote_shop.record().state == before.state
    finally:
        server.start()
    assert remote_shop.main("attach") == 0
