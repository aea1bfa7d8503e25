"""A job's row in the monitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.houdini.windows.job_row import PREPARING, JobRow, rows

JOB = {
    "id": "shot-1",
    "name": "shot",
    "engine": "preview",
    "host": "gpu01",
    "state": "running",
    "attempt": 1,
    "progress": 0.426,
    "eta_s": 760.4,
    "error": None,
    "outputs": [],
}


def row(**changes: object) -> JobRow:
    return rows({"jobs": [{**JOB, **changes}]})[0]


def test_a_running_job_tells_how_far_it_is_and_what_is_left() -> None:
    running = row()
    assert (running.percent, running.eta, running.note) == (43, "0:12:40", "")
    assert (running.is_final, running.can_retry, running.video) == (False, False, None)


@pytest.mark.parametrize("state", ["queued", "staging"])
def test_nothing_is_claimed_about_the_progress_of_a_job_that_does_not_run_yet(state: str) -> None:
    assert row(state=state, progress=0.0, eta_s=None).percent is None


def test_a_job_that_waits_says_why_and_one_that_runs_does_not_repeat_its_log() -> None:
    waits = row(state="queued", stage="Slurm job 12 PENDING (Resources)", attempt=2)
    assert waits.note == "Slurm job 12 PENDING (Resources), attempt 2"
    assert row(state="running", stage="Starting diffusion sampling").note == ""


def test_a_failure_says_why_and_what_to_do() -> None:
    failed = row(state="failed", error={"class": "disk_full", "message": "no room on gpu01"})
    assert failed.note == "no room on gpu01\nfree room on the host, then retry"
    assert failed.can_retry


def test_a_result_can_be_opened() -> None:
    done = row(state="succeeded", attempt=2, outputs=["/a/log.txt", "/a/result.mp4"])
    assert (done.percent, done.video, done.note) == (100, Path("/a/result.mp4"), "attempt 2")
    assert not done.can_retry


def test_the_newest_job_stands_first() -> None:
    assert [one.id for one in rows({"jobs": [{**JOB, "id": "old"}, {**JOB, "id": "new"}]})] == ["new", "old"]


def test_a_shot_in_preparation_is_neither_final_nor_to_be_retried() -> None:
    preparing = JobRow(id="1", name="shot", state=PREPARING)
    assert preparing.title == "shot"
    assert not preparing.is_final
    assert not preparing.can_retry
