"""The ways to run jobs on a host, by name: the built-in ones, and those that other packages add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.settings import HostConfig, check_extra
from cosmos_houdini.launchers.base import Launcher, LauncherType, PollPart
from cosmos_houdini.launchers.docker import DOCKER
from cosmos_houdini.launchers.process import PROCESS
from cosmos_houdini.launchers.slurm.launcher import SLURM
from cosmos_houdini.launchers.time_limit import seconds
from cosmos_houdini.plugins import Registry

GROUP = "cosmos_houdini.launchers"
"""The entry points of packages that add a launcher; each names a LauncherType."""

_SCHEDULER = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def register_launcher(name: str, launcher_type: LauncherType) -> None:
    """Add a launcher, which ``launcher: NAME`` of a host in the configuration chooses.

    Raises:
        BadInput: the name is taken, or cannot be a name.
        TypeError: it is no LauncherType, or its settings clash with the other keys of a host.
    """
    LAUNCHER_TYPES.register(name, launcher_type)


def launcher_for(name: str, config: HostConfig) -> Launcher:
    """Return the launcher that a host is configured with.

    Args:
        name: the host's name in the configuration, for errors.
        config: names the launcher, and what it needs.

    Raises:
        BadInput: there is no launcher of that name, it lacks a value, or the host's ``time`` is no time limit.
    """
    if config.time:
        # A wrong limit is refused now, and not after the inputs were sent.
        seconds(config.time)
    return launcher_type(config, name).make(name, config)


def launcher_type(config: HostConfig, name: str = "") -> LauncherType:
    """Return the type of a host's launcher; ``name`` is for the error.

    Raises:
        BadInput: there is no launcher of the name that the configuration gives.
    """
    return LAUNCHER_TYPES.get(config.launcher, problem=f"hosts.{name}.launcher = {config.launcher!r}" if name else "")


def scheduled_hosts(hosts: Mapping[str, HostConfig]) -> list[str]:
    """Return the names of the hosts whose launcher hands jobs to a scheduler; one without a launcher is none."""
    found = {name: LAUNCHER_TYPES.find(host.launcher) for name, host in hosts.items()}
    return sorted(name for name, launcher in found.items() if launcher and launcher.traits.schedules_itself)


def launcher_settings(launcher: str) -> tuple[type[Struct], ...]:
    """Return the types of the keys that a host may have: those of its launcher first, then the built-in ones.

    A host may keep the keys of other launchers, so that one word changes its launcher.
    """
    found = [LAUNCHER_TYPES.find(name) for name in dict.fromkeys((launcher, *LAUNCHER_TYPES.builtin))]
    return tuple(one.settings for one in found if one and one.settings)


def poll_parts(launchers: Iterable[str] | None = None) -> tuple[PollPart, ...]:
    """Return the parts of schedulers in the poll of a host.

    Args:
        launchers: names of the launchers that have jobs of the host; None for all launchers.
    """
    names = LAUNCHER_TYPES.names() if launchers is None else sorted(set(launchers))
    found = [LAUNCHER_TYPES.find(name) for name in names]
    return tuple(one.poll for one in found if one and one.poll)


def _check(name: str, offered: object) -> LauncherType:
    if not isinstance(offered, LauncherType):
        raise TypeError(f"{name} is a {type(offered).__name__} and no cosmos_houdini.launchers.base.LauncherType")
    check_extra(f"the launcher {name}", offered.settings)
    if offered.poll and not _SCHEDULER.fullmatch(offered.poll.scheduler):
        raise BadInput(
            f"{offered.poll.scheduler!r} cannot name a scheduler", allowed="lower-case letters, digits and _"
        )
    return offered


LAUNCHER_TYPES: Registry[LauncherType] = Registry(
    "launcher", group=GROUP, builtin={"process": PROCESS, "docker": DOCKER, "slurm": SLURM}, check=_check
)
