from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.engines import register_engine, unregister_engine
from cosmos_houdini.errors import CheckFailed, JobError
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobState
from support.engines.fake_engine import FakeEngine
from support.jobs.batch_project import batch, let_go, most_at_once, records, run, table, wait_until
from support.jobs.job_project import Shop
from support.recorder import Recorder
from support.servers.host_programs import H100, write_nvidia_smi


def test_every_run_becomes_a_verified_result_and_a_row(any_shop: Shop):
    file = batch(any_shop, {"seeds": [3, 1, 2], "control_weights": [0.25]})
    assert run(any_shop, file, BatchOptions(max_parallel=2)).error is None
    assert [record.state for record in records(any_shop)] == [JobState.SUCCEEDED] * 3
    rows = table(any_shop)
    assert [(row["run"], row["seed"], row["weight_depth"], row["weight_edge"]) for row in rows] == [
        ("shot-0001", "3", "0.25", "0"),
        ("shot-0002", "1", "0.25", "0"),
        ("shot-0003", "2", "0.25", "0"),
    ]
    assert {row["state"] for row in rows} == {"succeeded"}
    assert {row["differences"] for row in rows} == {""}
    assert all(Path(row["result"]).is_file() and float(row["seconds"]) > 0 for row in rows)


@pytest.mark.parametrize("max_parallel", [1, 2])
def test_no_more_runs_are_on_their_way_than_was_said(shop: Shop, max_parallel: int):
    go = shop.folder / "go"
    file = batch(shop, {"seeds": [1, 2, 3, 4]}, sleep_s="0.3", until=str(go))
    with let_go(go, lambda: shop.started() == max_parallel):
        assert run(shop, file, BatchOptions(max_parallel=max_parallel)).error is None
    assert most_at_once(shop) == max_parallel


@pytest.mark.parametrize(("settings", "max_parallel"), [("gpus: [0, 1, 2]", 3), ("gpus: [0], jobs_per_gpu: 2", 2)])
def test_as_many_runs_as_the_gpus_of_the_host_carry_are_on_their_way(shop: Shop, settings: str, max_parallel: int):
    (shop.folder / "cosmos-houdini.yaml").write_text(f"hosts: {{local: {{{settings}}}}}", encoding="utf-8")
    go = shop.folder / "go"
    file = batch(shop, {"seeds": [1, 2, 3, 4, 5]}, sleep_s="0.3", until=str(go))
    with let_go(go, lambda: shop.started() == max_parallel):
        assert run(shop, file).error is None
    assert most_at_once(shop) == max_parallel


def test_where_the_host_says_what_gpus_it_has_each_carries_a_run(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_nvidia_smi(tmp_path / "bin", [{**H100, "index": str(index)} for index in range(3)])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    unregister_engine("fake")
    register_engine(FakeEngine(gpu_memory_gb=1.0))
    go = shop.folder / "go"
    file = batch(shop, {"seeds": [1, 2, 3, 4, 5]}, sleep_s="0.3", until=str(go))
    with let_go(go, lambda: shop.started() == 3):
        assert run(shop, file).error is None
    assert most_at_once(shop) == 3


@pytest.mark.usefixtures("one_attempt")
def test_what_fails_is_set_aside_and_tried_again_by_the_same_call(shop: Shop):
    file = batch(shop, {"fault": ["", "exit", "silent", "frames"], "sampler": "grid"})
    error = run(shop, file).error
    assert isinstance(error, JobError)
    states = [(row["state"], row["failure"]) for row in table(shop)]
    assert states == [
        ("succeeded", ""),
        ("failed", "engine_error"),
        ("failed", "guardrail_blocked"),
        ("failed", "corrupt_output"),
    ]
    assert "3 of 4 runs did not succeed; the first is shot-0002" in str(error)
    recorder = Recorder()
    assert isinstance(run(shop, file, reporter=recorder).error, JobError)
    assert [row["attempt"] for row in table(shop)] == ["1", "2", "2", "2"]
    assert "1 of 4 runs have succeeded before; 3 that did not are tried again" in recorder.sentences
    assert shop.started() == 7


def test_a_killed_batch_goes_on_and_runs_nothing_twice(shop: Shop):
    file = batch(shop, {"seeds": [1, 2, 3, 4, 5]}, sleep_s="0.3")
    first = shop.popen("run-batch", file, "--max-parallel", "2")
    wait_until(lambda: shop.started() >= 3)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert run(shop, file, BatchOptions(max_parallel=2)).error is None
    assert [row["state"] for row in table(shop)] == ["succeeded"] * 5
    assert shop.started() == 5


def test_ctrl_c_leaves_what_runs_alone_and_writes_a_row_for_each_run(shop: Shop):
    go = shop.folder / "go"
    file = batch(shop, {"seeds": [1, 2, 3]}, until=str(go))
    first = shop.popen("run-batch", file)
    wait_until(lambda: shop.started() == 1)
    first.send_signal(signal.SIGINT)
    _, errors = first.communicate(timeout=180)
    assert first.returncode == 4
    assert errors.count(b"interrupted with 0 of 3 runs done") == 1
    assert errors.count(b"jobs on a host go on") == 1
    assert errors.decode().splitlines()[-1].startswith("cosmos-houdini: interrupted with")
    assert b"run-batch" in errors.splitlines()[-1]
    assert [row["state"] for row in table(shop)][1:] == ["queued", "queued"]
    go.touch()
    assert run(shop, file, BatchOptions(max_parallel=3)).error is None
    assert shop.started() == 3


def test_a_result_that_says_it_was_made_otherwise_is_an_error(shop: Shop):
    file = batch(shop, {"seeds": [5, 6], "control_weights": [0.25]})
    assert run(shop, file).error is None
    path = records(shop)[1].results / "result.json"
    result = json.loads(path.read_text("utf-8"))
    result["request"]["parameters"]["seed"] = 9
    result["request"]["controls"]["depth"]["weight"] = 0.5
    path.write_text(json.dumps(result), encoding="utf-8")
    error = run(shop, file).error
    assert isinstance(error, CheckFailed)
    assert "1 results were made otherwise than asked for; shot-0002: seed: asked 6, recorded 9" in str(error)
    assert [row["differences"] for row in table(shop)] == [
        "",
        "seed: asked 6, recorded 9; weight of depth: asked 0.25, recorded 0.5",
    ]


def test_results_that_are_gone_are_fetched_again(shop: Shop):
    file = batch(shop, {"seeds": [5, 6]})
    assert run(shop, file).error is None
    gone = Path(records(shop)[0].job.outputs[0])
    gone.unlink()
    assert run(shop, file).error is None
    assert gone.is_file()
    assert shop.started() == 2


def test_the_price_of_the_host_gives_the_cost_of_a_run_with_all_its_attempts(shop: Shop):
    (shop.folder / "cosmos-houdini.yaml").write_text("hosts: {local: {price_per_hour: 3600}}", encoding="utf-8")
    file = batch(shop, {"seeds": [5]}, fault="exit")
    assert isinstance(run(shop, file).error, JobError)
    (first,) = table(shop)
    assert isinstance(run(shop, file).error, JobError)
    (second,) = table(shop)
    assert float(first["cost"]) == pytest.approx(float(first["seconds"]), abs=1e-3)
    assert float(second["cost"]) > float(first["cost"]) > 0


def test_jobs_are_added_all_or_none_and_those_that_are_there_stay_as_they_are(shop: Shop):
    assert run(shop, batch(shop, {"seeds": [5]})).error is None
    (record,) = records(shop)
    queued = replace(record.job, state=JobState.QUEUED)
    other = replace(record, job=replace(queued, id="other", name="other"))
    with closing(Store.of(shop.folder)) as store:
        with pytest.raises(AttributeError):
            store.add_all([other, None])  # type: ignore[list-item]
        assert [one.id for one in store.records()] == [record.id]
        store.add_all([other, replace(record, job=queued)])
    assert {one.id: one.state for one in records(shop)} == {"other": JobState.QUEUED, record.id: JobState.SUCCEEDED}


def test_a_result_that_is_gone_here_and_on_the_host_is_no_success(shop: Shop):
    file = batch(shop, {"seeds": [1, 2]})
    assert run(shop, file).error is None
    first, second = records(shop)
    Path(second.job.outputs[0]).unlink()
    assert run(shop, file).error is None, "it is fetched again"
    Path(second.job.outputs[0]).unlink()
    shutil.rmtree(shop.root / "jobs" / second.id)
    error = run(shop, file).error
    assert isinstance(error, JobError)
    said = f"the results of 1 of 2 runs are gone; the first is {second.job.name}; cosmos-houdini retry {second.id}"
    assert str(error).startswith(said)
    assert shop.main("retry", second.id) == 0
    assert run(shop, file).error is None
    assert [record.job.attempt for record in records(shop)] == [1, 2]
    assert Path(first.job.outputs[0]).is_file()
