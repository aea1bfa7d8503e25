from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store import batches, history
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord, new_record
from cosmos_houdini.jobs.store.worker import BatchSlot, Worker
from cosmos_houdini.model.job import FailureClass, JobState
from support.engines.hard_requests import a_request

ROAD = {
    JobState.QUEUED: JobState.STAGING,
    JobState.STAGING: JobState.PENDING,
    JobState.PENDING: JobState.RUNNING,
    JobState.RUNNING: JobState.COLLECTING,
    JobState.COLLECTING: JobState.SUCCEEDED,
}


def night(max_parallel: int | None = None, *, batch: str = "night", **gpus: int) -> BatchSlot:
    return BatchSlot(batch=batch, host="gpu01", max_parallel=max_parallel, **gpus)


def jobs(count: int, name: str = "shot") -> list[JobRecord]:
    return [
        new_record(
            f"{name}-{number:04d}",
            a_request(f"{name}-{number:04d}"),
            host="gpu01",
            root="/data",
            launcher="process",
            results=Path("results"),
        )
        for number in range(count)
    ]


def enqueue(store: Store, records: list[JobRecord], batch: str = "night") -> int:
    return batches.enqueue(store, batch, "gpu01", Path(f"/shots/{batch}.yaml"), records)


def to(store: Store, job: str, *states: JobState) -> None:
    for state in states:
        assert store.move(store.get(job), state)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.of(tmp_path)) as store:
        yield store


def test_jobs_are_claimed_in_the_order_of_the_file_and_each_by_one_worker(store: Store):
    enqueue(store, jobs(4))
    with closing(Worker(store, night(9))) as one, closing(Worker(store, night(9))) as other:
        claimed = [one.claim(), other.claim(), one.claim(), other.claim(), one.claim()]
        assert claimed == ["shot-0000", "shot-0001", "shot-0002", "shot-0003", None]
        assert one.mine() == ["shot-0000", "shot-0002"]


def test_workers_and_batches_share_the_room_of_a_host(store: Store):
    enqueue(store, jobs(3))
    enqueue(store, jobs(3, "other"), "other")
    with closing(Worker(store, night(2))) as one, closing(Worker(store, night(2, batch="other"))) as other:
        assert one.claim() == "shot-0000"
        assert other.claim() == "other-0000"
        assert not one.may_claim()
        assert one.claim() is None
        to(
            store,
            "other-0000",
            JobState.STAGING,
            JobState.PENDING,
            JobState.RUNNING,
            JobState.COLLECTING,
            JobState.SUCCEEDED,
        )
        assert one.claim() == "shot-0001"


@pytest.mark.parametrize(("gpus", "num_gpu", "max_parallel"), [(4, 1, 4), (4, 2, 2), (3, 2, 1), (1, 2, 1)])
def test_as_many_jobs_are_claimed_as_the_gpus_are_enough_for(store: Store, gpus: int, num_gpu: int, max_parallel: int):
    records = jobs(5)
    enqueue(store, [replace(record, request={**record.request, "num_gpu": num_gpu}) for record in records])
    slot = night(gpus=gpus, num_gpu=num_gpu)
    assert slot.width == max_parallel
    with closing(Worker(store, slot)) as worker:
        claimed = [worker.claim() for _ in records]
    assert len([job for job in claimed if job]) == max_parallel


@pytest.mark.parametrize(
    ("count", "max_parallel", "sizes"), [(6, 1, [6]), (6, 2, [3, 3]), (7, 2, [4, 3]), (40, 1, [16]), (3, 4, [1, 1, 1])]
)
def test_jobs_that_one_process_can_make_are_claimed_together_and_each_gpu_gets_its_part(
    store: Store, count: int, max_parallel: int, sizes: list[int]
):
    enqueue(store, jobs(count))
    with closing(Worker(store, night(max_parallel), load=lambda _: "model")) as worker:
        claimed = []
        while worker.claim():
            claimed.append(len(worker.mine()) - sum(claimed))
    assert claimed == sizes


def test_only_jobs_of_one_load_are_claimed_together_and_none_before_one_of_higher_priority(store: Store):
    enqueue(store, jobs(6))
    batches.prioritise(store, "night", 5, ["shot-0001", "shot-0002"])
    with closing(
        Worker(store, night(1), load=lambda record: record.id[-1] if record.id[-1] == "2" else "odd")
    ) as worker:
        for expected in (["shot-0001"], ["shot-0002"], ["shot-0000", "shot-0003", "shot-0004", "shot-0005"]):
            assert worker.claim() == expected[0]
            assert worker.claim() is None
            assert worker.mine() == expected
            for job in expected:
                to(store, job, JobState.STAGING)
            assert {store.get(job).shared_process for job in expected} == {expected[0] if len(expected) > 1 else ""}
            for job in expected:
                to(store, job, JobState.PENDING, JobState.RUNNING, JobState.COLLECTING, JobState.SUCCEEDED)


def test_a_higher_priority_goes_first_and_new_runs_take_their_place_in_the_file(store: Store):
    records = jobs(5)
    enqueue(store, records[1:])
    assert batches.prioritise(store, "night", 5, ["shot-*3", "shot-0004"]) == 2
    enqueue(store, records)
    with closing(Worker(store, night(9))) as worker:
        claimed = [worker.claim() for _ in records]
    assert claimed == [f"shot-{number:04d}" for number in (3, 4, 0, 1, 2)]
    with pytest.raises(BadInput, match="did you mean 'shot-0001'"):
        batches.prioritise(store, "night", 1, ["shot-001"])


def test_a_more_urgent_batch_of_the_host_goes_before_while_somebody_works_on_it(store: Store):
    enqueue(store, jobs(2))
    enqueue(store, jobs(1, "urgent"), "urgent")
    batches.prioritise(store, "urgent", 1)
    with closing(Worker(store, night(9))) as one:
        assert one.claim() == "shot-0000"
        with closing(Worker(store, night(9, batch="urgent"))) as other:
            assert one.claim() is None
            other.hold("outside of 22:00-07:00")
            assert one.may_claim()
            other.hold("")
            assert other.claim() == "urgent-0000"
            assert one.claim() == "shot-0001"


def test_nothing_of_a_paused_batch_is_claimed(store: Store):
    enqueue(store, jobs(2))
    with closing(Worker(store, night(9))) as worker:
        assert worker.claim()
        batches.set_paused(store, "night", paused=True)
        assert worker.claim() is None
        batches.set_paused(store, "night", paused=False)
        assert worker.claim()


def test_a_job_that_is_queued_again_goes_back_in_line(store: Store):
    enqueue(store, jobs(2))
    with closing(Worker(store, night(9))) as worker:
        assert worker.claim() == "shot-0000"
        failed = store.move(store.get("shot-0000"), JobState.FAILED, batches.CANCELLED)
        assert failed
        assert worker.mine() == []
        store.move(failed, JobState.QUEUED)
        assert worker.claim() == "shot-0000"


def test_runs_that_are_no_longer_in_the_file_are_cancelled_unless_somebody_has_begun_them(store: Store):
    records = jobs(4)
    enqueue(store, records)
    with closing(Worker(store, night(1))) as worker:
        assert worker.claim() == "shot-0000"
        assert enqueue(store, records[2:]) == 1
    left = {job.id: (job.state, job.failure and job.failure.failure) for job in store.jobs()}
    assert left["shot-0001"] == (JobState.CANCELLED, FailureClass.CANCELLED)
    assert [state for state, _ in left.values()].count(JobState.QUEUED) == 3
    assert batches.count_states(store, "night", "gpu01") == {JobState.QUEUED: 3}
    assert enqueue(store, records) == 0
    assert batches.count_states(store, "night", "gpu01") == {JobState.QUEUED: 4}


def test_another_file_of_the_same_name_takes_nothing_out_of_a_batch_that_is_on_its_way(store: Store, tmp_path: Path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("")
    batches.enqueue(store, "night", "gpu01", first, jobs(2))
    with pytest.raises(BadInput, match=r"first\.yaml, has not ended"):
        batches.enqueue(store, "night", "gpu01", second, jobs(2, "other"))
    assert batches.cancel_queued(store, "night") == 2
    batches.enqueue(store, "night", "gpu01", second, jobs(2, "other"))


def test_a_worker_that_ends_gives_back_its_claims_and_another_follows_what_is_on_the_host(store: Store):
    enqueue(store, jobs(3))
    with closing(Worker(store, night(2))) as first:
        first.claim()
        first.claim()
        to(store, "shot-0001", JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    with closing(Worker(store, night(2))) as second:
        second.take_over()
        assert second.mine() == ["shot-0001"]
        assert second.claim() == "shot-0000"
        assert second.claim() is None


def claim_and_die(folder: Path, road: dict[str, list[JobState]]) -> None:
    store = Store.of(folder)
    worker = Worker(store, night(9))
    for states in road.values():
        to(store, worker.claim() or "", *states)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_what_a_killed_worker_has_begun_keeps_its_room_and_the_rest_is_free_at_once(store: Store, tmp_path: Path):
    enqueue(store, jobs(4))
    begun = {
        "shot-0000": [],
        "shot-0001": [JobState.STAGING],
        "shot-0002": [JobState.STAGING, JobState.PENDING, JobState.RUNNING],
    }
    with closing(Worker(store, night(3))) as heir:
        killed = multiprocessing.get_context("fork").Process(target=claim_and_die, args=(tmp_path, begun))
        killed.start()
        killed.join()
        assert heir.claim() is None
        heir.take_over()
        assert sorted(heir.mine()) == ["shot-0001", "shot-0002"]
        assert [heir.claim(), heir.claim()] == ["shot-0000", None]
    assert [path.name for path in (tmp_path / ".cosmos" / "workers").iterdir()] == []


def test_one_of_many_tells_the_end_of_a_batch(store: Store):
    enqueue(store, jobs(1))
    assert [batches.mark_ended(store, "night", "gpu01") for _ in range(3)] == [True, False, False]
    enqueue(store, jobs(2))
    assert batches.mark_ended(store, "night", "gpu01")


def test_the_time_left_is_told_by_jobs_of_the_same_kind_and_in_proportion_by_others(store: Store):
    enqueue(store, jobs(8))
    assert history.estimate_left_s(store, "night", "gpu01", 1) is None
    to(store, "shot-0000", *ROAD.values())
    with store.writing() as db:
        db.execute("UPDATE attempts SET started_at = 1000, ended_at = 1100 WHERE job = 'shot-0000'")
        db.execute("UPDATE jobs SET request = json_set(request, '$.video.frames', 98) WHERE id = 'shot-0007'")
    # Six of 49 frames at 100 seconds and one of 98 frames at 200, two at once.
    assert history.estimate_left_s(store, "night", "gpu01", 2) == pytest.approx(400)
    to(store, "shot-0007", JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    with store.writing() as db:
        db.execute("UPDATE attempts SET started_at = ? WHERE job = 'shot-0007'", (time.time() - 150,))
    assert history.estimate_left_s(store, "night", "gpu01", 2) == pytest.approx(325, abs=5)
    assert history.estimate_left_s(store, "night", "gpu01", 100) == pytest.approx(100)


HOST = "host"
LIMIT = 5
GIVE_UP_S = 600.0


def tell(folder: Path, what: str) -> None:
    """Do something on a host to which the same may be said again, but which shows where two say it at once."""
    line = f"{what}\n".encode()
    if line in (folder / HOST).read_bytes():
        return
    time.sleep(0)
    descriptor = os.open(folder / HOST, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, line)
    os.close(descriptor)


def work(folder: Path) -> None:
    """Work on a batch whose host costs nothing until none of it is left."""
    with closing(Store.of(folder)) as store, closing(Worker(store, night(LIMIT))) as worker:
        while any(not state.final for state in batches.count_states(store, "night", "gpu01")):
            worker.take_over()
            if not worker.may_claim() or not worker.claim():
                time.sleep(0.005)
            for job in worker.mine():
                record = store.get(job)
                while not record.state.final:
                    if record.state is JobState.STAGING:
                        tell(folder, f"+{job}")
                    if record.state is JobState.COLLECTING:
                        tell(folder, f"-{job}")
                    record = store.move(record, ROAD[record.state]) or store.get(job)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_ten_workers_that_are_killed_at_random_do_each_of_three_hundred_jobs_once(store: Store, tmp_path: Path):
    enqueue(store, jobs(300))
    (tmp_path / HOST).touch()
    chance = random.Random(7)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(tmp_path,)) for _ in range(10)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + GIVE_UP_S
    killed = 0
    while any(worker.is_alive() for worker in workers) and time.monotonic() < deadline:
        time.sleep(chance.uniform(0.0, 0.2))
        victim = chance.choice(workers)
        if victim.is_alive() and killed < 25:
            victim.kill()
            killed += 1
            workers.append(context.Process(target=work, args=(tmp_path,)))
            workers[-1].start()
    for worker in workers:
        if worker.is_alive():
            worker.kill()
        worker.join()
    assert time.monotonic() < deadline
    assert {worker.exitcode for worker in workers} == {0, -signal.SIGKILL}
    assert batches.count_states(store, "night", "gpu01") == {JobState.SUCCEEDED: 300}
    told = (tmp_path / HOST).read_text().split()
    assert sorted(told) == sorted(f"{sign}{job.id}" for job in store.jobs() for sign in "+-")
    running = [0]
    for word in told:
        running.append(running[-1] + (1 if word[0] == "+" else -1))
    assert max(running) == LIMIT
    with closing(Worker(store, night(LIMIT))) as next_one:
        next_one.take_over()  # the last one killed may have died after all others had looked for the dead
    assert len(store.rows("SELECT * FROM workers")) == 0
