"""Shared by the tests of the launcher for Slurm: a host whose jobs go to the cluster, and stand-ins for its programs.

A folder of tests that wants them imports the fixtures ``bench`` and ``program`` in its ``conftest.py``.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, launcher_for
from cosmos_houdini.launchers.job_folder import Observation
from cosmos_houdini.launchers.slurm.launcher import SlurmSettings, job_name
from support.jobs.launched_tasks import begin, ended, observe, path, task, until
from support.programs import need_program
from support.servers.slurmd import Slurm


def changed(config: HostConfig, **changes: object) -> HostConfig:
    """Return a configuration with other values, some of which may be those of the launcher slurm."""
    own = {name: changes.pop(name) for name in SlurmSettings.__struct_fields__ if name in changes}
    return replace(config, extra=(replace(config.settings(SlurmSettings), **own),), **changes)


UP = ("sh", "-c", "echo up; exec sleep 300")


@dataclass(frozen=True)
class Bench:
    """A host whose jobs go to the cluster."""

    cluster: Slurm
    host: Host
    config: HostConfig

    def task(self, *argv: str, job_id: str = "job", secrets: dict[str, str] | None = None) -> Task:
        return task(self.host, argv, job_id=job_id, config=self.config, secrets=secrets)

    def begin(self, *argv: str, job_id: str = "job", secrets: dict[str, str] | None = None) -> Task:
        return begin(self.host, self.config, self.task(*argv, job_id=job_id, secrets=secrets))

    def up(self, job_id: str = "job") -> Task:
        """Return a task whose program runs."""
        new = self.begin(*UP, job_id=job_id)
        self.until(new, lambda seen: seen.stdout_tail == "up\n")
        return new

    def observe(self, new: Task) -> Observation:
        return observe(self.host, new.site, config=self.config)[new.site.folder.name]

    def until(self, new: Task, wanted: Callable[[Observation], bool]) -> Observation:
        return until(self.host, new.site, wanted, config=self.config)

    def configured(self, **changes: object) -> Bench:
        """Return the same with another configuration of the host."""
        return Bench(self.cluster, self.host, changed(self.config, **changes))

    def ended(self, new: Task) -> Observation:
        return ended(self.host, new.site, config=self.config)

    def cancel(self, new: Task) -> None:
        launcher_for("hpc", self.config).cancel(self.host, new.site, new.job_id)

    def id(self, new: Task) -> str:
        return (path(new.site) / "submitted/id").read_text().strip()

    def states(self, new: Task) -> list[str]:
        """Return the states of all jobs that were ever submitted for a task."""
        return [state for _, name, state in self.cluster.jobs() if name == job_name(new.site)]


@pytest.fixture
def bench(slurm: Slurm, tmp_path: Path) -> Iterator[Bench]:
    config = changed(HostConfig(launcher="slurm", env=slurm.env), partition="gpu")
    yield Bench(slurm, open_host("hpc", config, project=tmp_path), config)
    slurm.cancel_all()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Return a function that puts a program of ours before one of Slurm's, which it may call as ``$REAL``."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, text: str) -> Path:
        path = folder / name
        path.unlink(missing_ok=True)
        real = need_program(name) if "$REAL" in text else ""
        path.write_text(f"#!/bin/sh\nREAL={real}\n{text}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return put


def until_true(told: Callable[[], object], seconds: float = 180) -> None:
    give_up = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def age(new: Task, name: str) -> None:
    """Make a file of a job look as if it were some minutes old."""
    past = time.time() - 300
    os.utime(path(new.site) / name, (past, past))
