"""Which GPUs a job takes on a host that has an ``nvidia-smi``: a program that prints what the real one has printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.staging import stage
from support.jobs.launched_tasks import begin, ended, observe, path, task, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

# Lines of --query-gpu=index,memory.total,memory.free --format=csv,noheader,nounits.
TWO_H100_ONE_USED = "0, 81559, 12035\n1, 81559, 81004\n"
BOTH_USED = "0, 81559, 12035\n1, 81559, 70118\n"
TWO_FREE = "0, 81559, 81004\n1, 81559, 80550\n"
RTX_4090 = "0, 24564, 24090\n"
UNKNOWN_MEMORY = "0, [N/A], [N/A]\n"
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
    "driver is installed and running.\n\n"
)

SMI = """#!/bin/sh
case $* in
*utilization*) cat "$0.used" ;;
*memory.used*) exit 9 ;;
*) echo "$*" >>"$0.asked"; cat "$0.table" ;;
esac
[ ! -e "$0.broken" ] || exit 9
"""


class Smi:
    """The program ``nvidia-smi`` of the host, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "nvidia-smi"
        self.path.write_text(SMI)
        self.path.chmod(0o755)
        self.says(TWO_FREE)
        self.used("0\n0\n")

    def says(self, table: str, *, broken: bool = False) -> None:
        self._write("nvidia-smi.table", table)
        if broken:
            self.path.with_name("nvidia-smi.broken").touch()

    def used(self, percents: str) -> None:
        self._write("nvidia-smi.used", percents)

    def _write(self, name: str, text: str) -> None:
        # A job may ask at this very moment.
        new = self.path.with_name(f"{name}.new")
        new.write_text(text)
        new.replace(self.path.with_name(name))


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smi:
    folder = tmp_path / "programs of the host"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Smi(folder)


def a_job(
    host: Host, config: HostConfig, name: str = "job", *, num_gpu: int = 1, seconds: int = 0, exclusive: bool = False
) -> Task:
    argv = ("sh", "-c", f'echo "$CUDA_DEVICE_ORDER $CUDA_VISIBLE_DEVICES"; exec sleep {seconds}')
    new = task(host, argv, job_id=name, config=config, num_gpu=num_gpu, gpu_memory_gb=75, exclusive=exclusive)
    return begin(host, config, new)


def on(gpus: str) -> str:
    return f"PCI_BUS_ID {gpus}\n"


def running(host: Host, job: Task) -> Observation:
    return until(host, job.site, lambda seen: bool(seen.stdout_tail))


def waits_for(host: Host, job: Task, words: str) -> None:
    seen = until(host, job.site, lambda seen: seen.waits_for == words)
    assert seen.state is HostJobState.PENDING


@pytest.mark.parametrize("config", [HostConfig(), HostConfig(gpus=(0, 1))])
def test_a_gpu_that_another_user_fills_is_not_picked(plain: Host, smi: Smi, config: HostConfig) -> None:
    smi.says(TWO_H100_ONE_USED)
    assert ended(plain, a_job(plain, config).site).stdout_tail == on("1")


def test_the_gpu_with_most_room_is_picked_and_each_gets_one_job(plain: Host, smi: Smi) -> None:
    smi.says("0, 81559, 80550\n1, 81559, 81004\n")
    first = a_job(plain, HostConfig(), "first", seconds=300)
    assert running(plain, first).stdout_tail == on("1")
    second = a_job(plain, HostConfig(), "second", seconds=300)
    assert running(plain, second).stdout_tail == on("0")
    third = a_job(plain, HostConfig(), "third")
    asked = len(smi.path.with_name("nvidia-smi.asked").read_text().splitlines())
    waits_for(plain, third, "a GPU with 75 GiB free: GPU 0 runs second, GPU 1 runs first")
    # One question tells what the host has; while all places are taken, no more are asked.
    assert len(smi.path.with_name("nvidia-smi.asked").read_text().splitlines()) <= asked + 1
    launcher_for("here", HostConfig()).cancel(plain, first.site, "first")
    assert ended(plain, third.site).stdout_tail == on("1")


def test_a_job_waits_for_room_and_says_so(plain: Host, smi: Smi) -> None:
    smi.says(BOTH_USED)
    job = a_job(plain, HostConfig())
    waits_for(plain, job, "a GPU with 75 GiB free: GPU 1 has 68 of 79 GiB free, GPU 0 has 11 of 79 GiB free")
    smi.says(TWO_FREE)
    seen = ended(plain, job.site)
    assert (seen.stdout_tail, seen.exit_code, seen.waits_for) == (on("0"), 0, "")


def test_several_gpus_are_taken_together(plain: Host, smi: Smi) -> None:
    smi.says(TWO_FREE)
    assert ended(plain, a_job(plain, HostConfig(), num_gpu=2).site).stdout_tail == on("0,1")
    smi.says(TWO_H100_ONE_USED)
    pair = a_job(plain, HostConfig(), "pair", num_gpu=2)
    waits_for(plain, pair, "2 GPUs with 75 GiB free: GPU 0 has 11 of 79 GiB free")
    assert ended(plain, a_job(plain, HostConfig(), "single").site).stdout_tail == on("1")
    launcher_for("here", HostConfig()).cancel(plain, pair.site, "pair")


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ((RTX_4090, HostConfig(), 1), "needs a GPU with 75 GiB of memory; this host has GPU 0 with 23 GiB"),
        (
            (TWO_FREE, HostConfig(), 4),
            "needs 4 GPUs with 75 GiB of memory; this host has GPU 0 with 79 GiB, GPU 1 with",
        ),
        ((TWO_FREE, HostConfig(gpus=(7,)), 1), "this host has no GPU 7"),
    ],
)
def test_what_could_never_fit_is_refused_at_once(
    plain: Host, smi: Smi, case: tuple[str, HostConfig, int], words: str
) -> None:
    table, config, num_gpu = case
    smi.says(table)
    seen = ended(plain, a_job(plain, config, num_gpu=num_gpu).site)
    assert (seen.exit_code, seen.stopped, seen.stdout_tail) == (69, "bad_input", "")
    assert words in seen.stderr_tail


def test_jobs_share_a_gpu_only_where_that_is_asked_for(plain: Host, smi: Smi) -> None:
    smi.says("0, 81559, 81004\n")
    config = HostConfig(jobs_per_gpu=2)
    jobs = []
    for name in ("first", "second"):
        jobs.append(a_job(plain, config, name, seconds=300))
        assert running(plain, jobs[-1]).stdout_tail == on("0")
    third = a_job(plain, config, "third")
    waits_for(plain, third, "a GPU with 75 GiB free: GPU 0 runs first, GPU 0 runs second")
    alone = a_job(plain, config, "alone", exclusive=True)
    launcher_for("here", config).cancel(plain, jobs[0].site, "first")
    assert ended(plain, third.site).stdout_tail == on("0")
    waits_for(plain, alone, "a GPU with 75 GiB free: GPU 0 runs second")
    launcher_for("here", config).cancel(plain, jobs[1].site, "second")
    assert ended(plain, alone.site).stdout_tail == on("0")


@pytest.mark.parametrize(
    ("table", "broken", "gpus"), [(UNKNOWN_MEMORY, False, on("0")), (NO_DRIVER, True, " \n"), ("", False, " \n")]
)
def test_what_nvidia_smi_cannot_tell_keeps_no_job_waiting(
    plain: Host, smi: Smi, table: str, gpus: str, *, broken: bool
) -> None:
    smi.says(table, broken=broken)
    assert ended(plain, a_job(plain, HostConfig()).site).stdout_tail == gpus


def test_a_silent_program_is_stopped_unless_its_gpu_works(plain: Host, smi: Smi) -> None:
    smi.used("0\n97\n")
    config = HostConfig(stalled_after_min=4 / 60)
    busy = a_job(plain, config, "busy", seconds=300)
    silent = task(plain, ("sh", "-c", "echo here; exec sleep 300"), job_id="silent", config=config)
    seen = ended(plain, begin(plain, config, silent).site)
    assert (seen.stopped, seen.exit_code) == ("stalled", 143)
    assert "no new line in the log and no work on its GPU" in seen.stderr_tail
    assert observe(plain, busy.site)["busy"].state is HostJobState.RUNNING
    smi.used("0\n[N/A]\n")
    assert ended(plain, busy.site).stopped == "stalled"


def test_a_program_that_prints_is_not_silent(plain: Host) -> None:
    config = HostConfig(stalled_after_min=3 / 60)
    talking = 'for n in 1 2 3 4 5 6; do printf "%s\\r" "$n" >&2; sleep 1; done'
    job = begin(plain, config, task(plain, ("sh", "-c", talking), config=config))
    assert ended(plain, job.site).exit_code == 0


def test_a_program_is_stopped_at_the_time_limit_of_its_host(plain: Host) -> None:
    config = HostConfig(time="0:03")
    talking = "while :; do echo on; sleep 0.2; done"
    job = begin(plain, config, task(plain, ("sh", "-c", talking), config=config))
    seen = ended(plain, job.site)
    assert (seen.stopped, seen.exit_code) == ("timeout", 143)


def test_a_program_that_ignores_the_end_is_ended_by_force(plain: Host) -> None:
    config = HostConfig(time="0:04")
    deaf = "trap '' TERM; (setsid sleep 300 &); while :; do sleep 1; done"
    new = task(plain, ("sh", "-c", deaf), config=config)
    stage(plain, new, {})
    script = launcher_for("here", config).script(new).replace("grace_s=45", "grace_s=3")
    (path(new.site) / "run.sh").write_text(script)
    here = path(new.site)
    plain.run(f'COSMOS_HOUDINI_JOB="{here}" setsid sh "{here}/run.sh" </dev/null >/dev/null 2>&1 &')
    seen = ended(plain, new.site)
    assert (seen.stopped, seen.exit_code) == ("timeout", 137)
