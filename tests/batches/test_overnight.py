"""Batches that nobody watches, with a real mail server and a real webhook."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import chain, repeat
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.batches import limits, scheduler, supervisor
from cosmos_houdini.batches.notify import URLS_VARIABLE
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.errors import CheckFailed, HostUnreachable, JobError
from cosmos_houdini.model.job import JobState
from support.jobs.batch_project import batch, records, run, table
from support.jobs.job_project import Shop
from support.recorder import Recorder
from support.servers.host_programs import write_shell
from support.servers.message_receivers import Hook, Mailbox, hook, mailbox
from support.servers.sshd import free_port


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with hook() as web:
        monkeypatch.setenv(URLS_VARIABLE, web.url)
        yield web


def summary(shop: Shop) -> str:
    return (shop.folder / "cosmos_out" / "night.summary.txt").read_text("utf-8")


def states(shop: Shop) -> list[str]:
    return [row["state"] for row in table(shop)]


def test_one_summary_tells_the_morning_what_came_of_the_night(shop: Shop, box: Mailbox, web: Hook):
    addresses = shop.folder / "addresses"
    addresses.write_text(box.url, encoding="utf-8")
    addresses.chmod(0o600)
    settings = {
        "defaults": {"currency": "EUR"},
        "hosts": {"local": {"price_per_hour": 3600}},
        "notify": {"urls_file": str(addresses)},
    }
    (shop.folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    faults = ["", "other", "exit", "silent", "frames", "missing"]
    file = batch(shop, {"fault": faults, "sampler": "grid"})
    outcome = run(shop, file, BatchOptions(max_parallel=3))
    assert isinstance(outcome.error, CheckFailed)
    text = summary(shop)
    assert text == outcome.summary.text
    assert text.startswith("night on local: 2 of 6 runs done, 4 failed\n")
    assert re.search(r"which cost \d+\.\d\d EUR$", text, re.MULTILINE)
    assert "2 corrupt_output: shot-0005, shot-0006\n" in text
    assert "1 engine_error: shot-0003\n" in text
    assert "1 guardrail_blocked: shot-0004\n    no video was saved (cosmos-houdini logs shot-0004-" in text
    assert "\n    next: change the prompt or the pictures; " in text
    assert "shot-0002: seed: sent 1, the engine ran with 99" in text
    best = text.partition("best runs by the report's score\n  1. ")[2].splitlines()
    assert best[0].startswith("shot-000")
    assert Path(best[1].strip()).is_file()
    assert "\nto go on, failed runs included: cosmos-houdini run-batch " in text
    titles = {document["title"]: document["message"] for document in web.documents}
    assert titles["night on local: 2 of 6 runs done, 4 failed"] == text.rstrip("\n")
    assert any("runs have failed" in title for title in titles)
    assert {str(message["subject"]) for message in box.messages} == titles.keys()


def test_a_notification_that_cannot_be_delivered_harms_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(URLS_VARIABLE, f"json://127.0.0.1:{free_port()}/SECRETTOKEN")
    recorder = Recorder()
    assert run(shop, batch(shop, {"seeds": [1, 2]}), reporter=recorder).error is None
    errors = "\n".join(recorder.sentences)
    assert errors.count("a notification by JSON could not be delivered") == 1
    assert "SECRETTOKEN" not in errors
    assert states(shop) == ["succeeded"] * 2


def test_a_budget_ends_the_batch_with_what_runs_and_a_larger_one_goes_on(shop: Shop, web: Hook):
    file = batch(shop, {"seeds": [1, 2, 3]}, sleep_s="0.4")
    error = run(shop, file, BatchOptions(gpu_hours=0.0001)).error
    assert isinstance(error, JobError)
    assert states(shop) == ["succeeded", "queued", "queued"]
    assert "2 of 3 runs have not ended; run-batch goes on" in str(error)
    reason = "the budget of 0.0001 CPU hours leaves no room for another run until it is raised"
    assert f"the end: {reason}" in summary(shop)
    # One after the other leaves; which one arrives first is the network's business.
    assert sorted(document["title"] for document in web.documents) == [
        f"night on local starts no further run: {reason}",
        "night on local: 1 of 3 runs done, 2 not ended",
    ]
    assert run(shop, file, BatchOptions(gpu_hours=1)).error is None
    assert states(shop) == ["succeeded"] * 3
    assert shop.started() == 3


def test_what_runs_when_the_window_closes_ends_and_the_rest_stays_queued(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    evening, night_, morning = (datetime(2026, 11, day, hour, 30, tzinfo=timezone.utc) for day, hour in MOMENTS)
    # The beginning of the summary, one look before the window opens, one at night, and the morning from then on.
    clock = chain([evening, evening, night_], repeat(morning))
    monkeypatch.setattr(supervisor, "local_time", lambda: next(clock))
    assert isinstance(run(shop, batch(shop, {"seeds": [1, 2, 3]}), BatchOptions(window="22:00-07:00")).error, JobError)
    assert states(shop) == ["succeeded", "queued", "queued"]
    text = summary(shop)
    assert "it is not yet 22:00, the beginning of 22:00-07:00" in text
    assert "it is past 07:00, the end of 22:00-07:00" in text


MOMENTS = ((23, 21), (23, 23), (24, 7))


def test_a_hot_gpu_holds_the_batch_until_it_is_cool(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "PROBE_INTERVAL", limits.timedelta(0))
    monkeypatch.setattr(limits, "NOTIFY_AFTER", limits.timedelta(0))
    asked, hot = tmp_path / "asked", 5
    heat = f'echo >>"{asked}"; if [ "$(wc -l <"{asked}")" -le {hot} ]; then heat=93; else heat=60; fi'
    seen = f'[ ! -e "{shop.starts}" ] || [ "$heat" -eq 60 ] || touch "{tmp_path}/ran hot"'
    say = 'echo "0, NVIDIA H100 80GB HBM3, 81559, 81042, $heat"'
    write_shell(tmp_path / "bin", "nvidia-smi", f"{heat}\n{seen}\n{say}")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert run(shop, batch(shop, {"seeds": [1]})).error is None
    assert len(asked.read_text()) > hot
    assert not (tmp_path / "ran hot").exists()
    assert ": a GPU of local is at 90 °C or more\n" in summary(shop)
    assert records(shop)[0].state is JobState.SUCCEEDED


def test_a_host_that_stays_out_of_reach_is_in_the_summary_too(shop: Shop, web: Hook, monkeypatch: pytest.MonkeyPatch):
    def gone(*_: object, **__: object) -> None:
        raise HostUnreachable("host local does not answer")

    monkeypatch.setattr(scheduler, "run_batch", gone)
    outcome = run(shop, batch(shop, {"seeds": [1]}))
    assert isinstance(outcome.ended_by, HostUnreachable)
    assert outcome.error is outcome.ended_by
    assert "\nended early: host local does not answer\n" in summary(shop)
    assert [document["title"] for document in web.documents] == ["night on local: 0 of 1 runs done, 1 not ended"]
