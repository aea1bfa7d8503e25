"""A batch of the fake engine in a project, and what became of it."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import yaml

from cosmos_houdini import config
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.outcome import BatchOutcome
from cosmos_houdini.batches.plan import RunSelection, plan_batch
from cosmos_houdini.batches.run import run_batch
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.reporter import Reporter, Silent
from cosmos_houdini.specs.batch_file import load_batch
from support.jobs.job_project import Shop

EVERY_RUN = RunSelection()
AS_CONFIGURED = BatchOptions()


def batch(
    shop: Shop,
    randomization: dict[str, object],
    items: Sequence[dict[str, object]] = ({"spec": "shot.spec.json"},),
    engine: str = "fake",
    **parameters: object,
) -> Path:
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
        "engine": engine,
        "items": list(items),
        "parameters": {"starts": str(shop.starts), **parameters},
        "randomization": randomization,
    }
    path = shop.folder / "night.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def run(
    shop: Shop,
    file: Path,
    options: BatchOptions = AS_CONFIGURED,
    reporter: Reporter | None = None,
    selection: RunSelection = EVERY_RUN,
) -> BatchOutcome:
    """Run a batch in this process, as the command line does."""
    settings, reporter = config.load(shop.folder), reporter or Silent()
    planned = plan_batch(load_batch(file), settings, reporter, selection=selection, file=file)
    return run_batch(settings, planned, options, reporter)


def records(shop: Shop) -> list[JobRecord]:
    with closing(Store.of(shop.folder)) as store:
        return sorted(store.records(), key=lambda record: record.job.name)


def table(shop: Shop, name: str = "night") -> list[dict[str, str]]:
    with (shop.folder / "cosmos_out" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def most_at_once(shop: Shop) -> int:
    """Return how many jobs were between their start and their end at the same moment."""
    with closing(Store.of(shop.folder)) as store:
        attempts = [store.attempts(record.id)[-1] for record in store.records()]
    moments = [(a.started_at or 0, 1) for a in attempts] + [(a.ended_at or 0, -1) for a in attempts]
    running = [0]
    for _, change in sorted(moments):
        running.append(running[-1] + change)
    return max(running)


@contextmanager
def let_go(go: Path, when: Callable[[], bool]) -> Iterator[None]:
    """Make the file that the runs of a block wait for as soon as something is so."""
    problems: list[BaseException] = []

    def wait() -> None:
        try:
            wait_until(when)
        except AssertionError as error:
            problems.append(error)
        go.touch()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert problems == []


def wait_until(what: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
