from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from cosmos_houdini.cli.terminal import Bars, Lines
from cosmos_houdini.model.job import Job, JobState, JobStatus


def status(job_id: str, state: JobState = JobState.RUNNING, progress: float = 0.5) -> JobStatus:
    job = Job(
        id=job_id,
        name=job_id,
        engine="preview",
        host="local",
        state=state,
        attempt=1,
        progress=progress,
        eta_s=None,
        failure=None,
        outputs=(),
    )
    return JobStatus(job=job)


@pytest.fixture
def progress() -> Progress:
    return Progress(TextColumn("{task.description}"), console=Console(file=io.StringIO()))


def shown(progress: Progress) -> list[tuple[str, float]]:
    return [(task.description, task.completed) for task in progress.tasks]


def test_each_job_on_its_way_has_a_bar_and_none_after_its_end(progress: Progress):
    bars = Bars(progress)
    bars.overall("0 of 2 runs done", 0)
    bars.update([status("a"), status("b", progress=0.25)])
    assert shown(progress) == [("0 of 2 runs done", 0), ("a  running: 50 %", 0.5), ("b  running: 25 %", 0.25)]
    bars.update([status("a", JobState.SUCCEEDED, 1.0)])
    bars.overall("1 of 2 runs done", 0.5, "about 0:01:00 left")
    bars.update([status("a", JobState.SUCCEEDED, 1.0), status("b", progress=0.75)])
    assert shown(progress) == [("1 of 2 runs done, about 0:01:00 left", 0.5), ("b  running: 75 %", 0.75)]


def test_lines_say_each_state_once(capsys: pytest.CaptureFixture[str]):
    lines = Lines()
    for job in (status("a"), replace(status("a"), stage="step 2"), status("a", JobState.SUCCEEDED, 1.0)):
        lines.update([job])
    lines.overall("0 of 1 runs done", 0, "about 0:01:00 left")
    lines.overall("0 of 1 runs done", 0, "about 0:00:58 left")
    lines.overall("1 of 1 runs done", 1)
    assert capsys.readouterr().err.splitlines() == [
        "a: running: 50 %",
        "a: succeeded",
        "0 of 1 runs done, about 0:01:00 left",
        "1 of 1 runs done",
    ]
