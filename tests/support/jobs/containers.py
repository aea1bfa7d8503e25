"""Jobs in containers of the tests' own Docker Engine: what runs there, and the death of a job's script.

A folder of tests that wants its fixtures imports them in its ``conftest.py``.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task
from cosmos_houdini.launchers.docker import DockerSettings
from cosmos_houdini.launchers.job_folder import HostJobState
from support.jobs.launched_tasks import GIVE_UP_S, begin, path, task, until
from support.servers.dockerd import DockerEngine

IMAGE = "launchers:1"


@pytest.fixture(scope="session")
def image(docker_engine: DockerEngine) -> DockerEngine:
    docker_engine.import_image({}, IMAGE)
    return docker_engine


@pytest.fixture
def config(image: DockerEngine) -> HostConfig:
    return HostConfig(launcher="docker", env={"DOCKER_HOST": image.address}, extra=(DockerSettings(image=IMAGE),))


@pytest.fixture
def host(tmp_path: Path, config: HostConfig, image: DockerEngine) -> Iterator[Host]:
    host = open_host("box", config, project=tmp_path)
    yield host
    image.remove_containers()


def containers(engine: DockerEngine, *options: str) -> list[str]:
    return engine.docker("ps", "--format", "{{.Names}}", *options).split()


def container_of(engine: DockerEngine, new: Task) -> str:
    """Return the name of a task's container."""
    (name,) = containers(engine, "--all", "--filter", f"label=cosmos-houdini.folder={new.site.folder}")
    return name


def running(host: Host, config: HostConfig, job_id: str, *argv: str) -> Task:
    new = begin(host, config, task(host, argv or ("sleep", "300"), job_id=job_id, config=config))
    until(
        host, new.site, lambda seen: seen.state is HostJobState.RUNNING and seen.stdout_tail == ("up\n" if argv else "")
    )
    return new


def until_true(told: Callable[[], object]) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while not told():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def kill_script(new: Task) -> None:
    pid = int((path(new.site) / "started/pid").read_text())
    os.kill(pid, signal.SIGKILL)
