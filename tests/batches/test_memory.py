"""A batch that exists in a Python program alone: planned, run, controlled and reported by functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini import config
from cosmos_houdini.batches import control
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.outcome import build_entries
from cosmos_houdini.batches.plan import PlannedBatch, RunSelection, plan_batch
from cosmos_houdini.batches.promote import select_promoted
from cosmos_houdini.batches.run import run_batch
from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.report.make import find_batch_entries, write_entries
from cosmos_houdini.reporter import Silent
from support.jobs.batch_project import batch
from support.jobs.job_project import Shop
from support.recorder import Recorder

KEY = Path("rain")
"""The name under which the batch knows its prompt spec; there is no such file."""


def spec(shop: Shop) -> dict[Path, PromptSpec]:
    return {KEY: PromptSpec(name="shot", prompt="rain", input_video=shop.clip, controls={Control.DEPTH: shop.clip})}


def batch_of(shop: Shop, *seeds: int, **parameters: object) -> BatchSpec:
    return BatchSpec.model_validate(
        {
            "name": "night",
            "engine": "fake",
            "items": [{"spec": KEY}],
            "parameters": {"starts": str(shop.starts), **parameters},
            "randomization": {"seeds": list(seeds)},
        }
    )


def planned(shop: Shop, *seeds: int, **parameters: object) -> PlannedBatch:
    return plan_batch(batch_of(shop, *seeds, **parameters), config.load(shop.folder), Silent(), specs=spec(shop))


@pytest.fixture
def elsewhere(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Return the project, with the working folder in another place: nothing may depend on it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return shop


def test_it_runs_to_results_without_a_file_and_prints_nothing(
    elsewhere: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shop, settings, recorder = elsewhere, config.load(elsewhere.folder), Recorder()
    outcome = run_batch(settings, planned(shop, 3, 1), BatchOptions(max_parallel=2), recorder)
    assert outcome.error is None
    assert [(row.run, row.parameters["seed"]) for row in outcome.rows] == [("shot-0001", 3), ("shot-0002", 1)]
    assert outcome.table == shop.folder / "cosmos_out" / "night.csv"
    assert outcome.summary.text == outcome.table.with_suffix(".summary.txt").read_text("utf-8")
    assert "run-batch" not in outcome.summary.text
    assert "2 of 2 runs done" in recorder.sentences
    with open_client(settings) as client:
        rows = [entry.row for entry in build_entries(client, planned(shop, 3, 1))]
        assert [row and row.result for row in rows] == [row.result for row in outcome.rows]
        entries = find_batch_entries(client, batch_of(shop, 3, 1), Silent(), specs=spec(shop))
    report = write_entries(settings, "night", entries, tmp_path / "report", recorder)
    assert report.document["totals"]["states"] == {"succeeded": 2}
    assert report.page.is_file()
    assert run_batch(settings, planned(shop, 3, 1), BatchOptions(), recorder).error is None
    assert "2 of 2 runs have succeeded before" in recorder.sentences
    assert shop.started() == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_its_failures_are_in_the_outcome(elsewhere: Shop):
    outcome = run_batch(config.load(elsewhere.folder), planned(elsewhere, 1, fault="exit"), BatchOptions(), Silent())
    assert isinstance(outcome.error, JobError)
    assert "1 of 1 runs did not succeed" in str(outcome.error)
    assert outcome.ended_by is None


def test_a_limit_is_refused_before_anything_is_queued(elsewhere: Shop):
    settings = config.load(elsewhere.folder)
    for options in (BatchOptions(window="22-7"), BatchOptions(max_cost=5)):
        with pytest.raises(BadInput):
            run_batch(settings, planned(elsewhere, 1), options, Silent())
    with open_client(settings) as client:
        assert client.store.jobs() == []


@pytest.mark.parametrize("memory_first", [True, False])
def test_it_shares_a_name_with_no_file_that_has_not_ended(elsewhere: Shop, *, memory_first: bool):
    in_memory = planned(elsewhere, 1)
    from_file = replace(in_memory, file=batch(elsewhere, {"seeds": [1]}))
    first, second = (in_memory, from_file) if memory_first else (from_file, in_memory)
    with open_client(config.load(elsewhere.folder)) as client:
        batches.enqueue(client.store, "night", "local", first.file, first.jobs)
        with pytest.raises(BadInput, match="another batch 'night'"):
            batches.enqueue(client.store, "night", "local", second.file, second.jobs)
        assert control.cancel_batch(client, "night") == control.CancelledRuns(queued=1, active=0)
        batches.enqueue(client.store, "night", "local", second.file, second.jobs)


def test_it_is_paused_and_reordered_by_functions(elsewhere: Shop):
    plan = planned(elsewhere, 1, 2)
    with open_client(config.load(elsewhere.folder)) as client:
        batches.enqueue(client.store, "night", "local", None, plan.jobs)
        (paused,) = control.set_paused(client.store, "night", paused=True)
        assert (paused.paused, paused.file) == (True, None)
        assert [condition.state for condition in control.list_conditions(client.store)] == ["paused"]
        assert control.set_priority(client.store, "night", 5, ["shot-0002"]) == 1
        control.set_paused(client.store, "night", paused=False)
        (condition,) = control.list_conditions(client.store, "night")
        assert condition.state == "waiting"
        assert condition.document()["file"] == ""
        with pytest.raises(BadInput, match="did you mean 'night'"):
            control.set_paused(client.store, "nigth", paused=True)


def test_scouts_are_run_and_promoted(elsewhere: Shop):
    shop, settings = elsewhere, config.load(elsewhere.folder)
    spec_of_batch = batch_of(shop, 7, 13)
    with open_client(settings) as client:
        with pytest.raises(BadInput, match="shot-0001-scout was never run as night has it now"):
            select_promoted(client, spec_of_batch, ["shot-0001"], Silent(), specs=spec(shop))
        scouts = plan_batch(spec_of_batch, settings, Silent(), selection=RunSelection(scout=True), specs=spec(shop))
        outcome = run_batch(settings, scouts, BatchOptions(), Silent())
        assert outcome.error is None
        assert outcome.summary.promote == ""
        selection = select_promoted(client, spec_of_batch, ["shot-0001-scout"], Silent(), specs=spec(shop))
    assert selection == RunSelection(only=frozenset({"shot-0001"}))
