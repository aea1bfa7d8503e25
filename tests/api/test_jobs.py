"""Jobs from Python: waiting with a limit, failures, cancelling, new attempts; a fake engine fails as it is told to."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from support.engines import fake_engine
from support.faults.fault_project import kill_jobs


class Runs:
    """A project, and runs of the fake engine in it."""

    def __init__(self, folder: Path) -> None:
        (folder / "cosmos-houdini.yaml").write_text("defaults: {engine: fake, attempts: 1}\n", encoding="utf-8")
        self.project = cosmos.Project.open(folder)
        self.clip = folder / "color.mp4"
        source = ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24", "-frames:v", "6"]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *source, "-pix_fmt", "yuv420p", str(self.clip)], check=True)

    def start(self, name: str = "shot", **parameters: str) -> cosmos.Job:
        prompt = PromptSpec(name=name, prompt="rain", input_video=self.clip)
        return self.project.run(RunSpec(name=name, engine="fake", spec=prompt, parameters=parameters))


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    fake_engine.register()
    yield Runs(tmp_path)
    fake_engine.unregister()
    kill_jobs(tmp_path / ".cosmos" / "host")


def test_a_limit_ends_the_waiting_and_not_the_job(runs: Runs, tmp_path: Path) -> None:
    job = runs.start(until=str(tmp_path / "go"))
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="1 of 1 jobs"):
        job.wait(timeout=0.5)
    assert time.monotonic() - began < 30  # the machine may be busy
    assert not job.done()
    (tmp_path / "go").touch()
    assert job.wait(timeout=60).video.is_file()


def test_a_job_that_fails_raises_with_its_class(runs: Runs) -> None:
    job = runs.start(fault="exit")
    with pytest.raises(cosmos.JobFailed) as caught:
        job.wait()
    error = caught.value
    assert (error.job_id, error.failure, error.exit_code) == (job.id, "engine_error", 1)
    assert job.id in str(error)
    assert type(job.exception()) is cosmos.JobFailed
    with pytest.raises(cosmos.JobFailed):
        job.result()


def test_a_job_that_is_cancelled_has_no_result(runs: Runs) -> None:
    job = runs.start(fault="hang")
    assert str(job.cancel()) == "cancelled"
    with pytest.raises(cosmos.JobFailed, match="cancelled"):
        job.wait()
    assert runs.project.cancel(job) == ["cancelled"]


def test_a_new_attempt_of_a_failed_job(runs: Runs, tmp_path: Path) -> None:
    job = runs.start(fault="truncated-once", starts=str(tmp_path / "starts"))
    with pytest.raises(cosmos.JobFailed):
        job.wait()
    assert runs.project.retry(job.id)[0].wait().video.is_file()
    assert job.status().job.attempt == 2
    with pytest.raises(cosmos.BadInput, match="has succeeded"):
        job.retry()


def test_jobs_complete_in_the_order_in_which_they_end(runs: Runs, tmp_path: Path) -> None:
    slow = runs.start("slow", until=str(tmp_path / "go"))
    quick = runs.start("quick")
    completed = cosmos.as_completed([slow, quick], timeout=60)
    assert next(completed) == quick
    (tmp_path / "go").touch()
    assert list(completed) == [slow]


def test_jobs_that_do_not_complete_in_time(runs: Runs) -> None:
    job = runs.start(fault="hang")
    with pytest.raises(TimeoutError):
        list(cosmos.as_completed([job], timeout=0.5))
    job.cancel()


def test_what_a_job_has_printed(runs: Runs) -> None:
    job = runs.start()
    job.wait()
    assert "half way" in job.log()
    assert "last words" in job.log(stderr=True)


def test_jobs_by_id_and_by_state(runs: Runs) -> None:
    job = runs.start()
    job.wait()
    assert runs.project.job(job.id[:-2]) == job
    assert runs.project.attach(job.id) == job
    assert runs.project.jobs(state="succeeded") == [job]
    assert runs.project.jobs(state="failed") == []
    with pytest.raises(cosmos.BadInput, match="did you mean 'succeeded'"):
        runs.project.jobs(state="succeded")
    with pytest.raises(cosmos.BadInput, match="no job"):
        runs.project.job("nothing")


def test_results_are_fetched_again(runs: Runs, tmp_path: Path) -> None:
    job = runs.start()
    job.wait()
    (path,) = job.fetch(tmp_path / "again")
    assert path.parent == tmp_path / "again"
    assert path.is_file()
