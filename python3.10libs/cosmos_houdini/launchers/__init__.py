"""Ways to run a task on a host, detached, by name."""

from __future__ import annotations

from cosmos_houdini.config.settings import HostConfig
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.launchers.base import Launcher, Task
from cosmos_houdini.launchers.docker import DockerLauncher
from cosmos_houdini.launchers.process import ProcessLauncher
from cosmos_houdini.launchers.slurm.launcher import SLURM, SlurmLauncher
from cosmos_houdini.launchers.time_limit import seconds

__all__ = ["SLURM", "Launcher", "Task", "launcher_for"]

LAUNCHERS = ("process", "docker", SLURM)


def launcher_for(name: str, config: HostConfig) -> Launcher:
    """Return the launcher that a host is configured with.

    Args:
        name: the host's name in the configuration, for errors.
        config: names the launcher, and what it needs.

    Raises:
        BadInput: there is no launcher of that name, it lacks a value, or the host's ``time`` is no time limit.
    """
    if config.time:
        # What cannot be read is found out now and not when the inputs were sent.
        seconds(config.time)
    if config.launcher == "process":
        return ProcessLauncher(config)
    if config.launcher == "docker":
        if not config.image:
            raise BadInput(
                f"host {name!r} is to run jobs by docker and names no image",
                action=f"set hosts.{name}.image, as in cosmos-transfer1:latest",
            )
        return DockerLauncher(config, config.image)
    if config.launcher == SLURM:
        if bool(config.image) != bool(config.container):
            raise BadInput(
                f"host {name!r} names {'an image' if config.image else 'a container program'} and no "
                f"{'container program' if config.image else 'image'}",
                action=f"set hosts.{name}.image, and hosts.{name}.container to apptainer or pyxis, or neither",
            )
        return SlurmLauncher(config)
    raise BadInput(
        f"hosts.{name}.launcher = {config.launcher!r}",
        allowed=", ".join(LAUNCHERS),
        action=did_you_mean(config.launcher, LAUNCHERS),
    )
