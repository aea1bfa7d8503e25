"""The next sweep of a batch that ran, around chosen runs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.batches.next_sweep import NextSweep, write_next
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.ratings import SCHEMA, key_of
from cosmos_houdini.reporter import Silent
from cosmos_houdini.specs.batch_file import load_batch
from support.jobs.batch_project import batch, records, run
from support.jobs.job_project import Shop


@pytest.fixture
def night(shop: Shop) -> Path:
    """Return a batch of four runs that have ended."""
    (shop.folder / "cosmos-houdini.yaml").write_text(
        json.dumps({"hosts": {"local": {"price_per_hour": 3.6}}, "defaults": {"currency": "EUR"}}), encoding="utf-8"
    )
    file = batch(shop, {"seeds": [1, 2, 3, 4], "sleep_s": ["0", "0.01"], "sampler": "random", "count": 4})
    assert run(shop, file).error is None
    return file


def follow(shop: Shop, file: Path, **given: object) -> tuple[Path, NextSweep]:
    with closing(shop.client()) as client:
        return write_next(client, file, Silent(), **given)  # type: ignore[arg-type]


def ratings(shop: Shop, *names: str) -> Path:
    made = {record.job.name: record.id for record in records(shop)}
    runs = [
        {"run": name, "key": key_of(made[name]), "rating": 5, "picked": True, "note": "", "at": "2026-01-01T00:00:00Z"}
        for name in names
    ]
    path = shop.folder / "ratings.json"
    document = {"schema": SCHEMA, "report": "night", "saved_at": "2026-01-01T00:00:00Z", "runs": runs, "choices": []}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_next_sweep_is_around_named_runs_and_runs(shop: Shop, night: Path):
    written, found = follow(shop, night, around=["shot-0002"], count=2)
    assert written.name == "night-next.batch.yaml"
    assert (found.chosen, found.runs) == (("shot-0002",), 2)
    seed = next(record for record in records(shop) if record.job.name == "shot-0002").request["parameters"]["seed"]
    assert f"seeds: fixed at {seed}, which all chosen runs have" in found.reasons
    assert found.expected_s is not None
    assert found.cost == pytest.approx(found.expected_s / 3600 * 3.6)
    assert "EUR" in found.sentence()
    after = load_batch(written)
    assert (after.name, after.randomization.count, after.randomization.seeds) == ("night-next", 2, (seed,))
    assert run(shop, written).error is None
    assert follow(shop, night, around=["shot-0002"])[0].name == "night-next-2.batch.yaml"


def test_picks_of_the_page_and_the_best_score_choose_runs(shop: Shop, night: Path):
    picked = ratings(shop, "shot-0001", "shot-0004")
    assert follow(shop, night, picked=picked)[1].chosen == ("shot-0001", "shot-0004")
    assert len(follow(shop, night)[1].chosen) == 3


def test_wrong_choices_write_nothing(shop: Shop, night: Path):
    before = sorted(shop.folder.iterdir())
    with pytest.raises(BadInput, match=r"no run 'shot-0009'.*did you mean"):
        follow(shop, night, around=["shot-0009"])
    with pytest.raises(BadInput, match="exists already"):
        follow(shop, night, around=["shot-0001"], output=night)
    with pytest.raises(BadInput, match="count = 0"):
        follow(shop, night, around=["shot-0001"], count=0)
    assert sorted(shop.folder.iterdir()) == before
    empty = ratings(shop)
    with pytest.raises(BadInput, match="picks no run with a result"):
        follow(shop, night, picked=empty)


def test_the_command_says_what_became_of_each_value(shop: Shop, night: Path, capsys: pytest.CaptureFixture[str]):
    assert shop.main("next", night, "--around", "shot-0001", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["chosen"] == ["shot-0001"]
    assert "seeds: fixed at" in told.err
    assert "next: cosmos-houdini run-batch" in told.err
