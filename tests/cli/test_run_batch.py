"""run-batch, promote and batch on the command line: parsing, output, exit codes."""

from __future__ import annotations

import json

import pytest

from cosmos_houdini.batches.notify import URLS_VARIABLE
from support.jobs.batch_project import batch, records
from support.jobs.job_project import Shop


def test_the_path_of_the_table_is_on_standard_output_and_progress_is_not(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    assert shop.main("run-batch", batch(shop, {"seeds": [3, 1]}), "--max-parallel", 2) == 0
    out = capsys.readouterr()
    assert out.out == f"{shop.folder / 'cosmos_out' / 'night.csv'}\n"
    assert "2 of 2 runs done" in out.err
    assert (shop.folder / "cosmos_out" / "night.summary.txt").read_text("utf-8") in out.err


@pytest.mark.usefixtures("one_attempt")
def test_a_run_that_fails_is_exit_code_1_after_the_table(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = batch(shop, {"fault": ["", "exit"], "sampler": "grid"})
    assert shop.main("run-batch", file) == 1
    out = capsys.readouterr()
    assert out.out == f"{shop.folder / 'cosmos_out' / 'night.csv'}\n"
    assert "1 of 2 runs did not succeed; the first is shot-0002" in out.err.splitlines()[-1]
    assert "to go on, failed runs included: cosmos-houdini run-batch -- " in out.err


def test_promote_runs_what_is_named(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]})
    assert shop.main("run-batch", file, "--scout") == 0
    assert shop.main("promote", file, "shot-0002-scout", "-o", "chosen.csv") == 0
    assert (shop.folder / "chosen.csv").read_text("utf-8").splitlines()[1].startswith("shot-0002,")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("least_disk_gb", "min_free_disk_gb"), ("max_gpu_temp", "max_gpu_temp_c"), ("max_costs", "max_cost")],
)
def test_an_unknown_key_of_the_configuration_names_the_nearest(
    shop: Shop, key: str, nearest: str, capsys: pytest.CaptureFixture[str]
):
    (shop.folder / "cosmos-houdini.yaml").write_text(f"overnight: {{{key}: 1}}", encoding="utf-8")
    assert shop.main("run-batch", batch(shop, {"seeds": [1]})) == 2
    errors = capsys.readouterr().err
    assert f"overnight.{key}" in errors
    assert f"did you mean '{nearest}'?" in errors


def test_a_dry_run_prints_the_runs_and_reaches_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run-batch", batch(shop, {"seeds": [5, 6]}), "--dry-run") == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [run["parameters"]["seed"] for run in listed] == [5, 6]
    assert not (shop.folder / ".cosmos").exists()


def test_json_is_all_that_stands_on_standard_output(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run-batch", batch(shop, {"seeds": [5]}), "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert row["parameters"]["seed"] == 5
    assert row["parameters"]["weights"] == {"depth": 0.5}
    assert (row["state"], row["error"], row["differences"]) == ("succeeded", None, [])


def test_a_host_that_was_never_there_is_told_at_once_and_nothing_is_queued(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    (shop.folder / "cosmos-houdini.yaml").write_text(
        "hosts: {far: {address: 127.0.0.1, port: 1, root: /data}}", encoding="utf-8"
    )
    assert shop.main("run-batch", batch(shop, {"seeds": [1, 2]}), "--host", "far") == 3
    assert "far" in capsys.readouterr().err
    assert records(shop) == []


def test_a_batch_with_one_run_that_cannot_be_run_sends_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = batch(shop, {"seeds": [1, 2]})
    spec = json.loads((shop.folder / "shot.spec.json").read_text("utf-8"))
    (shop.folder / "bad.mp4").write_bytes(b"no video")
    spec["controls"]["depth"] = str(shop.folder / "bad.mp4")
    (shop.folder / "shot.spec.json").write_text(json.dumps(spec), encoding="utf-8")
    assert shop.main("run-batch", file) == 2
    assert "shot-0001: " in capsys.readouterr().err
    assert not (shop.folder / ".cosmos").exists()


def test_a_dry_run_prints_the_scouts_and_makes_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run-batch", batch(shop, {"seeds": [7, 13]}), "--scout", "--dry-run") == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["name"], run["parameters"]["seed"]) for run in runs] == [
        ("shot-0001-scout", 7),
        ("shot-0002-scout", 13),
    ]
    assert {run["parameters"]["sleep_s"] for run in runs} == {"0"}
    assert not (shop.folder / ".cosmos").exists()


def test_addresses_and_terms_that_cannot_be_used_are_told_before_anything_is_queued(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file = batch(shop, {"seeds": [1]})
    for options, sentence in (
        (("--window", "22-7"), "'22-7' is no time window"),
        (("--max-cost", "5"), "host 'local' has no price"),
    ):
        assert shop.main("run-batch", file, *options) == 2
        assert sentence in capsys.readouterr().err
    monkeypatch.setenv(URLS_VARIABLE, "nonsense://x")
    assert shop.main("run-batch", file) == 2
    assert f"address 1 of ${URLS_VARIABLE}" in capsys.readouterr().err
    assert records(shop) == []


def test_a_project_without_batches_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("batch", "status") == 0
    out = capsys.readouterr()
    assert (out.out, out.err) == (
        "",
        f"{shop.folder} has no batches yet; `cosmos-houdini run-batch FILE` runs one\n",
    )
    assert shop.main("batch", "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["batches"] == []


def test_an_empty_log_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    job = shop.record().id
    for log in shop.record().results.rglob("stdout.log"):
        log.write_bytes(b"")
    capsys.readouterr()
    assert shop.main("logs", job) == 0
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", f"{job}: standard output is empty so far\n")
