"""Batches of the fake engine in a shop: written, and read back from store and table."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path

import yaml

from cosmos_houdini.queue.record import JobRecord
from cosmos_houdini.queue.store import Store
from job_shop import Shop


def batch(shop: Shop, randomization: dict[str, object], **parameters: object) -> Path:
    """Write a batch of the fake engine, and its prompt spec, into the project."""
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "shot",
        "prompt": "rain",
        "input_video": str(shop.clip),
        "controls": {"depth": str(shop.clip)},
    }
    (shop.folder / "shot.spec.json").write_text(json.dumps(spec), encoding="utf-8")
    data = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "fake",
        "items": [{"spec": "shot.spec.json"}],
        "parameters": {"starts": str(shop.starts), **parameters},
        "randomization": randomization,
    }
    path = shop.folder / "night.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def records(shop: Shop) -> list[JobRecord]:
    """Return all jobs by their names."""
    with closing(Store.of(shop.folder)) as store:
        return sorted(store.records(), key=lambda record: record.job.name)


def table(shop: Shop, name: str = "night") -> list[dict[str, str]]:
    """Return the rows of a batch's table."""
    with (shop.folder / "cosmos_out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
