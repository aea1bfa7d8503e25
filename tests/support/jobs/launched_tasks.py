"""Shared by the tests of launchers: tasks made of a command line, staged, started and observed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.launchers.site import site_for
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.request import Invocation, Site
from support.media import FFMPEG

GIVE_UP_S = 180.0


def task(
    host: Host,
    argv: tuple[str, ...],
    *,
    job_id: str = "job",
    config: HostConfig | None = None,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    inputs: Mapping[str, Path] | None = None,
    executables: tuple[str, ...] = (),
    cwd: PurePosixPath | None = None,
    num_gpu: int = 0,
    secrets: Mapping[str, str] | None = None,
    gpu_memory_gb: float = 0.0,
    exclusive: bool = False,
) -> Task:
    """Return a task that runs ``argv``."""
    invocation = Invocation(
        argv=argv,
        env=env or {},
        files=files or {},
        inputs=inputs or {},
        executables=executables,
        cwd=cwd,
        outputs=(),
    )
    site = site_for(host.root, job_id, 1, config or HostConfig(), ffmpeg=FFMPEG)
    return Task(
        job_id=job_id,
        site=site,
        invocation=invocation,
        num_gpu=num_gpu,
        secrets=secrets or {},
        gpu_memory_gb=gpu_memory_gb,
        exclusive=exclusive,
    )


def begin(host: Host, config: HostConfig, new: Task) -> Task:
    """Stage and start a task."""
    stage(host, new, {"name": new.job_id})
    launcher_for(host.name, config).start(host, new)
    return new


def observe(host: Host, *sites: Site, config: HostConfig | None = None) -> dict[str, Observation]:
    """Ask once for all the jobs."""
    parts = poll_parts()
    done = host.run(poll_script(host.root, [site.folder.name for site in sites], config=config, parts=parts))
    assert done.exit_code == 0, done.stderr
    return parse_poll(done.stdout, parts)


def until(
    host: Host, site: Site, wanted: Callable[[Observation], bool], *, config: HostConfig | None = None
) -> Observation:
    """Ask until an observation is as wanted; fail with the last one."""
    give_up = time.monotonic() + GIVE_UP_S
    while True:
        seen = observe(host, site, config=config)[site.folder.name]
        if wanted(seen):
            return seen
        assert time.monotonic() < give_up, seen
        time.sleep(0.05)


def ended(host: Host, site: Site, *, config: HostConfig | None = None) -> Observation:
    """Wait for the end."""
    return until(host, site, lambda seen: seen.state in {HostJobState.ENDED, HostJobState.VANISHED}, config=config)


# Looked after every second, and never silent for the four seconds after which it would count as stalled.
LIVELY = ("sh", "-c", "while :; do echo up; sleep 0.2; done")
STALLS_SOON_MIN = 4 / 60


def take_away(site: Site) -> None:
    """Remove the folder of a job that runs; what is written there meanwhile is in nobody's way."""
    removed = path(site).rename(path(site).with_name("removed"))
    shutil.rmtree(removed, ignore_errors=True)


def path(site: Site) -> Path:
    """Return the folder of a job on this machine."""
    return Path(site.folder)
