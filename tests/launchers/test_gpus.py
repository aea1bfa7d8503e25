from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.store.provenance import parse_provenance, provenance_script
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.staging import stage
from support.jobs.launched_tasks import begin, ended, observe, path, task, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")


def spans(host: Host, config: HostConfig, num_gpu: int, count: int) -> list[tuple[str, float, float]]:
    code = (
        "import os, time; a = time.time(); time.sleep(0.4); print(os.environ['CUDA_VISIBLE_DEVICES'], a, time.time())"
    )
    jobs = [
        begin(
            host,
            config,
            task(host, (sys.executable, "-c", code), job_id=f"gpu{i}", config=config, num_gpu=num_gpu),
        )
        for i in range(count)
    ]
    told = []
    for job in jobs:
        seen = ended(host, job.site)
        assert seen.exit_code == 0, seen
        gpus, began, finished = seen.stdout_tail.split()
        told.append((gpus, float(began), float(finished)))
    return sorted(told, key=lambda span: span[1])


def test_jobs_that_share_a_gpu_run_one_after_another(plain: Host) -> None:
    first, second = spans(plain, HostConfig(gpus=(3,)), 1, 2)
    assert (first[0], second[0]) == ("3", "3")
    assert second[1] >= first[2]


def test_jobs_on_two_gpus_run_side_by_side(plain: Host) -> None:
    config = HostConfig(gpus=(0, 5))
    meet = (
        "mkdir -p ../../met/$CUDA_VISIBLE_DEVICES; until [ -d ../../met/0 ] && [ -d ../../met/5 ]; do sleep 0.1; done"
    )
    jobs = [
        begin(plain, config, task(plain, ("sh", "-c", meet), job_id=f"gpu{i}", config=config, num_gpu=1))
        for i in range(2)
    ]
    assert [ended(plain, job.site).exit_code for job in jobs] == [0, 0]


def test_a_job_may_hold_more_gpus_than_a_shell_has_single_digits_for(plain: Host) -> None:
    config = HostConfig(gpus=tuple(range(12)))
    first, second = spans(plain, config, 12, 2)
    assert first[0] == second[0] == ",".join(str(n) for n in range(12))
    assert second[1] >= first[2]


def test_a_job_waits_for_a_gpu_and_can_be_cancelled_there(plain: Host) -> None:
    config = HostConfig(gpus=(0,))
    holder = begin(plain, config, task(plain, ("sleep", "300"), job_id="holder", config=config, num_gpu=1))
    until(plain, holder.site, lambda seen: seen.state is HostJobState.RUNNING)
    waiter = begin(plain, config, task(plain, ("sh", "-c", "echo ran"), job_id="waiter", config=config, num_gpu=1))
    seen = until(plain, waiter.site, lambda seen: seen.heartbeat_age_s is not None)
    assert (seen.state, seen.run_s) == (HostJobState.PENDING, None)
    launcher_for("here", config).cancel(plain, waiter.site, "waiter")
    seen = ended(plain, waiter.site)
    assert (seen.state, seen.exit_code, seen.stdout_tail, seen.cancelled) == (HostJobState.ENDED, 143, "", True)
    assert observe(plain, holder.site)["holder"].state is HostJobState.RUNNING


def test_a_gpu_stays_taken_while_the_program_of_a_killed_script_lives(plain: Host) -> None:
    config = HostConfig(gpus=(0,))
    argv = ("sh", "-c", "echo here; exec sleep 300")
    holder = begin(plain, config, task(plain, argv, job_id="holder", config=config, num_gpu=1))
    # The state says "running" a moment before the program is there.
    until(plain, holder.site, lambda seen: bool(seen.stdout_tail))
    os.kill(int((path(holder.site) / "started/pid").read_text()), signal.SIGKILL)
    waiter = begin(plain, config, task(plain, ("sh", "-c", "echo ran"), job_id="waiter", config=config, num_gpu=1))
    time.sleep(1.5)
    assert observe(plain, waiter.site)["waiter"].state is HostJobState.PENDING
    launcher_for("here", config).cancel(plain, holder.site, "holder")
    assert ended(plain, waiter.site).stdout_tail == "ran\n"


def test_the_most_memory_that_the_gpus_of_a_job_had_in_use_is_kept(
    plain: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    # The form that nvidia-smi prints for --format=csv,noheader,nounits.
    lines = "1205, NVIDIA H100 80GB HBM3, 535.104.05\\n70412, NVIDIA H100 80GB HBM3, 535.104.05"
    program.write_text(f'#!/bin/sh\ncase $* in *memory.used*-i\\ 0,5) printf "%b\\n" "{lines}" ;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    config = HostConfig(gpus=(0, 5))
    new = begin(plain, config, task(plain, ("sleep", "0.5"), config=config, num_gpu=2))
    ended(plain, new.site)
    told = parse_provenance(plain.run(provenance_script(new.site.folder)).stdout)
    assert told.gpu_memory_mib == 70412
    assert told.gpus == ("NVIDIA H100 80GB HBM3, 535.104.05",) * 2
    assert not [name for name in plain.run("ps -A -o args=").stdout.splitlines() if str(new.site.folder) in name]


def test_without_flock_a_job_with_gpus_ends_with_a_named_message(plain: Host, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "date", "mv", "rm", "mkdir", "dd", "sleep"):
        (programs / name).symlink_to(plain.run(f"command -v {name}").stdout.strip())
    config = HostConfig(gpus=(0,))
    new = task(plain, ("echo", "ran"), config=config, num_gpu=1)
    stage(plain, new, {})
    (path(new.site) / "run.sh").write_text(launcher_for("here", config).script(new))
    plain.run(f"PATH={programs}; export PATH; sh {path(new.site)}/run.sh")
    seen = observe(plain, new.site)["job"]
    assert (seen.exit_code, seen.stdout_tail) == (69, "")
    assert "flock" in seen.stderr_tail


def test_more_gpus_than_the_host_has_are_refused(plain: Host) -> None:
    config = HostConfig(gpus=(0, 1))
    with pytest.raises(BadInput, match="wants 3 GPUs"):
        launcher_for("here", config).script(task(plain, ("true",), config=config, num_gpu=3))
