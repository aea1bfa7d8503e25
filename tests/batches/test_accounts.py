"""The account of a night: kept when a later call writes another, in the right words, at the prices of its time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.batches.limits import HeldPeriod
from cosmos_houdini.batches.summary import Summary
from cosmos_houdini.jobs.store.spending import Spending
from cosmos_houdini.model.job import FailureClass, JobState
from cosmos_houdini.report.causes import group_by_cause
from cosmos_houdini.report.entry import ReportEntry
from support.jobs.batch_project import batch
from support.jobs.job_project import Shop
from support.jobs.report_entries import entry

NIGHT = datetime(2026, 3, 1, 22, tzinfo=timezone.utc)


def kept(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def summary(entries: list[ReportEntry], **changes: object) -> Summary:
    whole: dict[str, object] = {
        "batch": "night",
        "host": "local",
        "began": NIGHT,
        "ended": NIGHT,
        "entries": entries,
        "varied": (),
        "set_aside": (),
        "held": list[HeldPeriod](),
        "spent_before": Spending(),
        "spent": Spending(ended=1, ended_s=3600),
        "hours_of": "GPU hours",
        "problem": "",
        "report": "",
        "table": "night.csv",
        "resume": "again",
        "promote": "",
        "folder": ".",
    }
    return Summary(**{**whole, **changes})  # type: ignore[arg-type]  # a few values of every type


def failed(name: str, failure: FailureClass, message: str, state: JobState = JobState.FAILED) -> ReportEntry:
    made = entry(name, {}, failure=(failure, message))
    assert made.row
    return replace(made, row=replace(made.row, job=replace(made.row.job, state=state)))


@pytest.mark.usefixtures("one_attempt")
def test_table_and_summary_of_an_earlier_call_are_kept_under_their_dates(shop: Shop):
    file = batch(shop, {"fault": ["", "exit"], "sampler": "grid"})
    out = shop.folder / "cosmos_out"
    accounts = []
    for _ in range(3):
        assert shop.main("run-batch", file) == 1
        accounts.append([(out / name).read_bytes() for name in ("night.csv", "night.summary.txt")])
    for index, pattern in enumerate(("night.2*.csv", "night.summary.2*.txt")):
        written = {account[index] for account in accounts}
        assert {path.read_bytes() for path in kept(out, pattern)} | {accounts[-1][index]} == written
        assert len(written) > 1


def test_a_call_that_finds_all_done_keeps_no_second_table(shop: Shop):
    file = batch(shop, {"seeds": [7]})
    for _ in range(3):
        assert shop.main("run-batch", file) == 0
    assert kept(shop.folder / "cosmos_out", "night.2*.csv") == []


def test_a_report_of_other_jobs_does_not_take_the_place_of_the_one_before(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    assert shop.main("run-batch", batch(shop, {"seeds": [7, 8]})) == 0
    both = [shop.record(name).id for name in ("shot-0001", "shot-0002")]
    out = shop.folder / "cosmos_out" / "jobs"
    for jobs in (both, both, both[1:], both[1:]):
        assert shop.main("report", *jobs) == 0
    capsys.readouterr()
    shown = {
        folder: [run["job"] for run in json.loads((folder / "report.json").read_text("utf-8"))["runs"]]
        for folder in kept(out, "report*")
    }
    assert shown.pop(out / "report") == both[1:]
    assert list(shown.values()) == [both]
    [earlier] = shown
    assert (earlier / "index.html").is_file()


def test_the_price_of_a_run_stays_when_the_configuration_changes(shop: Shop, capsys: pytest.CaptureFixture[str]):
    settings = shop.folder / "cosmos-houdini.yaml"

    def configure(price: float | None, currency: str) -> None:
        document = yaml.safe_load(settings.read_text("utf-8")) if settings.is_file() else {}
        document.setdefault("hosts", {}).setdefault("local", {})["price_per_hour"] = price
        document.setdefault("defaults", {})["currency"] = currency
        settings.write_text(yaml.safe_dump(document), encoding="utf-8")

    def totals() -> tuple[object, object]:
        capsys.readouterr()
        assert shop.main("report", file, "--json") == 0
        found = json.loads(capsys.readouterr().out)["totals"]
        return found["cost"], found["currency"]

    configure(3600, "EUR")
    file = batch(shop, {"seeds": [7]})
    assert shop.main("run-batch", file) == 0
    before = totals()
    assert before[1] == "EUR"
    for price, currency in ((7200.0, "EUR"), (1.0, "USD"), (None, "")):
        configure(price, currency)
        assert totals() == before
    capsys.readouterr()
    assert shop.main("show", shop.record("shot-0001").id) == 0
    assert "price: 3600 EUR an hour" in capsys.readouterr().out


@pytest.mark.usefixtures("one_attempt")
def test_a_run_without_a_gpu_hears_nothing_of_gpus(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run-batch", batch(shop, {"seeds": [7]}, fault="oom-always", offload=True)) == 1
    text = (shop.folder / "cosmos_out" / "night.summary.txt").read_text("utf-8")
    assert "CPU hours in all" in text
    assert "next: give the host more free main memory" in text
    assert "GPU" not in text.replace("CUDA", "")
    assert shop.main("run", shop.spec("alone", fault="oom-always", offload=True)) == 1
    assert "GPU" not in capsys.readouterr().err.splitlines()[-1]


def test_the_hours_of_a_call_are_told_apart_from_those_of_before():
    assert "; 1.00 GPU hours in all\n" in summary([]).text
    before = summary([], spent_before=Spending(ended=1, ended_s=1800), spent=Spending(ended=2, ended_s=2160)).text
    assert "; 0.10 GPU hours, 0.60 with those of before\n" in before


def test_failures_of_one_cause_stand_together_whatever_the_logs_end_with():
    entries = [
        failed("a-0001", FailureClass.OOM, "Tried to allocate 2.50 GiB on GPU 0; the log ends: step 3"),
        failed("a-0002", FailureClass.ENGINE_ERROR, "exit code 3: no such layer"),
        failed("a-0003", FailureClass.OOM, "Tried to allocate 31 GiB on GPU 1; the log ends: step 7"),
        failed("a-0004", FailureClass.CANCELLED, "cancelled on request", JobState.CANCELLED),
    ]
    causes = group_by_cause(entries)
    assert [[one.name for one in cause.entries] for cause in causes] == [["a-0001", "a-0003"], ["a-0002"]]
    text = summary(entries).text
    assert "  2 oom: a-0001, a-0003\n" in text
    assert "\ncancelled\n  a-0004\n" in text


def test_failures_of_one_class_and_two_causes_are_told_apart():
    entries = [
        failed("a-0001", FailureClass.ENGINE_ERROR, "no such layer"),
        failed("a-0002", FailureClass.ENGINE_ERROR, "no such file /data/a/b.pt"),
        failed("a-0003", FailureClass.ENGINE_ERROR, "no such file /data/c.pt"),
    ]
    assert [len(cause.entries) for cause in group_by_cause(entries)] == [2, 1]
    text = summary(entries).text
    assert "  3 engine_error: a-0001, a-0002, a-0003\n    2 of them: no such file /data/c.pt (" in text
    assert "\n    1 of them: no such layer (" in text
