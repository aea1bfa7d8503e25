"""A host behind a real SSH server, in whose PATH a test puts programs; and a Docker Engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Completed
from support.jobs.doctor_project import Clinic
from support.programs import find_program
from support.servers.dockerd import docker_engine
from support.servers.sshd import Sshd, running_sshd

__all__ = ["docker_engine"]


@pytest.fixture(scope="session")
def programs_and_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Sshd]]:
    programs = tmp_path_factory.mktemp("bin")
    with running_sshd(tmp_path_factory.mktemp("sshd"), path=f"{programs}:/usr/bin:/bin") as server:
        yield programs, server


@pytest.fixture
def clinic(
    programs_and_server: tuple[Path, Sshd],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Clinic]:
    programs, server = programs_and_server
    monkeypatch.chdir(tmp_path)
    yield Clinic(folder=tmp_path, programs=programs, server=server, capfd=capfd)
    for program in programs.iterdir():
        program.unlink()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of one mebibyte."""
    if os.name == "nt" or os.geteuid() != 0 or not find_program("mount"):
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def counted_runs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the commands that hosts behind SSH are given."""
    from cosmos_houdini.hosts.ssh.host import SshHost  # noqa: PLC0415 - paramiko, which not every test needs

    runs: list[str] = []
    run = SshHost.run

    def counting(self: SshHost, script: str, *, timeout_s: float = 60.0) -> Completed:
        runs.append(script)
        return run(self, script, timeout_s=timeout_s)

    monkeypatch.setattr(SshHost, "run", counting)
    return lambda: len(runs)
