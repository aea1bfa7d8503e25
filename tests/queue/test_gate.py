from __future__ import annotations

import itertools
from contextlib import closing

import pytest

from cosmos_houdini.engines import engine
from cosmos_houdini.model.job import JobState
from cosmos_houdini.plan.request import build_request
from cosmos_houdini.plan.specs import load_run_spec
from cosmos_houdini.queue import turns
from cosmos_houdini.queue.gate import BatchEnded, BatchEvent, BatchHeld, Contract, Gate, Hold, JobEnded
from cosmos_houdini.queue.prepare import prepare
from job_shop import Shop


def ignore(_: object) -> None:
    """Take what nobody asks for."""


def in_turn(shop: Shop, gate: Gate, count: int = 3) -> tuple[str, list[BatchEvent]]:
    told: list[BatchEvent] = []
    with closing(shop.client()) as client:
        ids = []
        for number in range(count):
            request, _ = build_request(load_run_spec(shop.spec(f"shot{number}")), engine("fake").parameters)
            record = prepare(request, config=client.config, host=None, results=None).record
            ids.append(client.store.add(record).id)
        contract = Contract(gate=gate, listeners=(told.append,))
        reason = turns.run_in_turn(
            client, "night", ids, at_once=1, contract=contract, on_update=ignore, on_trouble=ignore, on_end=ignore
        )
    return reason, told


def test_a_batch_that_is_held_waits_and_goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "HELD_PAUSE_S", 0.01)
    answers = itertools.chain(
        [None, Hold(reason="hot"), Hold(reason="hot"), Hold(reason="late")], itertools.repeat(None)
    )
    reason, told = in_turn(shop, lambda: next(answers))
    assert reason == ""
    first, hot, late, second, third, end = told
    assert [type(event) for event in (first, second, third)] == [JobEnded] * 3
    assert hot == BatchHeld(batch="night", reason="hot")
    assert late == BatchHeld(batch="night", reason="late")
    assert end == BatchEnded(batch="night", counts={JobState.SUCCEEDED: 3})


def test_a_batch_that_is_held_for_good_ends_and_leaves_the_rest_queued(shop: Shop):
    answers = itertools.chain([None], itertools.repeat(Hold(reason="3 GPU hours are spent", for_good=True)))
    reason, told = in_turn(shop, lambda: next(answers))
    assert reason == "3 GPU hours are spent"
    assert told[-1] == BatchEnded(batch="night", counts={JobState.SUCCEEDED: 1, JobState.QUEUED: 2}, held=reason)
    assert shop.started() == 1
