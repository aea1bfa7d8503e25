from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import Change, JobRecord
from cosmos_houdini.jobs.store.spending import Spending, cost_of, read_spending
from cosmos_houdini.model.job import FailureClass, JobFailure, JobState
from support.jobs.batch_project import batch, records
from support.jobs.job_project import Shop

OOM = Change(failure=JobFailure(failure=FailureClass.OOM, message="CUDA out of memory"))


@pytest.fixture
def record(shop: Shop) -> JobRecord:
    assert shop.main("run-batch", batch(shop, {"seeds": [1]})) == 0
    (record,) = records(shop)
    return replace(record, request={**record.request, "num_gpu": 2})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.of(tmp_path / "other")) as store:
        yield store


def put(store: Store, record: JobRecord, name: str, batch_name: str, *states: JobState) -> JobRecord:
    """Add a job of a batch and take it through states."""
    job = replace(record.job, id=name, name=name, state=JobState.QUEUED, outputs=())
    made = store.add(replace(record, job=job))
    with store.writing() as db:
        db.execute("UPDATE jobs SET batch = ? WHERE id = ?", (batch_name, name))
    for state in states:
        moved = store.move(made, state, OOM if state is JobState.FAILED else Change())
        assert moved
        made = moved
    return made


def set_times(store: Store, job: str, number: int, started_at: float, ended_at: float | None) -> None:
    with store.writing() as db:
        db.execute(
            "UPDATE attempts SET started_at = ?, ended_at = ? WHERE job = ? AND number = ?",
            (started_at, ended_at, job, number),
        )


def test_an_attempt_begins_when_its_program_does(store: Store, record: JobRecord):
    made = put(store, record, "job", "night", JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    set_times(store, "job", 1, 1000, None)
    before = time.time()
    store.note(made, "waiting for a GPU", began_s=0.0)
    (waiting,) = store.attempts("job")
    assert waiting.started_at is not None
    assert waiting.started_at >= before
    store.note(made, "an old answer", began_s=3600.0)
    assert store.attempts("job") == (waiting,)
    set_times(store, "job", 1, 1000, 2000)
    store.note(made, "fetched again", began_s=60.0)
    assert store.attempts("job")[0].started_at == 1000


def test_all_attempts_count_and_so_does_what_runs_now(store: Store, record: JobRecord):
    running = (JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    put(store, record, "failed-then-running", "night", *running, JobState.FAILED, JobState.QUEUED, *running)
    put(store, record, "done", "night", *running, JobState.COLLECTING, JobState.SUCCEEDED)
    put(store, record, "waiting", "night")
    put(store, record, "of-another-batch", "day", *running)
    set_times(store, "failed-then-running", 1, 1000, 1100)
    set_times(store, "failed-then-running", 2, 2000, None)
    set_times(store, "done", 1, 1000, 1300)
    seen = read_spending(store, "night", "local", now=2050)
    assert seen == Spending(ended=2, ended_s=400, running=1, running_s=50, gpus=2)
    assert (seen.seconds, seen.gpu_hours(3600), cost_of(seen.seconds, 36)) == (450, 2, pytest.approx(4.5))
    # The one that runs takes 200 s as the others did, and one more takes as long.
    assert seen.with_one_more_s == 800
    assert read_spending(store, "night", "elsewhere", now=time.time()) == Spending()


def test_of_the_runs_that_one_process_makes_one_at_a_time_counts_as_running(store: Store, record: JobRecord):
    for name in ("one", "two", "three"):
        put(store, record, name, "night", JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    with store.writing() as db:
        db.execute("UPDATE jobs SET shared_process = 'one' WHERE id IN ('one', 'two')")
    assert read_spending(store, "night", record.job.host, time.time()).running == 2
