from __future__ import annotations

import itertools
from contextlib import closing

from cosmos_houdini.batches.gate import BatchEnded, BatchEvent, BatchHeld, BatchHooks, Gate, Hold, JobEnded
from cosmos_houdini.batches.scheduler import BatchStatus, run_batch
from cosmos_houdini.engines import find_engine
from cosmos_houdini.jobs.prepare import prepare
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.worker import BatchSlot, Worker
from cosmos_houdini.model.job import JobState
from cosmos_houdini.specs.files import load_run_spec
from cosmos_houdini.specs.request import build_request, caching_probe
from support.jobs.job_project import Shop
from support.media import FFMPEG


def in_turn(shop: Shop, gate: Gate, count: int = 3) -> tuple[BatchStatus, list[BatchEvent]]:
    told: list[BatchEvent] = []
    with closing(shop.client()) as client:
        records = []
        probe = caching_probe(FFMPEG)
        for number in range(count):
            request, _ = build_request(
                load_run_spec(shop.spec(f"shot{number}")), find_engine("fake").parameters, probe=probe
            )
            records.append(prepare(request, config=client.config, host=None, results=None).record)
        batches.enqueue(client.store, "night", "local", shop.folder / "night.yaml", records)
        with closing(Worker(client.store, BatchSlot(batch="night", host="local"))) as worker:
            hooks = BatchHooks(gate=gate, listeners=(told.append,))
            status = run_batch(client, worker, hooks=hooks, on_status=lambda _: None, on_trouble=lambda _: None)
    return status, told


def test_a_batch_that_is_held_waits_and_goes_on(shop: Shop):
    answers = itertools.chain(
        [None, Hold(reason="hot"), Hold(reason="hot"), Hold(reason="late")], itertools.repeat(None)
    )
    status, told = in_turn(shop, lambda: next(answers))
    assert (status.unfinished, status.held) == (0, "")
    first, hot, late, second, third, end = told
    assert [type(event) for event in (first, second, third)] == [JobEnded] * 3
    assert hot == BatchHeld(batch="night", reason="hot")
    assert late == BatchHeld(batch="night", reason="late")
    assert end == BatchEnded(batch="night", counts={JobState.SUCCEEDED: 3})


def test_a_batch_that_is_held_for_good_ends_and_leaves_the_rest_queued(shop: Shop):
    answers = itertools.chain([None], itertools.repeat(Hold(reason="3 GPU hours are spent", final=True)))
    status, told = in_turn(shop, lambda: next(answers))
    assert (status.unfinished, status.held) == (2, "3 GPU hours are spent")
    assert told[-1] == BatchEnded(batch="night", counts={JobState.SUCCEEDED: 1, JobState.QUEUED: 2}, held=status.held)
    assert shop.started() == 1
