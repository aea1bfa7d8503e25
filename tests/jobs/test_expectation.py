"""The time and the money of a run: by earlier runs on its host, else by published times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.config import load
from cosmos_houdini.jobs.expectation import expect
from support.jobs.batch_project import records
from support.jobs.job_project import Shop
from support.media.transfer_clips import request_of, write_clips


def configure(folder: Path, **host: object) -> None:
    settings = {"defaults": {"host": "gpu01", "currency": "EUR"}, "hosts": {"gpu01": host}}
    (folder / "cosmos-houdini.yaml").write_text(json.dumps(settings), "utf-8")


def test_published_times_and_the_price_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, price_per_hour=3.6)
    request = request_of(engine="transfer2.5", frames=93, size=(1280, 704))
    one, two = (expect(load(), "gpu01", [request] * count) for count in (1, 2))
    assert (one.runs, one.seconds) == (0, pytest.approx((two.seconds or 0) / 2))
    assert one.cost == pytest.approx((one.seconds or 0) / 1000)
    assert "by published times" in one.sentence
    assert one.sentence.endswith(" EUR")
    configure(tmp_path)
    assert "price_per_hour is not set" in expect(load(), "gpu01", [request]).sentence
    unmeasured = expect(load(), "gpu01", [request_of(engine="diffusers", weights={"depth": 1.0})])
    assert (unmeasured.seconds, unmeasured.cost) == (None, None)
    assert "no time is published" in unmeasured.sentence


def test_earlier_runs_on_the_host_count_more_than_published_times(shop: Shop) -> None:
    assert shop.main("run", shop.spec(sleep_s="1")) == 0
    config = load(shop.folder)
    (record,) = records(shop)
    expected = expect(config, "local", [record.inference()])
    assert expected.runs == 1
    assert expected.seconds is not None
    assert 0.9 < expected.seconds < 30
    assert "by 1 earlier run there" in expected.sentence


def test_a_dry_run_tells_time_and_money(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, price_per_hour=3.6, engine_path="/opt/cf")
    clips = write_clips(tmp_path, "color", "depth")
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "boat",
        "prompt": "a boat",
        "input_video": str(clips["color"]),
        "controls": {"depth": str(clips["depth"])},
    }
    run = {"schema": "cosmos-houdini/run-spec/1", "name": "boat", "engine": "transfer2.5", "spec": spec}
    (tmp_path / "boat.spec.json").write_text(json.dumps(spec), "utf-8")
    (tmp_path / "boat.run.json").write_text(json.dumps(run), "utf-8")
    assert main(["run", "boat.run.json", "--dry-run", "--engine", "cosmos3"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["engine"] == "cosmos3"
    assert "seed is 1, the default of cosmos3; transfer2.5 has 2025" in said.err
    assert "on gpu01, by published times; " in said.err
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "cosmos3",
        "items": [{"spec": "boat.spec.json"}],
        "randomization": {"seeds": [1, 2, 3]},
    }
    (tmp_path / "night.yaml").write_text(json.dumps(batch), "utf-8")
    assert main(["run-batch", "night.yaml", "--dry-run"]) == 0
    assert "3 runs: about " in capsys.readouterr().err
