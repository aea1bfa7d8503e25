"""Jobs are listed, cancelled, repeated, fetched and read from a script, by id or the beginning of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.adopt import find_or_adopt
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.commands import cancel_jobs, fetch_jobs, retry_jobs
from cosmos_houdini.jobs.follow import follow_jobs, run_job
from cosmos_houdini.jobs.logs import read_log
from cosmos_houdini.jobs.status import refresh_status
from cosmos_houdini.model.job import JobState
from cosmos_houdini.shots.results import follow_to_results
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.specs.files import load_run_spec
from support.jobs.job_project import Shop
from support.recorder import Recorder


@pytest.fixture
def client(shop: Shop, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    config = load(shop.folder)
    # Nothing may depend on the working folder.
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with open_client(config) as client:
        yield client


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def run(client: Client, file: Path, recorder: Recorder, *, detach: bool = False) -> str:
    prepared = plan_run(load_run_spec(file), client.config, recorder)
    return run_job(client, prepared, recorder, detach=detach).id


def test_the_status_of_jobs_is_plain_data(shop: Shop, client: Client, recorder: Recorder) -> None:
    good = run(client, shop.spec("good"), recorder)
    bad = run(client, shop.spec("bad", fault="exit"), recorder)
    found = refresh_status(client)
    assert [(status.job.id, status.job.state) for status in found.jobs] == [
        (good, JobState.SUCCEEDED),
        (bad, JobState.FAILED),
    ]
    assert (found.unsent, found.errors) == ((), {})
    assert [status.job.id for status in refresh_status(client, ["good"]).jobs] == [good]
    assert found.jobs[0].document()["stage"] == ""


def test_a_job_is_read_cancelled_and_run_again(shop: Shop, client: Client, recorder: Recorder) -> None:
    job_id = run(client, shop.spec("slow", sleep_s="60"), recorder, detach=True)
    (status,) = cancel_jobs(client, ["slow"], recorder)
    assert status.job.state is JobState.CANCELLED
    assert cancel_jobs(client, [job_id], recorder)[0].job.state is JobState.CANCELLED
    assert recorder.sentences[-2:] == [f"{job_id} cancelled", f"{job_id} is cancelled; nothing was stopped"]
    assert retry_jobs(client, ["slow"], recorder) == [job_id]
    assert recorder.sentences[-1] == f"{job_id}: attempt 2"
    (record,) = follow_jobs(client, [job_id], recorder, detach=True)
    assert record.state is JobState.PENDING
    cancel_jobs(client, [job_id], recorder)


def test_outputs_are_fetched_into_a_folder_for_each_of_several_jobs(
    shop: Shop, client: Client, recorder: Recorder, tmp_path: Path
) -> None:
    ids = [run(client, shop.spec(name), recorder) for name in ("one", "two")]
    fetched = fetch_jobs(client, ["one", "two"], tmp_path / "again")
    assert list(fetched) == ids
    for job_id, paths in fetched.items():
        assert all(Path(path).is_relative_to(tmp_path / "again" / job_id) for path in paths)
        assert all(Path(path).is_file() for path in paths)
    assert all(Path(path).parent == tmp_path / "one" for path in fetch_jobs(client, ["one"], tmp_path / "one")[ids[0]])


def test_a_log_is_followed_to_the_end_of_its_job(shop: Shop, client: Client, recorder: Recorder) -> None:
    job_id = run(client, shop.spec(), recorder, detach=True)
    followed = "".join(read_log(client, "shot", follow=True))
    assert client.store.get(job_id).state is JobState.SUCCEEDED
    assert followed == "".join(read_log(client, "shot"))
    assert followed
    with pytest.raises(BadInput, match="has no attempt 7"):
        list(read_log(client, "shot", attempt=7))


def test_jobs_are_followed_to_results(shop: Shop, client: Client, recorder: Recorder) -> None:
    job_id = run(client, shop.spec(), recorder, detach=True)
    (result,) = follow_to_results(client, [job_id], recorder)
    assert (result.record.state, result.restored) == (JobState.SUCCEEDED, None)
    assert follow_to_results(client, [], recorder) == []


def test_an_id_that_is_unknown_is_refused_where_no_host_is_named(client: Client) -> None:
    for refused in (
        lambda: find_or_adopt(client, "nothing", None),
        lambda: refresh_status(client, ["nothing"]),
        lambda: list(read_log(client, "nothing")),
        lambda: cancel_jobs(client, ["nothing"], Recorder()),
        lambda: retry_jobs(client, ["nothing"], Recorder()),
        lambda: fetch_jobs(client, ["nothing"]),
    ):
        with pytest.raises(BadInput, match="no job 'nothing'"):
            refused()
