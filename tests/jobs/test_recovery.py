from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import yaml

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.jobs import client as client_module
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.finish import CANCELLED
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import Change
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.process import ProcessLauncher
from cosmos_houdini.model.job import FailureClass, JobFailure, JobState
from support.jobs.job_project import Shop
from support.servers.sshd import Sshd

STRAIGHT = ["queued", "staging", "pending", "running", "collecting", "succeeded"]
TIMEOUT_S = 120.0


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


def test_status_finishes_a_job_whose_client_is_gone(shop: Shop):
    killed(shop, "running", "run", shop.spec(sleep_s="0.1"))

    def succeeded() -> bool:
        assert shop.main("status") == 0
        return shop.record().state is JobState.SUCCEEDED

    until(succeeded)
    assert shop.started() == 1


def test_clients_killed_again_and_again_run_nothing_twice(shop: Shop):
    chance = random.Random(1)
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


def test_ctrl_c_leaves_the_job_running_and_names_the_way_back(shop: Shop):
    asked = has_reached(shop, "running")
    go = shop.folder / "go"
    client = shop.popen("run", shop.spec(until=str(go)))
    until(asked)
    client.send_signal(signal.SIGINT)
    _, errors = client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 4
    assert f"cosmos-houdini attach {shop.record().id}" in errors.decode()
    assert shop.record().state in {JobState.PENDING, JobState.RUNNING}
    go.touch()
    assert shop.main("attach") == 0
    assert shop.started() == 1


def test_a_job_that_is_being_sent_can_be_cancelled(shop: Shop):
    big = shop.folder / "big.mp4"
    big.write_bytes(shop.clip.read_bytes())
    own = Shop(folder=shop.folder, clip=big, root=shop.root)
    spec = own.spec(sleep_s="300")
    asked = has_reached(own, "staging")
    client = own.popen("run", spec)
    until(asked)
    assert own.main("cancel", own.record().id) == 0
    client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 1
    assert own.record().state is JobState.CANCELLED
    assert not [process for process in psutil.process_iter(["cmdline"]) if own.record().id in str(process.info)]


def test_a_job_that_no_client_works_on_can_be_cancelled_before_it_runs(shop: Shop):
    killed(shop, "staging", "run", shop.spec(sleep_s="300"))
    assert shop.main("cancel", shop.record().id) == 0
    assert shop.record().state is JobState.CANCELLED
    assert shop.main("run", shop.spec("other", sleep_s="0.1"), "--detach") == 0
    with closing(shop.client()) as client:
        record = client.store.get(next(job.id for job in client.store.jobs() if job.name == "other"))
        client.store.add(replace(record, job=replace(record.job, id="idle-1", state=JobState.QUEUED)))
        assert shop.main("cancel", "idle-1") == 0
        assert client.store.get("idle-1").state is JobState.CANCELLED


@pytest.fixture
def other_machine(shop: Shop, tmp_path: Path) -> Shop:
    """Return a project that knows nothing of the shop's jobs and uses the same root of the same host."""
    folder = tmp_path / "other machine"
    folder.mkdir()
    settings = {"defaults": {"engine": "fake"}, "hosts": {"local": {"root": str(shop.root)}}}
    (folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Shop(folder=folder, clip=shop.clip, root=shop.root)


def test_a_job_is_taken_up_from_another_machine(shop: Shop, other_machine: Shop, monkeypatch: pytest.MonkeyPatch):
    assert shop.main("run", shop.spec(sleep_s="0.5"), "--detach") == 0
    monkeypatch.chdir(other_machine.folder)
    assert other_machine.main("attach", "shot-0000000000", "--host", "local") == 2
    assert other_machine.main("attach", shop.record().id, "--host", "local") == 0
    (result,) = map(Path, other_machine.record().job.outputs)
    assert result.read_bytes() == shop.clip.read_bytes()
    assert result.is_relative_to(other_machine.folder)
    assert other_machine.main("retry", shop.record().id) == 2
    monkeypatch.chdir(shop.folder)
    assert shop.main("attach") == 0
    assert shop.started() == 1


def test_the_last_attempt_is_the_one_that_is_taken_up(shop: Shop, other_machine: Shop, monkeypatch: pytest.MonkeyPatch):
    spec = shop.spec(fault="exit")
    assert [shop.main("run", spec) for _ in range(2)] == [1, 1]
    monkeypatch.chdir(other_machine.folder)
    assert other_machine.main("attach", shop.record().id, "--host", "local") == 1
    assert other_machine.record().job.attempt == 2


def test_a_job_that_was_cancelled_elsewhere_is_no_failure(
    shop: Shop, other_machine: Shop, monkeypatch: pytest.MonkeyPatch
):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    assert shop.main("cancel", shop.record().id) == 0
    monkeypatch.chdir(other_machine.folder)
    assert other_machine.main("attach", shop.record().id, "--host", "local") == 1
    assert other_machine.record().state is JobState.CANCELLED


@pytest.mark.sshd
def test_a_cut_connection_is_made_again_and_the_job_finished(remote_shop: Shop, server: Sshd):
    asked = has_reached(remote_shop, "running")
    client = remote_shop.popen("run", remote_shop.spec(sleep_s="1"))
    until(asked)
    server.cut()
    _, errors = client.communicate(timeout=TIMEOUT_S)
    assert client.returncode == 0, errors
    assert remote_shop.started() == 1


@pytest.mark.sshd
def test_a_job_is_not_failed_because_its_host_is_out_of_reach(
    remote_shop: Shop, server: Sshd, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert remote_shop.main("run", remote_shop.spec(sleep_s="0.1"), "--detach") == 0
    before = remote_shop.record()
    server.stop()
    try:
        assert remote_shop.main("status") == 0
        told = capsys.readouterr()
        assert "the list shows what was last known" in told.err
        assert before.id in told.out
        with monkeypatch.context() as patch:
            patch.setattr(runner.wait, "__kwdefaults__", {**runner.wait.__kwdefaults__, "patience_attempts": 1})
            assert remote_shop.main("attach") == 3
        assert f"1 job still running; to follow again: cosmos-houdini attach {before.id}" in capsys.readouterr().err
        assert remote_shop.record().state is before.state
        troubles: list[HostError] = []

        def trouble(error: HostError) -> None:
            troubles.append(error)
            server.start()

        with closing(remote_shop.client()) as client:
            (record,) = runner.wait(client, [before.id], on_update=_ignore, on_trouble=trouble, patience_attempts=2)
        assert record.state is JobState.SUCCEEDED
        assert len(troubles) == 1
    finally:
        server.restart()


def _ignore(_: object) -> None:
    """Take what nobody asks for."""


class StartsAfterCancel(ProcessLauncher):
    """A launcher in whose start another client cancels the job."""

    def start(self, host: Host, task: Task) -> None:
        super().start(host, task)
        with closing(Store.of(Path.cwd())) as store:
            assert store.move(store.get(task.job_id), JobState.CANCELLED, CANCELLED)


def test_a_job_that_is_cancelled_while_it_starts_is_stopped_on_its_host(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(client_module, "launcher_for", lambda _, config: StartsAfterCancel(config))
        assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 1
    assert shop.record().state is JobState.CANCELLED
    with closing(shop.client()) as client:
        seen = runner.observe(client, [shop.record()])[shop.record().id]
    assert seen.state is HostJobState.ENDED
    assert seen.cancelled


def test_a_job_that_begins_while_it_is_cancelled_is_cancelled_too(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    assert shop.main("run", shop.spec(), "--detach") == 0
    record = shop.record()
    with closing(shop.client()) as first, closing(shop.client()) as second, ExitStack() as held:
        first.store.add(replace(record, job=replace(record.job, id="begins", state=JobState.STAGING)))
        held.enter_context(first.lock("begins"))
        lock = client_module.job_lock

        @contextmanager
        def lets_it_begin(folder: Path, job_id: str, *, timeout_s: float) -> Iterator[bool]:
            with lock(folder, job_id, timeout_s=timeout_s) as mine:
                if not mine:
                    assert first.store.move(first.store.get(job_id), JobState.PENDING)
                    held.close()
                yield mine

        monkeypatch.setattr(client_module, "job_lock", lets_it_begin)
        assert commands.cancel(second, "begins").state is JobState.CANCELLED


def test_a_job_that_waits_again_while_it_is_cancelled_is_cancelled_too(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    assert shop.main("run", shop.spec(), "--detach") == 0
    record = shop.record()
    shared = replace(record, job=replace(record.job, id="shared", state=JobState.COLLECTING))
    with closing(shop.client()) as first, closing(shop.client()) as second, ExitStack() as held:
        first.store.add(shared)
        with first.store.writing() as db:
            db.execute("UPDATE jobs SET shared_process = 'shared' WHERE id = 'shared'")
        held.enter_context(first.lock("shared"))
        lock = client_module.job_lock

        @contextmanager
        def finds_it_not_begun(folder: Path, job_id: str, *, timeout_s: float) -> Iterator[bool]:
            with lock(folder, job_id, timeout_s=timeout_s) as mine:
                yield mine
                if not mine:
                    lost = JobFailure(failure=FailureClass.LOST, message="not begun")
                    seen = first.store.move(first.store.get(job_id), JobState.LOST, Change(failure=lost))
                    assert seen
                    assert first.store.move(seen, JobState.QUEUED)
                    held.close()

        monkeypatch.setattr(client_module, "job_lock", finds_it_not_begun)
        assert commands.cancel(second, "shared").state is JobState.CANCELLED


def test_a_client_leaves_alone_what_another_one_works_on(shop: Shop):
    assert shop.main("run", shop.spec(), "--detach") == 0
    record = shop.record()
    with closing(shop.client()) as first, closing(shop.client()) as second:
        first.store.add(replace(record, job=replace(record.job, id="idle-1", state=JobState.QUEUED)))
        with first.lock(record.id), first.lock("idle-1"):
            until(lambda: runner.observe(second, [record])[record.id].state is HostJobState.ENDED)
            runner.advance(second, [record.id, "idle-1"])
            assert second.store.get(record.id).state is JobState.PENDING
            assert second.store.get("idle-1").state is JobState.QUEUED
        runner.advance(second, [record.id])
        assert second.store.get(record.id).state is JobState.SUCCEEDED
