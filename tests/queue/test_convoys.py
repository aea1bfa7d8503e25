"""Batches whose jobs share a process and the load of its model, on this machine and behind SSH."""

from __future__ import annotations

import json
from pathlib import Path

from batch_shop import batch, records, table
from job_shop import Shop


def sharing(shop: Shop, randomization: dict[str, object], **parameters: object) -> Path:
    values = {"sampler": "grid", **randomization}
    return batch(shop, values, engine="sharing", loads=str(shop.folder / "loads"), **parameters)


def loads(shop: Shop) -> list[str]:
    file = shop.folder / "loads"
    return file.read_text().split() if file.exists() else []


def states(shop: Shop) -> list[str]:
    return [str(record.state) for record in records(shop)]


def tries(shop: Shop) -> list[int]:
    return [record.terms.tries for record in records(shop)]


def phases(shop: Shop) -> list[str]:
    """Return what each job does on its host."""
    return [record.stage.partition(",")[0] for record in records(shop)]


def with_fault(shop: Shop, number: int, fault: str, *, count: int = 5, **parameters: object) -> Path:
    """Write a batch of which one run has a fault, which stands in the first file that is free."""
    items = [
        {"spec": "shot.spec.json", "overrides": {"parameters": {"fault": fault if place == number else ""}}}
        for place in range(1, count + 1)
    ]
    return batch(shop, {}, items, engine="sharing", loads=str(shop.folder / "loads"), **parameters)


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
