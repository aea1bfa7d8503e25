from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import NEXT, REASONS, Change, JobRecord, new_record, request_from
from cosmos_houdini.model.job import FailureClass, JobFailure, JobState
from support.engines.hard_requests import a_request

BROKEN = JobFailure(failure=FailureClass.ENGINE_ERROR, message="exit code 1")


def a_record(job_id: str = "shot-1234abcd", folder: Path = Path("results")) -> JobRecord:
    return new_record(job_id, a_request(), host="local", root="/data", launcher="process", results=folder)


def why(before: JobState, state: JobState) -> Change:
    again = state is JobState.QUEUED and not before.final
    return Change(failure=BROKEN) if state in REASONS or again else Change()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.of(tmp_path)) as store:
        yield store


def walk(store: Store, record: JobRecord, *states: JobState) -> JobRecord:
    for state in states:
        moved = store.move(record, state, why(record.state, state))
        assert moved is not None
        record = moved
    return record


def test_a_job_comes_back_as_it_was_added(store: Store):
    added = store.add(a_record())
    assert added.inference() == replace(
        a_request(),
        video=replace(a_request().video, path=Path("color.mp4").resolve()),
        controls=(
            a_request().controls[0],
            replace(
                a_request().controls[1],
                clip=replace(a_request().controls[1].clip, path=Path("größe 'x'.mp4").resolve()),  # type: ignore[type-var]
            ),
        ),
    )
    assert (added.state, added.job.attempt, added.job.progress) == (JobState.QUEUED, 1, 0.0)
    assert (added.root, added.launcher, added.results) == ("/data", "process", Path("results"))


def test_adding_a_job_again_changes_nothing(store: Store):
    running = walk(store, store.add(a_record()), JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    assert store.add(a_record(folder=Path("elsewhere"))) == running
    assert len(store.events(running.id)) == 4
    assert len(store.attempts(running.id)) == 1


@pytest.mark.parametrize(("before", "after"), list(product(JobState, JobState)))
def test_only_the_listed_changes_of_state_happen(store: Store, before: JobState, after: JobState):
    record = walk(store, store.add(a_record()), *_road_to(before))
    if after in NEXT[before]:
        moved = store.move(record, after, why(before, after))
        assert moved is not None
        assert moved.state is after
    else:
        with pytest.raises(ValueError, match=f"cannot go from {before} to {after}"):
            store.move(record, after, why(before, after))
        assert store.get(record.id) == record


def _road_to(state: JobState) -> list[JobState]:
    straight = [JobState.STAGING, JobState.PENDING, JobState.RUNNING, JobState.COLLECTING, JobState.SUCCEEDED]
    if state is JobState.QUEUED:
        return []
    if state in straight:
        return straight[: straight.index(state) + 1]
    return [JobState.STAGING, JobState.PENDING, JobState.RUNNING, state]


def test_a_state_with_a_reason_needs_one_and_no_other_takes_one(store: Store):
    record = store.add(a_record())
    with pytest.raises(ValueError, match="failure"):
        store.move(record, JobState.FAILED)
    with pytest.raises(ValueError, match="failure"):
        store.move(record, JobState.STAGING, Change(failure=BROKEN))


def test_of_two_clients_that_saw_the_same_state_one_moves_the_job(store: Store):
    seen = store.add(a_record())
    assert store.move(seen, JobState.STAGING) is not None
    assert store.move(seen, JobState.STAGING) is None
    assert store.move(seen, JobState.CANCELLED, Change(failure=BROKEN)) is None
    assert store.get(seen.id).state is JobState.STAGING


def test_a_client_that_saw_an_earlier_attempt_moves_nothing(store: Store):
    first = walk(store, store.add(a_record()), JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    second = walk(store, first, JobState.FAILED, JobState.QUEUED, JobState.STAGING, JobState.PENDING, JobState.RUNNING)
    assert second.job.attempt == 2
    assert store.move(first, JobState.COLLECTING) is None
    store.note(first, "old news", 0.9)
    assert store.get(first.id).job.progress == 0.0


def test_the_history_names_every_state_attempt_and_reason(store: Store):
    record = walk(store, store.add(a_record()), *_road_to(JobState.FAILED), JobState.QUEUED)
    events = [(event.attempt, event.state.value, event.detail) for event in store.events(record.id)]
    assert events == [
        (1, "queued", ""),
        (1, "staging", ""),
        (1, "pending", ""),
        (1, "running", ""),
        (1, "failed", "exit code 1"),
        (2, "queued", ""),
    ]
    first, second = store.attempts(record.id)
    assert first.started_at is not None
    assert first.ended_at is not None
    assert first.failure == BROKEN
    assert (second.number, second.started_at, second.failure) == (2, None, None)


def _race(path: Path, seen: JobRecord, barrier: object, wins: object) -> None:
    with closing(Store(path)) as store:
        barrier.wait()  # type: ignore[attr-defined]
        if store.move(seen, JobState.STAGING):
            wins.put(1)  # type: ignore[attr-defined]


def test_of_many_processes_exactly_one_claims_a_job(store: Store):
    seen = store.add(a_record())
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    barrier, wins = context.Barrier(6), context.Queue()
    racers = [context.Process(target=_race, args=(store.path, seen, barrier, wins)) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 6
    assert wins.get(timeout=5) == 1
    assert wins.empty()


def _open_new(folder: Path, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with closing(Store.of(folder)) as store:
        store.check_writable()


def test_many_processes_make_the_store_at_once(tmp_path: Path):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    barrier = context.Barrier(6)
    openers = [context.Process(target=_open_new, args=(tmp_path, barrier)) for _ in range(6)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_folder_and_files_are_the_users_alone(store: Store):
    store.add(a_record())
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()}
    assert modes == dict.fromkeys(("jobs.db", "jobs.db-wal", "jobs.db-shm", "jobs.db.lock"), 0o600)


def test_a_store_of_a_newer_program_is_refused(tmp_path: Path):
    with closing(Store.of(tmp_path)) as store:
        store.check_writable()
    with closing(sqlite3.connect(tmp_path / ".cosmos" / "jobs.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(BadInput, match=r"version 99.*newer"):
        Store.of(tmp_path)


def test_a_file_that_is_no_store_is_named(tmp_path: Path):
    (tmp_path / ".cosmos").mkdir()
    (tmp_path / ".cosmos" / "jobs.db").write_bytes(b"no database " * 100)
    with pytest.raises(BadInput, match=r"jobs\.db is no job store"):
        Store.of(tmp_path)


def test_an_id_may_be_shortened_while_it_is_unique(store: Store):
    for job_id in ("shot-aa11", "shot-ab22", "shot-ab"):
        store.add(a_record(job_id))
    assert store.find("shot-aa") == "shot-aa11"
    assert store.find("shot-ab") == "shot-ab"
    with pytest.raises(BadInput, match="shot-aa11, shot-ab, shot-ab22"):
        store.find("shot-")
    with pytest.raises(BadInput, match="did you mean 'shot-aa11'"):
        store.find("shot-aa12")


def test_ten_thousand_jobs_are_listed_and_picked_from(store: Store):
    ids = [f"shot-{number:05}" for number in range(10_000)]
    with store.writing():
        for job_id in ids:
            store._db.execute(
                "INSERT INTO jobs (id, name, engine, host, state, attempt, progress, stage, outputs, root, launcher,"
                " results, created_at, updated_at, inputs, request) VALUES"
                " (?, 'n', 'fake', 'local', 'queued', 1, 0, '', '[]', '', 'process', 'r', 1, 1, '{}', '{}')",
                (job_id,),
            )
    assert [job.id for job in store.jobs()] == ids
    assert [job.id for job in store.jobs(reversed(ids))] == ids
    assert [job.id for job in store.jobs(["shot-00007"])] == ["shot-00007"]
    assert store.unfinished() == ids


@given(st.lists(st.sampled_from(list(JobState)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_order_of_wishes_leaves_a_history_without_forbidden_steps(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[JobState]
):
    with closing(Store.of(tmp_path_factory.mktemp("store"))) as store:
        record = store.add(a_record())
        for wish in wishes:
            if wish in NEXT[record.state]:
                record = walk(store, record, wish)
        states = [event.state for event in store.events(record.id)]
        assert states[-1] is store.get(record.id).state
        assert all(after in NEXT[before] for before, after in pairwise(states))
        assert record.job.attempt == states.count(JobState.QUEUED)


@pytest.mark.parametrize("key", ["name", "video", "controls", "parameters", "num_gpu"])
def test_a_request_document_without_a_part_is_refused(key: str):
    document = {name: value for name, value in a_request().document().items() if name != key}
    with pytest.raises(BadInput, match=key):
        request_from(document, {})


def test_a_request_document_of_another_schema_is_refused():
    with pytest.raises(BadInput, match="other/9"):
        request_from({**a_request().document(), "schema": "other/9"}, {})
