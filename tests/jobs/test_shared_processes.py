"""Batches whose jobs share a process and the load of its model, on this machine and behind SSH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.batches import limits
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from support.jobs.batch_project import batch, let_go, records, table, wait_until
from support.jobs.job_project import Shop

LABEL = "COSMOS_HOUDINI_JOB"


def sharing(shop: Shop, randomization: dict[str, object], **parameters: object) -> Path:
    values = {"sampler": "grid", **randomization}
    return batch(shop, values, engine="sharing", loads=str(shop.folder / "loads"), **parameters)


def five(shop: Shop, number: int = 0, **special: object) -> Path:
    """Write a batch of five runs of one model, of which one has parameters of its own."""
    items = [
        {"spec": "shot.spec.json", "name": f"shot{place}", "parameters": special if place == number else {}}
        for place in range(1, 6)
    ]
    return batch(shop, {}, items, engine="sharing", loads=str(shop.folder / "loads"))


def loads(shop: Shop) -> list[str]:
    file = shop.folder / "loads"
    return file.read_text().split() if file.exists() else []


def states(shop: Shop) -> list[str]:
    return [str(record.state) for record in records(shop)]


def tries(shop: Shop) -> list[int]:
    return [record.options.attempt_number for record in records(shop)]


def is_in_progress(shop: Shop, number: int, progress: float = 0.5) -> bool:
    found = records(shop)
    return len(found) >= number and found[number - 1].job.progress == progress


def ended(client: subprocess.Popen[bytes]) -> int:
    client.communicate(timeout=180)
    return client.returncode


def failure(record: JobRecord) -> str:
    return str(record.job.failure.failure) if record.job.failure else ""


def test_six_jobs_of_two_models_need_two_loads(any_shop: Shop):
    file = sharing(any_shop, {"seeds": [1, 2, 3], "model": ["large", "small"]})
    assert any_shop.main("run-batch", file) == 0
    assert sorted(loads(any_shop)) == ["large", "small"]
    assert states(any_shop) == ["succeeded"] * 6
    rows = table(any_shop)
    assert [row["differences"] for row in rows] == [""] * 6
    for record in records(any_shop):
        result = json.loads((record.results / "result.json").read_text("utf-8"))
        assert result["recorded"]["parameters"]["seed"] == record.request["parameters"]["seed"]
        log = (record.results / "stdout.log").read_text("utf-8")
        assert log.count("Saved video") == 1


def test_the_gpus_of_a_host_all_get_their_part(shop: Shop):
    (shop.folder / "cosmos-houdini.yaml").write_text("hosts: {local: {gpus: [0, 1]}}", encoding="utf-8")
    assert shop.main("run-batch", sharing(shop, {"seeds": [1, 2, 3, 4, 5, 6]})) == 0
    assert len(loads(shop)) == 2
    shared_processes = [record.shared_process for record in records(shop)]
    assert [shared_processes.count(one) for one in dict.fromkeys(shared_processes)] == [3, 3]


def test_results_come_while_the_rest_is_made_and_each_run_tells_how_far_it_is(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    until = shop.folder / "go"
    client = shop.popen("run-batch", five(shop, 2, until=str(until)))
    wait_until(lambda: is_in_progress(shop, 2) and states(shop)[0] == "succeeded")
    wait_until(lambda: "in the same process" in records(shop)[4].stage)
    assert shop.main("status", "--json") == 0
    jobs = {job["name"]: job for job in json.loads(capsys.readouterr().out)["jobs"]}
    assert [job["state"] for _, job in sorted(jobs.items())] == ["succeeded", "running", *["pending"] * 3]
    assert [job["progress"] for _, job in sorted(jobs.items())] == [1.0, 0.5, 0.0, 0.0, 0.0]
    assert records(shop)[3].stage == "waiting for its turn, 2 before it in the same process"
    assert [job.get("place") for _, job in sorted(jobs.items())] == [None, None, 1, 2, 3]
    assert Path(records(shop)[0].job.outputs[0]).is_file()
    until.touch()
    assert ended(client) == 0
    assert len(loads(shop)) == 1


def test_what_a_dead_process_had_not_begun_is_made_by_another_and_loses_no_attempt(any_shop: Shop):
    assert any_shop.main("run-batch", five(any_shop, 3, fault="killed")) == 1
    assert states(any_shop) == ["succeeded", "succeeded", "failed", "succeeded", "succeeded"]
    assert failure(records(any_shop)[2]) == "engine_error"
    assert tries(any_shop) == [1] * 5
    assert (len(loads(any_shop)), any_shop.started()) == (2, 5)
    with closing(Store.of(any_shop.folder)) as store:
        attempts = [store.attempts(record.id) for record in records(any_shop)]
    assert [[attempt.started_at is not None for attempt in one] for one in attempts] == [
        *[[True]] * 3,
        *[[False, True]] * 2,
    ]


def test_a_blocked_run_fails_alone_in_a_process_that_goes_on(shop: Shop):
    assert shop.main("run-batch", five(shop, 3, fault="silent")) == 1
    assert states(shop) == ["succeeded", "succeeded", "failed", "succeeded", "succeeded"]
    assert failure(records(shop)[2]) == "guardrail_blocked"
    assert (len(loads(shop)), shop.started()) == (1, 5)


def test_one_that_ran_out_of_memory_is_made_again_with_less_and_the_rest_as_it_was(shop: Shop):
    assert shop.main("run-batch", five(shop, 3, fault="oom")) == 0
    assert tries(shop) == [1, 1, 2, 1, 1]
    assert [record.options.parameters for record in records(shop)] == [{}, {}, {"offload": True}, {}, {}]
    assert (len(loads(shop)), shop.started()) == (3, 6)


def test_a_result_that_another_run_of_the_process_spoilt_is_told(shop: Shop):
    assert shop.main("run-batch", five(shop, 3, fault="other")) == 1
    assert [row["differences"] for row in table(shop)][2].startswith("seed: sent 1, the engine ran with 99")


def test_a_run_that_is_cancelled_before_its_turn_costs_the_others_no_attempt(shop: Shop):
    until = shop.folder / "go"
    client = shop.popen("run-batch", five(shop, 1, until=str(until)))
    wait_until(lambda: is_in_progress(shop, 1))
    assert shop.main("cancel", records(shop)[2].id) == 0
    until.touch()
    assert ended(client) == 1
    failures = [record.job.failure for record in records(shop)]
    assert states(shop) == ["succeeded", "succeeded", "cancelled", "succeeded", "succeeded"], failures
    assert tries(shop) == [1] * 5


def test_cancelling_the_run_that_is_made_costs_the_others_no_attempt(shop: Shop):
    until = shop.folder / "go"
    client = shop.popen("run-batch", five(shop, 1, until=str(until)))
    wait_until(lambda: is_in_progress(shop, 1))
    assert shop.main("cancel", records(shop)[0].id) == 0
    assert ended(client) == 1
    assert states(shop) == ["cancelled", *["succeeded"] * 4]
    assert (len(loads(shop)), shop.started(), tries(shop)) == (2, 5, [1] * 5)


def test_a_pause_takes_back_what_was_not_begun(shop: Shop):
    until = shop.folder / "go"
    client = shop.popen("run-batch", five(shop, 1, until=str(until), looks="yes"))
    wait_until(lambda: is_in_progress(shop, 1))
    assert shop.main("batch", "pause", "night") == 0
    wait_until(lambda: states(shop) == ["running", *["queued"] * 4])
    until.touch()
    wait_until(lambda: states(shop)[0] == "succeeded")
    assert (shop.started(), loads(shop)) == (1, ["small"])
    assert shop.main("batch", "resume", "night") == 0
    assert ended(client) == 0
    assert (len(loads(shop)), shop.started(), tries(shop)) == (2, 5, [1] * 5)


def test_a_budget_that_is_used_up_takes_back_what_was_not_begun(shop: Shop):
    go = shop.folder / "go"
    file = five(shop, 1, until=str(go), looks="yes")
    with let_go(go, lambda: states(shop) == ["running", *["queued"] * 4] and shop.started() == 1):
        assert shop.main("run-batch", file, "--gpu-hours", 0.5 / 3600) == 1
    assert states(shop) == ["succeeded", *["queued"] * 4]
    assert (shop.started(), loads(shop)) == (1, ["small"])


def test_a_hot_gpu_takes_back_what_was_not_begun(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PROBE_INTERVAL", limits.timedelta(0))
    until = shop.folder / "go"
    hot_from_the_first_load_on = f'[ -e "{shop.folder}/loads" ] && [ ! -e "{until}" ] && celsius=93 || celsius=60'
    program = shop.folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{hot_from_the_first_load_on}\necho "0, H100, 81559, 81042, $celsius"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    with let_go(until, lambda: states(shop) == ["running", *["queued"] * 4]):
        assert shop.main("run-batch", five(shop, 1, until=str(until), looks="yes")) == 0
    assert (len(loads(shop)), shop.started(), tries(shop)) == (2, 5, [1] * 5)


def test_a_batch_that_is_cancelled_leaves_nothing_behind(shop: Shop):
    client = shop.popen("run-batch", five(shop, 1, until=str(shop.folder / "never")))
    wait_until(lambda: is_in_progress(shop, 1))
    assert shop.main("batch", "cancel", "night") == 0
    assert ended(client) == 1
    assert states(shop) == ["cancelled"] * 5
    assert (shop.started(), loads(shop)) == (1, ["small"])
    labels = {str(folder) for folder in (shop.root / "jobs").iterdir()}
    assert not [one for one in psutil.process_iter(["environ"]) if (one.info["environ"] or {}).get(LABEL) in labels]


def test_a_batch_that_is_cancelled_begins_nothing_anew_of_what_that_sets_free(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    client = shop.popen("run-batch", five(shop, 1, until=str(shop.folder / "never")))
    wait_until(lambda: is_in_progress(shop, 1))
    cancel = commands.cancel

    def slow(of: Client, job_id: str) -> JobRecord:
        before = cancel(of, job_id)
        if job_id == records(shop)[0].id:
            wait_until(lambda: not {"pending", "running"} & set(states(shop)))
            time.sleep(1)  # within which the other client would begin the rest
        return before

    monkeypatch.setattr(commands, "cancel", slow)
    assert shop.main("batch", "cancel", "night") == 0
    assert ended(client) == 1
    assert states(shop) == ["cancelled"] * 5
    assert (shop.started(), loads(shop)) == (1, ["small"])


@pytest.mark.parametrize("state", ["staging", "pending", "running", "collecting", "succeeded"])
def test_a_client_that_is_killed_leaves_runs_that_the_next_one_brings_to_their_end(shop: Shop, state: str):
    file = five(shop)

    def was_seen() -> bool:
        with closing(Store.of(shop.folder)) as store:
            return any(str(event.state) == state for job in store.jobs() for event in store.events(job.id))

    client = shop.popen("run-batch", file)
    wait_until(was_seen)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    assert shop.main("run-batch", file) == 0
    assert states(shop) == ["succeeded"] * 5
    # Of those that were to go together, one that was on its way goes first.
    assert len(loads(shop)) <= (2 if state == "staging" else 1)
    assert (shop.started(), tries(shop)) == (5, [1] * 5)


def test_a_job_of_a_process_can_be_followed_from_another_terminal_and_is_shown_and_cleared_up(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    until = shop.folder / "go"
    client = shop.popen("run-batch", five(shop, 1, until=str(until)))
    wait_until(lambda: is_in_progress(shop, 1))
    client.kill()
    client.communicate()
    until.touch()
    last = records(shop)[4].id
    assert shop.main("attach", last) == 0
    assert records(shop)[4].state is JobState.SUCCEEDED
    capsys.readouterr()
    assert shop.main("show", last) == 0
    assert "succeeded" in capsys.readouterr().out
    assert shop.main("attach") == 0
    assert states(shop) == ["succeeded"] * 5
    assert shop.main("clean", "--older-than", "0m", "--yes") == 0
    assert not list((shop.root / "jobs").iterdir())
