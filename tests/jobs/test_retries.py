"""Attempts that follow each other by themselves, on this machine and behind SSH."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.engines import register_engine, unregister_engine
from cosmos_houdini.jobs import runner
from cosmos_houdini.jobs.adopt import adopt
from cosmos_houdini.model.job import Attempt, FailureClass, JobState
from support.engines.fake_engine import FakeEngine
from support.jobs.job_project import Shop, lives

TIMEOUT_S = 180.0
AGAIN = ["queued", "staging", "pending", "running", "collecting"]


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def attempts(shop: Shop) -> tuple[Attempt, ...]:
    with closing(shop.client()) as client:
        return client.store.attempts(shop.record().id)


def failures(shop: Shop) -> list[str | None]:
    return [str(a.failure.failure) if a.failure else None for a in attempts(shop)]


def test_out_of_memory_is_run_again_with_offload_and_says_so(any_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert any_shop.main("run", any_shop.spec(fault="oom", seed=7)) == 0
    assert failures(any_shop) == ["oom", None]
    assert any_shop.started() == 2
    assert any_shop.states() == [*AGAIN, "failed", *AGAIN, "succeeded"]
    assert "attempt 2 (oom before, now with offload)" in capsys.readouterr().err
    record = any_shop.record()
    assert record.job.attempt == 2
    assert record.request["parameters"]["offload"] is False
    document = json.loads((record.results / "result.json").read_text(encoding="utf-8"))
    assert document["attempt"] == 2
    assert (document["request"]["parameters"]["offload"], document["request"]["parameters"]["seed"]) == (True, 7)
    assert document["options"]["reason"] == "oom before, now with offload"
    assert [dict(attempt.options.parameters) for attempt in attempts(any_shop)] == [{}, {"offload": True}]


def test_the_log_of_every_attempt_is_kept_after_the_host_was_cleaned(
    any_shop: Shop, capsys: pytest.CaptureFixture[str]
):
    assert any_shop.main("run", any_shop.spec(fault="oom")) == 0
    shutil.rmtree(any_shop.root)
    capsys.readouterr()
    assert any_shop.main("logs", "shot", "--attempt", 1, "--stderr") == 0
    assert "CUDA out of memory." in capsys.readouterr().out
    assert any_shop.main("logs", "shot", "--stderr") == 0
    assert any_shop.main("logs", "shot", "--attempt", 2, "--stderr") == 0
    assert capsys.readouterr().out == "last words\n" * 2
    assert any_shop.main("logs", "shot", "--attempt", 3) == 2
    assert "has no attempt 3; allowed: 1 to 2" in capsys.readouterr().err


def test_a_job_fails_when_nothing_is_left_to_try(shop: Shop):
    assert shop.main("run", shop.spec(fault="oom-always")) == 1
    assert failures(shop) == ["oom", "oom"]
    assert shop.record().state is JobState.FAILED
    assert shop.main("retry", "shot") == 1
    # A person's order begins anew, as the request was asked for.
    assert [dict(attempt.options.parameters) for attempt in attempts(shop)] == [{}, {"offload": True}] * 2


@pytest.mark.parametrize(("fault", "failure"), [("silent", "guardrail_blocked"), ("exit", "engine_error")])
def test_what_fails_the_same_way_again_is_not_paid_for_twice(shop: Shop, fault: str, failure: str):
    assert shop.main("run", shop.spec(fault=fault)) == 1
    assert failures(shop) == [failure]


def test_a_broken_result_is_made_again_and_a_lasting_one_given_up(shop: Shop):
    assert shop.main("run", shop.spec(fault="truncated-once")) == 0
    assert failures(shop) == ["corrupt_output", None]
    assert shop.main("run", shop.spec("bad", fault="missing")) == 1
    assert shop.record("bad").job.attempt == 3
    assert shop.main("fetch", "bad") == 1
    assert shop.record("bad").job.attempt == 3


def test_the_number_of_attempts_is_configured(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ATTEMPTS", "2")
    assert shop.main("run", shop.spec(fault="missing")) == 1
    assert shop.record().job.attempt == 2


def test_a_lost_job_is_stopped_and_run_again(any_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert any_shop.main("run", any_shop.spec(sleep_s="3"), "--detach") == 0
    script = int(any_shop.on_host("started/pid").read_text())
    children = psutil.Process(script).children(recursive=True)
    # The script that watches the program dies alone; the program goes on.
    os.kill(script, signal.SIGKILL)
    with closing(any_shop.client()) as client:

        def given_up() -> bool:
            assert runner.advance(client, [any_shop.record().id], start=False) == {}
            return any_shop.record().job.attempt == 2

        until(given_up)
        assert any_shop.record().state is JobState.QUEUED
        assert not [child for child in children if child.is_running() and lives(child.pid)]
    capsys.readouterr()
    assert any_shop.main("status") == 0
    told = capsys.readouterr()
    assert "attempt 2  queued: attempt 2 (lost before, again)" in told.out
    assert "is queued and no process sends it" in told.err
    assert any_shop.main("attach") == 0
    assert failures(any_shop) == ["lost", None]


def test_a_job_whose_inputs_are_gone_keeps_its_own_failure(shop: Shop):
    clip = shop.folder / "own.mp4"
    clip.write_bytes(shop.clip.read_bytes())
    own = Shop(folder=shop.folder, clip=clip, root=shop.root)
    assert own.main("run", own.spec(fault="oom", sleep_s="0.5"), "--detach") == 0
    clip.unlink()
    assert own.main("attach") == 1
    assert failures(own) == ["oom"]


def test_a_later_attempt_is_taken_up_elsewhere_with_its_terms(shop: Shop):
    assert shop.main("run", shop.spec(fault="oom")) == 0
    job_id = shop.record().id
    with closing(shop.client()) as client:
        client.store._db.execute("DELETE FROM jobs")
        record = adopt(client, "local", job_id)
    assert record.job.attempt == 2
    assert record.options.parameters == {"offload": True}
    assert record.inference().parameters["offload"] is True


def configured(shop: Shop, **host: object) -> None:
    text = json.dumps({"defaults": {"engine": "fake"}, "hosts": {"local": host}})
    (shop.folder / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")


def test_an_engine_that_is_silent_for_ever_is_stopped_and_run_again(shop: Shop):
    configured(shop, stalled_after_min=0.05)
    assert shop.main("run", shop.spec(fault="hang-once")) == 0
    assert failures(shop) == ["stalled", None]
    message = attempts(shop)[0].failure.message  # type: ignore[union-attr]
    assert "it stood still and was stopped; the log ends:" in message
    assert "no new line in the log and no work on its GPU" in message


def test_a_job_at_its_time_limit_is_stopped_and_left_to_a_person(shop: Shop):
    configured(shop, time="0:02")
    assert shop.main("run", shop.spec(sleep_s="300")) == 1
    assert failures(shop) == ["timeout"]


def test_a_time_limit_that_cannot_be_read_is_told_before_anything_is_sent(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    configured(shop, time="soon")
    assert shop.main("run", shop.spec()) == 2
    assert "time 'soon' is no limit" in capsys.readouterr().err
    assert not (shop.folder / ".cosmos").exists()


def test_what_a_job_waits_for_and_what_could_never_fit_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    programs = shop.folder / "bin"
    programs.mkdir()
    (programs / "nvidia-smi").write_text('#!/bin/sh\ncat "$0.table"\n')
    (programs / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    unregister_engine("fake")
    register_engine(FakeEngine(gpu_memory_gb=75.0))
    (programs / "nvidia-smi.table").write_text("0, 81559, 12035\n")
    assert shop.main("run", shop.spec(), "--detach") == 0
    told = "pending: waiting for a GPU with 75 GiB free: GPU 0 has 11 of 79 GiB free"

    def said() -> bool:
        assert shop.main("status") == 0
        assert shop.record().state is JobState.PENDING
        return told in capsys.readouterr().out

    until(said)
    (programs / "nvidia-smi.table").write_text("0, 81559, 81004\n")
    assert shop.main("attach") == 0
    (programs / "nvidia-smi.table").write_text("0, 24564, 24090\n")
    assert shop.main("run", shop.spec("large", seed=2)) == 1
    failure = shop.record("large").job.failure
    assert failure is not None
    assert failure.failure is FailureClass.BAD_INPUT
    assert "needs a GPU with 75 GiB of memory; this host has GPU 0 with 23 GiB" in failure.message


@pytest.fixture
def batch(shop: Shop) -> Path:
    (shop.folder / "shot.spec.json").write_text(
        json.dumps(
            {
                "schema": "cosmos-houdini/prompt-spec/1",
                "name": "shot",
                "prompt": "rain",
                "input_video": str(shop.clip),
            }
        )
    )
    path = shop.folder / "night.yaml"
    path.write_text(
        json.dumps(
            {
                "schema": "cosmos-houdini/batch-spec/1",
                "name": "night",
                "engine": "fake",
                "items": [{"spec": "shot.spec.json"}],
                "parameters": {"starts": str(shop.starts), "fault": "oom", "offload": False},
                "randomization": {"seeds": [1, 2]},
            }
        )
    )
    return path


def test_a_batch_takes_a_result_made_with_offload_for_what_was_asked(shop: Shop, batch: Path):
    assert shop.main("run-batch", batch) == 0
    with closing(shop.client()) as client:
        assert {job.attempt for job in client.store.jobs()} == {2}
        for job in client.store.jobs():
            assert client.store.attempts(job.id)[0].failure.failure is FailureClass.OOM  # type: ignore[union-attr]
