from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobState
from support import python_path
from support.jobs.batch_project import batch, records, table, wait_until
from support.jobs.job_project import Shop

SUCCEEDED = JobState.SUCCEEDED


def order_of_starts(shop: Shop) -> list[str]:
    """Return the names of the runs in the order in which they were started on their host."""
    with closing(Store.of(shop.folder)) as store:
        starts = {job.name: store.attempts(job.id)[-1].started_at for job in store.jobs()}
    return sorted((name for name in starts if starts[name] is not None), key=lambda name: starts[name] or 0)


def workers_on(shop: Shop) -> tuple[batches.WorkerRow, ...]:
    with closing(Store.of(shop.folder)) as store:
        return batches.list_workers(store, "night", "local")


def states(shop: Shop) -> list[JobState]:
    return [record.state for record in records(shop)]


def held_back(shop: Shop, *seeds: int) -> tuple[Path, Path]:
    """Return a batch, and the file that lets its runs end."""
    go = shop.folder / "go"
    return batch(shop, {"seeds": list(seeds)}, until=str(go)), go


def test_a_batch_is_paused_reordered_and_resumed_from_another_terminal(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file, go = held_back(shop, 1, 2, 3, 4)
    worker = shop.popen("run-batch", file)
    wait_until(lambda: shop.started() == 1)
    assert shop.main("batch", "pause", "night", "--json") == 0
    printed = capsys.readouterr()
    assert "batch night is paused; 1 runs go on to their ends" in printed.err
    assert json.loads(printed.out)["batches"][0]["state"] == "paused"
    assert shop.main("batch", "priority", "night", 5, "shot-0004") == 0
    go.touch()
    wait_until(lambda: states(shop)[0] is SUCCEEDED)
    time.sleep(0.5)
    assert shop.started() == 1
    assert shop.main("batch", "status", "night", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["batches"]
    assert (told["state"], told["counts"]) == ("paused", {"queued": 3, "succeeded": 1})
    assert [one["pid"] for one in told["workers"]] == [worker.pid]
    assert told["left_s"] > 0
    assert worker.stderr
    assert any(b"1 of 4 runs done, paused" in line for line in worker.stderr)
    assert shop.main("batch", "resume", "night") == 0
    _, errors = worker.communicate(timeout=180)
    assert worker.returncode == 0, errors
    assert order_of_starts(shop) == ["shot-0001", "shot-0004", "shot-0002", "shot-0003"]


def test_a_cancelled_batch_ends_and_the_same_command_takes_it_up_again(shop: Shop):
    file = batch(shop, {"seeds": [1, 2, 3]}, sleep_s="300")
    worker = shop.popen("run-batch", file, "--max-parallel", 2)
    wait_until(lambda: shop.started() == 2)
    assert shop.main("batch", "cancel", "night") == 0
    _, errors = worker.communicate(timeout=180)
    assert worker.returncode == 1
    assert b"3 cancelled" in errors
    assert states(shop) == [JobState.CANCELLED] * 3
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(shop.root) in str(one.info)]
    worker = shop.popen("run-batch", file, "--max-parallel", 2)
    wait_until(lambda: shop.started() == 4)
    assert shop.main("batch", "cancel", "night") == 0
    worker.communicate(timeout=180)
    assert [record.job.attempt for record in records(shop)] == [2, 2, 2]


def test_runs_that_are_added_to_the_file_join_the_batch_that_is_on_its_way(shop: Shop):
    file, go = held_back(shop, 1, 2)
    workers = [shop.popen("run-batch", file)]
    wait_until(lambda: shop.started() == 1)
    held_back(shop, 1, 3, 2)
    workers.append(shop.popen("run-batch", file))
    wait_until(lambda: len(records(shop)) == 4)
    go.touch()
    told = [worker.communicate(timeout=180)[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert "2 runs are new" in told[1]
    assert "1 queued runs are no longer in" in told[1]
    assert [(row["seed"], row["state"]) for row in table(shop)] == [(seed, "succeeded") for seed in "132"]
    assert shop.started() == 3


def test_when_one_of_two_workers_is_killed_the_other_does_its_part(shop: Shop):
    file, go = held_back(shop, 1, 2, 3, 4)
    workers = [shop.popen("run-batch", file, "--max-parallel", "2") for _ in range(2)]
    wait_until(lambda: shop.started() == 2 and len(workers_on(shop)) == 2)
    workers[0].kill()
    workers[0].communicate()
    go.touch()
    _, errors = workers[1].communicate(timeout=180)
    assert workers[1].returncode == 0, errors
    assert states(shop) == [SUCCEEDED] * 4
    assert shop.started() == 4


def test_a_batch_can_be_watched_without_working_on_it(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("batch", "follow", "night") == 2
    file, go = held_back(shop, 1, 2)
    worker = shop.popen("run-batch", file)
    wait_until(lambda: shop.started() == 1)
    go.touch()
    assert shop.main("batch", "follow", "night") == 0
    assert "batch night: 2 of 2 runs done" in capsys.readouterr().err
    worker.communicate(timeout=180)


def test_a_batch_that_nobody_works_on_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file, go = held_back(shop, 1, 2, 3)
    worker = shop.popen("run-batch", file)
    wait_until(lambda: states(shop)[:1] == [JobState.RUNNING])
    worker.kill()
    worker.communicate()
    go.touch()
    capsys.readouterr()
    assert shop.main("batch", "follow", "night") == 1
    assert "nobody works on it; to go on: cosmos-houdini run-batch" in capsys.readouterr().err
    assert shop.main("attach") == 0
    assert "2 runs of batch night are queued and no process works on them" in capsys.readouterr().err
    assert shop.started() == 1
    assert shop.main("status") == 0
    assert "2 runs of batch night are queued and no process works on them" in capsys.readouterr().err


def test_a_batch_goes_on_from_a_copy_of_the_store_of_any_moment(shop: Shop):
    file = batch(shop, {"seeds": [1, 2, 3, 4], "fault": [""]}, sleep_s="0.2")
    worker = shop.popen("run-batch", file, "--max-parallel", "2")
    path = shop.folder / ".cosmos" / "jobs.db"
    wait_until(lambda: path.exists() and bool(records(shop)))
    copies = []
    while worker.poll() is None:
        copies.append(shop.folder / f"copy{len(copies)}.db")
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copies[-1])) as copy:
            live.backup(copy)
        time.sleep(0.05)
    worker.communicate()
    assert worker.returncode == 0
    moments = {tuple(row) for copy in copies for row in _states_in(copy)}
    assert {state for state, _ in moments} >= {"queued", "running", "succeeded"}
    for copy in copies[:: max(1, len(copies) // 5)]:
        shutil.rmtree(shop.folder / ".cosmos" / "workers", ignore_errors=True)
        for old in path.parent.glob("jobs.db*"):
            old.unlink()
        copy.replace(path)
        assert shop.main("run-batch", file) == 0
        assert states(shop) == [SUCCEEDED] * 4
    assert shop.started() == 4


def _states_in(copy: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(copy)) as db:
        return db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()


@pytest.fixture
def known_to_all(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Let every Python that is started know the fake engine, and stop the detached ones."""
    (tmp_path / "sitecustomize.py").write_text("from support.engines import fake_engine\nfake_engine.register()\n")
    monkeypatch.setenv("PYTHONPATH", python_path(tmp_path))
    yield shop
    for worker in workers_on(shop):
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)


def detach(shop: Shop, file: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "cosmos_houdini", "run-batch", str(file), "--detach", "--json"]
    return subprocess.run(argv, cwd=shop.folder, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_a_detached_batch_outlives_its_terminal(known_to_all: Shop):
    shop = known_to_all
    file, go = held_back(shop, 1, 2, 3)
    script = f"{sys.executable} -m cosmos_houdini run-batch {file.name} --detach --max-parallel 2; echo back; sleep 60"
    in_terminal = "import pty, sys; pty.spawn(['sh', '-c', sys.argv[1]])"
    terminal = subprocess.Popen(
        [sys.executable, "-c", in_terminal, script], cwd=shop.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert terminal.stdout
    told = b""
    while b"back" not in told:
        told += os.read(terminal.stdout.fileno(), 4096)
    # The terminal is gone without a word, as when its window is closed.
    terminal.kill()
    terminal.communicate()
    assert b"cosmos-houdini batch follow night" in told
    (worker,) = workers_on(shop)
    assert worker.max_parallel == 2
    assert str(worker.pid).encode() in told
    wait_until(lambda: shop.started() == 2)
    go.touch()
    wait_until(lambda: states(shop) == [SUCCEEDED] * 3)
    wait_until(lambda: not psutil.pid_exists(worker.pid))
    assert [row["state"] for row in table(shop)] == ["succeeded"] * 3
    assert "3 of 3 runs done" in Path(worker.log).read_text()


def test_a_batch_that_is_detached_already_gets_the_new_runs_and_no_second_process(known_to_all: Shop):
    shop = known_to_all
    file, go = held_back(shop, 1)
    first = detach(shop, file)
    assert first.returncode == 0, first.stderr
    held_back(shop, 1, 2)
    second = detach(shop, file)
    assert second.returncode == 0, second.stderr
    assert f"process {json.loads(first.stdout)['pid']} works on night already" in second.stderr
    assert len(workers_on(shop)) == 1
    go.touch()
    wait_until(lambda: states(shop) == [SUCCEEDED] * 2)


def test_what_is_wrong_with_a_detached_batch_is_told_at_once(known_to_all: Shop):
    shop = known_to_all
    file = batch(shop, {"seeds": [1]})
    shop.clip.replace(shop.folder / "elsewhere.mp4")
    try:
        told = detach(shop, file)
    finally:
        (shop.folder / "elsewhere.mp4").replace(shop.clip)
    assert told.returncode == 2
    assert "cosmos-houdini: error:" in told.stderr
