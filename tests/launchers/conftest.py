"""A host that is this machine, and the Docker Engine of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.model.request import Site
from support.jobs.containers import config, host, image
from support.jobs.slurm_tasks import bench, program
from support.servers.dockerd import docker_engine
from support.servers.slurmd import slurm

__all__ = ["bench", "config", "docker_engine", "host", "image", "program", "slurm"]


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Host]:
    """Return this machine as a host; whatever a test leaves running there is stopped."""
    host = open_host("here", HostConfig(), project=tmp_path)
    yield host
    for job in (tmp_path / ".cosmos/host/jobs").glob("*"):
        launcher_for("here", HostConfig()).cancel(host, Site(folder=host.root / "jobs" / job.name), job.name)
