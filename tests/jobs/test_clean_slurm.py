"""``clean`` on a cluster: what Slurm still has is never taken away, whatever this project knows of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.jobs.store.jobs import Store
from support.jobs.batch_project import batch, records, wait_until
from support.jobs.job_project import Shop
from support.jobs.old_folders import cleaned, grow_old, names
from support.servers.slurmd import Slurm

pytestmark = pytest.mark.slurm

here = pytest.mark.parametrize("slurm_shop", ["login node here"], indirect=True)
ALL = ("--yes", "--older-than", "0d", "--all-projects")


def fill(slurm: Slurm, gpus: int) -> None:
    """Give GPUs to a job that is none of this project's."""
    argv = ("sbatch", "--parsable", f"--gres=gpu:{gpus}", "--output=/dev/null", "--wrap=exec sleep 300")
    number = slurm.run(*argv).strip()
    wait_until(lambda: slurm.state(number) == "RUNNING")
    return number


def forget(shop: Shop) -> None:
    """Let this project know nothing of its jobs, as that of another artist does not."""
    with closing(Store.of(shop.folder)) as store:
        store._db.execute("DELETE FROM jobs")


def detached(shop: Shop, name: str, **parameters: object) -> str:
    assert shop.main("run", shop.spec(name, **parameters), "--detach") == 0
    return shop.record(name).id


def number_of(shop: Shop, job_id: str) -> str:
    return (shop.root / "jobs" / job_id / "submitted/id").read_text().strip()


def test_old_jobs_of_a_cluster_go_with_their_inputs(slurm_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert slurm_shop.main("run", slurm_shop.spec()) == 0
    record = slurm_shop.record()
    grow_old(slurm_shop.root)
    told = cleaned(slurm_shop, capsys, "--yes")
    assert (names(told, "job"), len(names(told, "object")), told["left"]) == ([record.id], 1, [])
    assert not [path for path in slurm_shop.root.glob("*/*/*") if path.is_file()]
    assert not list((slurm_shop.root / "jobs").iterdir())
    (result,) = map(Path, record.job.outputs)
    assert result.is_file()


@here
def test_what_runs_waits_or_was_put_back_stays_though_nobody_knows_it(
    slurm_shop: Shop, slurm: Slurm, capsys: pytest.CaptureFixture[str]
):
    running, back = (detached(slurm_shop, name, sleep_s="300") for name in ("running", "back"))
    wait_until(lambda: slurm_shop.started() == 2)
    slurm.run("scontrol", "requeuehold", number_of(slurm_shop, back))
    wait_until(lambda: slurm.state(number_of(slurm_shop, back)) == "PENDING")
    fill(slurm, gpus=3)
    waits = detached(slurm_shop, "waits")
    forget(slurm_shop)
    grow_old(slurm_shop.root)
    told = cleaned(slurm_shop, capsys, *ALL)
    assert told["remote"] == []
    assert told["kept"] == {
        running: "it is running on the host",
        back: "it is pending on the host",
        waits: "it is pending on the host",
    }


@here
def test_of_an_array_only_the_tasks_that_are_over_go(
    slurm_shop: Shop, slurm: Slurm, capsys: pytest.CaptureFixture[str]
):
    earlier = {number for number, _, _ in slurm.jobs()}  # Slurm remembers the arrays of other tests for a while
    fill(slurm, gpus=2)
    batch(slurm_shop, {"seeds": [1, 2, 3]}, until=str(slurm_shop.folder / "go"))
    worker = slurm_shop.popen("run-batch", slurm_shop.folder / "night.yaml")
    wait_until(lambda: slurm_shop.started() == 2)
    worker.kill()
    worker.communicate()
    over, runs, waits = (record.id for record in records(slurm_shop))
    assert slurm_shop.main("cancel", over) == 0
    wait_until(lambda: slurm_shop.started() == 3)
    forget(slurm_shop)
    grow_old(slurm_shop.root)
    told = cleaned(slurm_shop, capsys, *ALL)
    assert names(told, "job") == [over]
    assert told["kept"] == dict.fromkeys((runs, waits), "it is running on the host")
    array = [state for number, name, state in slurm.jobs() if "cosmos-array" in name and number not in earlier]
    assert array == ["CANCELLED", "RUNNING", "RUNNING"]


@here
def test_while_slurm_does_not_answer_nothing_goes_that_has_not_ended_well(
    slurm_shop: Shop, slurm: Slurm, capsys: pytest.CaptureFixture[str]
):
    assert slurm_shop.main("run", slurm_shop.spec("good")) == 0
    fill(slurm, gpus=4)
    waits, cancelled = (detached(slurm_shop, name) for name in ("waits", "cancelled"))
    assert slurm_shop.main("cancel", cancelled) == 0
    good = slurm_shop.record("good").id
    grow_old(slurm_shop.root)
    slurm.stop_controller()
    try:
        told = cleaned(slurm_shop, capsys)
        assert names(told, "job") == [good]
        forget(slurm_shop)
        told = cleaned(slurm_shop, capsys, *ALL)
        assert told["kept"] == dict.fromkeys((cancelled, waits), "it is pending on the host")
    finally:
        slurm.start_controller()
    assert names(cleaned(slurm_shop, capsys, *ALL), "job") == [cancelled]
    assert (slurm_shop.root / "jobs" / waits).is_dir()
