from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.jobs import runner
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import FailureClass, JobState
from support.jobs.batch_project import batch, table
from support.jobs.job_project import Shop
from support.programs import need_program
from support.servers.slurmd import Slurm

pytestmark = pytest.mark.slurm

STRAIGHT = ["queued", "staging", "pending", "running", "collecting", "succeeded"]
here = pytest.mark.parametrize("slurm_shop", ["login node here"], indirect=True)


def until(told: Callable[[], object]) -> None:
    give_up = time.monotonic() + 180
    while not told():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def follow(shop: Shop) -> None:
    """Ask the host once, as status does."""
    with closing(shop.client()) as client:
        for trouble in runner.advance(client, client.store.unfinished(), start=False).values():
            raise trouble


def configure(shop: Shop, **changes: object) -> None:
    """Change the configuration of the cluster."""
    file = shop.folder / "cosmos-houdini.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["hosts"]["hpc"] |= changes
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def answer_with(folder: Path, change: str) -> None:
    """Put a squeue into a folder that changes what the real one answers."""
    squeue = folder / "squeue"
    squeue.write_text(f'#!/bin/sh\n{need_program("squeue")} "$@" | sed -E "{change}"\n')
    squeue.chmod(0o755)


def failure_of(shop: Shop) -> tuple[JobState, FailureClass, str]:
    record = shop.record()
    assert record.job.failure is not None
    return record.state, record.job.failure.failure, record.job.failure.message


def test_a_run_becomes_a_verified_result(slurm_shop: Shop, slurm: Slurm):
    before = len(slurm.jobs())
    assert slurm_shop.main("run", slurm_shop.spec()) == 0
    (result,) = map(Path, slurm_shop.record().job.outputs)
    assert result.read_bytes() == slurm_shop.clip.read_bytes()
    assert slurm_shop.states() == STRAIGHT
    assert json.loads((result.parent / "result.json").read_text(encoding="utf-8"))["launcher"] == "slurm"
    assert slurm_shop.started() == 1
    assert len(slurm.jobs()) == before + 1


@here
def test_status_tells_slurms_own_word(slurm_shop: Shop, slurm: Slurm, capsys: pytest.CaptureFixture[str]):
    configure(slurm_shop, gres="gpu:4")
    assert slurm_shop.main("run", slurm_shop.spec("one", sleep_s="300"), "--detach") == 0
    assert slurm_shop.main("run", slurm_shop.spec("two"), "--detach") == 0
    one, two = (slurm_shop.record(name).id for name in ("one", "two"))

    def told() -> bool:
        capsys.readouterr()
        assert slurm_shop.main("status", "--json") == 0
        jobs = {job["id"]: job for job in json.loads(capsys.readouterr().out)["jobs"]}
        assert (jobs[one]["state"], jobs[two]["state"]) != ("pending", "running")
        return jobs[one]["stage"].endswith("RUNNING, half way") and "PENDING (Resources)" in jobs[two]["stage"]

    until(told)
    assert slurm_shop.main("status", two) == 0
    assert "pending: Slurm job " in capsys.readouterr().out
    assert slurm_shop.main("cancel", two, one) == 0
    assert {slurm_shop.record(name).state for name in ("one", "two")} == {JobState.CANCELLED}
    assert {state for _, name, state in slurm.jobs() if one in name or two in name} == {"CANCELLED"}


@here
@pytest.mark.parametrize("state", ["staging", "pending", "running"])
def test_a_client_killed_on_the_way_leaves_one_job_that_attach_finishes(slurm_shop: Shop, slurm: Slurm, state: str):
    client = slurm_shop.popen("run", slurm_shop.spec(sleep_s="0.5"))

    def reached() -> bool:
        with closing(Store.of(slurm_shop.folder)) as store:
            return any(str(event.state) == state for job in store.jobs() for event in store.events(job.id))

    until(reached)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    assert slurm_shop.main("attach") == 0
    assert slurm_shop.states() == STRAIGHT
    assert slurm_shop.started() == 1
    assert len([name for _, name, _ in slurm.jobs() if slurm_shop.record().id in name]) == 1


@here
def test_a_job_that_was_cancelled_by_hand_is_cancelled(slurm_shop: Shop, slurm: Slurm):
    assert slurm_shop.main("run", slurm_shop.spec(sleep_s="300"), "--detach") == 0
    until(lambda: slurm_shop.started() == 1)
    slurm.cancel_all()
    assert slurm_shop.main("attach") == 1
    state, failure, message = failure_of(slurm_shop)
    assert (state, failure) == (JobState.CANCELLED, FailureClass.CANCELLED)
    assert "CANCELLED: it was cancelled on the cluster, and not from here" in message


@here
@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("TIMEOUT", (JobState.FAILED, FailureClass.TIMEOUT)),
        ("OUT_OF_MEMORY", (JobState.FAILED, FailureClass.OOM)),
        ("NODE_FAIL", (JobState.LOST, FailureClass.LOST)),
    ],
)
def test_why_slurm_ended_a_job_decides_its_state(
    slurm_shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    end: tuple[JobState, FailureClass],
):
    """The word is put into the answer of the real squeue; the tests of the launcher bring about those that they can."""
    assert slurm_shop.main("run", slurm_shop.spec(sleep_s="300"), "--detach") == 0
    until(lambda: slurm_shop.started() == 1)
    answer_with(tmp_path, f"s/ RUNNING / {word} /")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path), prepend=":")
        assert slurm_shop.main("attach") == 1
    assert failure_of(slurm_shop)[:2] == end
    assert f" {word}: " in failure_of(slurm_shop)[2]
    assert "the log ends: last words" in failure_of(slurm_shop)[2]


@here
def test_a_job_that_slurm_puts_back_is_no_failure(slurm_shop: Shop, slurm: Slurm):
    go = slurm_shop.folder / "go"
    assert slurm_shop.main("run", slurm_shop.spec(until=str(go)), "--detach") == 0
    until(lambda: slurm_shop.started() == 1)
    (number,) = (number for number, name, _ in slurm.jobs() if slurm_shop.record().id in name)
    slurm.run("scontrol", "requeue", number)
    until(lambda: follow(slurm_shop) is None and "PENDING" in slurm_shop.record().stage)  # type: ignore[func-returns-value]
    go.touch()
    assert slurm_shop.main("attach") == 0
    assert slurm_shop.started() == 2
    assert slurm_shop.record().job.attempt == 1


@here
def test_preempted_jobs_come_to_their_ends_whether_slurm_puts_them_back_or_not(slurm_shop: Shop, slurm: Slurm):
    for partition in ("low", "scavenge"):
        configure(slurm_shop, gres="gpu:2", partition=partition)
        starts = slurm_shop.folder / f"starts of {partition}"
        spec = slurm_shop.spec(partition, fault="hang-once", starts=str(starts))
        assert slurm_shop.main("run", spec, "--detach") == 0
        until(starts.exists)
    slurm.run("sbatch", "--partition=gpu", "--gres=gpu:4", "--output=/dev/null", "--wrap=sleep 1")
    assert slurm_shop.main("attach") == 0
    with closing(Store.of(slurm_shop.folder)) as store:
        reasons = {
            partition: [
                attempt.failure and attempt.failure.failure
                for attempt in store.attempts(slurm_shop.record(partition).id)
            ]
            for partition in ("low", "scavenge")
        }
    assert reasons == {"low": [None], "scavenge": [FailureClass.LOST, None]}


@here
def test_what_another_cluster_runs_is_not_run_here_too(
    slurm_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The word is put into the answer of the real squeue: there is one cluster here."""
    assert slurm_shop.main("run", slurm_shop.spec(sleep_s="300"), "--detach") == 0
    until(lambda: slurm_shop.started() == 1)
    answer_with(tmp_path, "s/ RUNNING / REVOKED /")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path), prepend=":")
        assert slurm_shop.main("attach") == 1
    state, failure, message = failure_of(slurm_shop)
    assert (state, failure) == (JobState.LOST, FailureClass.LOST)
    assert "REVOKED: another cluster runs it" in message
    with closing(Store.of(slurm_shop.folder)) as store:
        assert len(store.attempts(slurm_shop.record().id)) == 1


@here
def test_what_slurm_refuses_is_a_failure_in_its_words(slurm_shop: Shop, capsys: pytest.CaptureFixture[str]):
    configure(slurm_shop, partition="nowhere")
    assert slurm_shop.main("run", slurm_shop.spec()) == 1
    assert "Invalid partition name specified" in capsys.readouterr().err
    configure(slurm_shop, partition="gpu")
    assert slurm_shop.main("run", slurm_shop.spec()) == 0


@here
def test_a_dry_run_shows_the_script_and_reaches_nothing(slurm_shop: Shop, capsys: pytest.CaptureFixture[str]):
    configure(slurm_shop, time="02:00:00", address="nowhere.invalid")
    capsys.readouterr()
    arguments = ["run", slurm_shop.spec(), "--dry-run", "--json", "--write-to", slurm_shop.folder / "plan"]
    assert slurm_shop.main(*arguments) == 0
    document = json.loads(capsys.readouterr().out)
    lines = document["files"]["run.sh"].splitlines()
    assert lines[0] == "#!/bin/sh"
    assert {"#SBATCH --gres=gpu:1", "#SBATCH --time=02:00:00"} < set(lines)
    assert (slurm_shop.folder / "plan/run.sh").read_text(encoding="utf-8") == document["files"]["run.sh"]
    configure(slurm_shop, partition="a b")
    assert slurm_shop.main(*arguments) == 2


@here
def test_a_batch_is_one_array(slurm_shop: Shop, slurm: Slurm):
    file = batch(slurm_shop, {"seeds": [1, 2, 3, 4, 5]})
    before = len(slurm.jobs())
    assert slurm_shop.main("run-batch", file) == 0
    with closing(Store.of(slurm_shop.folder)) as store:
        assert [job.state for job in store.jobs()] == [JobState.SUCCEEDED] * 5
    assert slurm_shop.started() == 5
    numbers = {number.partition("_")[0] for number, *_ in slurm.jobs()[before:]}
    assert len(numbers) == 1


@here
def test_an_adaptive_batch_goes_to_the_cluster_round_by_round(slurm_shop: Shop, slurm: Slurm):
    how = {"sampler": "adaptive", "count": 13, "control_weights": {"depth": {"min": 0.1, "max": 0.9}}, "seeds": [5]}
    configure(slurm_shop, gres=None)
    before = len(slurm.jobs())
    assert slurm_shop.main("run-batch", batch(slurm_shop, how)) == 0
    rows = table(slurm_shop)
    assert [(row["run"], row["state"]) for row in rows] == [(f"shot-{n:04d}", "succeeded") for n in range(1, 14)]
    assert len({row["weight_depth"] for row in rows}) == 13
    assert slurm_shop.started() == 13
    # The runs of the beginning are one array, those that were chosen by their scores another.
    arrays = [number.partition("_")[0] for number, *_ in slurm.jobs()[before:]]
    assert sorted(map(arrays.count, set(arrays))) == [3, 10]


@here
def test_time_in_the_queue_is_not_spent(slurm_shop: Shop):
    configure(slurm_shop, gres="gpu:4")
    assert slurm_shop.main("run-batch", batch(slurm_shop, {"seeds": [1, 2]}, sleep_s="4")) == 0
    with closing(Store.of(slurm_shop.folder)) as store:
        for job in store.jobs():
            _, began, _ = (slurm_shop.root / "jobs" / job.id / "state").read_text().split()
            started_at = store.attempts(job.id)[-1].started_at
            assert started_at is not None
            # Both were handed over before the first one began, which takes four seconds.
            assert started_at >= int(began) - 3


@here
@pytest.mark.parametrize("terms", [("--gpu-hours", "1"), ("--window", "00:00-23:59")])
def test_a_night_on_a_cluster_needs_to_know_how_many_runs_it_may_hand_over(
    slurm_shop: Shop, capsys: pytest.CaptureFixture[str], terms: tuple[str, str]
):
    file = batch(slurm_shop, {"seeds": [1, 2]})
    assert slurm_shop.main("run-batch", file, *terms) == 2
    assert "give --max-parallel N" in capsys.readouterr().err
    assert slurm_shop.started() == 0
    assert slurm_shop.main("run-batch", file, *terms, "--max-parallel", 1) == 0
    assert slurm_shop.started() == 2


@here
def test_a_job_whose_machine_failed_is_tried_again(slurm_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The word is put into the answer of the real squeue to a poll; to cancel, it says that the job goes on."""
    assert slurm_shop.main("run", slurm_shop.spec(fault="hang-once"), "--detach") == 0
    until(lambda: slurm_shop.started() == 1)
    number = slurm_shop.on_host("submitted/id").read_text().strip()
    answer_with(tmp_path, f"s/^({number} [^ ]+) RUNNING /\\1 NODE_FAIL /")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert slurm_shop.main("attach") == 0
    assert (slurm_shop.record().state, slurm_shop.record().job.attempt) == (JobState.SUCCEEDED, 2)
    with closing(Store.of(slurm_shop.folder)) as store:
        first, _ = store.attempts(slurm_shop.record().id)
    assert first.failure is not None
    assert "NODE_FAIL: its machine failed" in first.failure.message
    assert slurm_shop.started() == 2
