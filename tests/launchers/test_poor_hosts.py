"""Hosts that lack something: a disk that starts no programs, or that cannot lock files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts import HostConfig, open_host
from cosmos_houdini.launchers.poll import poll_script
from cosmos_houdini.launchers.staging import stage
from support.jobs.launched_tasks import begin, ended, task
from support.programs import find_program
from support.servers.host_programs import H100, write_nvidia_smi, write_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk that starts no programs."""
    if os.geteuid() != 0 or not find_program("mount"):
        pytest.skip("only root can mount a disk")
    folder = tmp_path / "noexec"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", folder], check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_program_is_not_sent_to_a_disk_that_starts_none(noexec: Path, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    host = open_host("gpu01", HostConfig(root=str(noexec / "root")), project=tmp_path)
    new = task(host, ("in/tool",), inputs={"in/tool": tool}, executables=("in/tool",))
    with pytest.raises(HostError, match=r"its disk starts no programs \(noexec\): put the root on another disk"):
        stage(host, new, {})


def test_a_job_for_a_gpu_ends_on_a_disk_that_cannot_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nvidia_smi(tmp_path / "bin", [H100])
    write_shell(tmp_path / "bin", "flock", 'echo "flock: $2: No locks available" >&2; exit 71')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    host = open_host("here", HostConfig(), project=tmp_path)
    seen = ended(host, begin(host, HostConfig(), task(host, ("true",), num_gpu=1)).site)
    assert (seen.exit_code, seen.stopped) == (69, "bad_input")
    assert "cannot lock files (No locks available); put the root elsewhere" in seen.stderr_tail


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nvidia_smi(tmp_path / "bin", [H100])
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    host = open_host("here", HostConfig(), project=tmp_path)
    host.run("mkdir locks")
    (Path(host.root) / "locks" / "gpu0").symlink_to(tmp_path / "victim")
    seen = ended(host, begin(host, HostConfig(), task(host, ("true",), num_gpu=1)).site)
    assert (seen.exit_code, seen.stopped) == (69, "bad_input")
    assert "is a link" in seen.stderr_tail
    assert not (tmp_path / "victim").exists()


def test_the_look_at_owners_adds_one_program_to_a_poll_of_a_thousand_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = find_program("find")
    log = tmp_path / "found"
    write_shell(tmp_path / "bin", "find", f'echo >>"{log}"; exec {find} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    names = [f"shot-{number:010x}" for number in range(1000)]
    with closing(open_host("here", HostConfig(), project=tmp_path)) as host:
        host.run("mkdir jobs")
        for name in names:
            (Path(host.root) / "jobs" / name / "started").mkdir(parents=True)
            (Path(host.root) / "jobs" / name / "exit_code").write_text("0\n")
            (Path(host.root) / "jobs" / name / "started" / "pid").write_text("4000000\n")
        log.unlink()
        assert host.run(poll_script(host.root, names)).exit_code == 0
    # One for the folders of the root, and the one that each poll has needed before.
    assert len(log.read_text().splitlines()) == 2
