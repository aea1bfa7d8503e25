"""The ways to reach a host, by name: this machine, SSH, and those that other packages add."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeVar

from msgspec import Struct

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.hosts.settings import HostConfig, check_extra
from cosmos_houdini.plugins import Registry

P = TypeVar("P", bound=PurePath)

GROUP = "cosmos_houdini.hosts"
"""The entry points of packages that add a way to reach a host; each names a HostType."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostType:
    """A way to reach a host.

    Attributes:
        open: makes a host from its name in the configuration, its configuration, and the project's folder, which holds
            ``.cosmos``; it connects to nothing. It raises BadInput if a value is missing.
        settings: type of its own keys in the configuration of a host, if it has any.
        is_this_machine: whether its files are files of this machine.
    """

    open: Callable[[str, HostConfig, Path], Host]
    settings: type[Struct] | None = None
    is_this_machine: bool = False


def register_host(name: str, host_type: HostType) -> None:
    """Add a way to reach a host, which ``connection: NAME`` of a host in the configuration chooses.

    Raises:
        BadInput: the name is taken, or cannot be a name.
        TypeError: it is no HostType, or its settings clash with the other keys of a host.
    """
    HOST_TYPES.register(name, host_type)


def open_host(name: str, config: HostConfig, *, project: Path) -> Host:
    """Return the host of a configuration; it connects to nothing and makes nothing before its first use.

    Args:
        name: the host's name in the configuration.
        config: without ``address`` and ``connection`` the host is this machine.
        project: the folder that holds ``.cosmos``; this machine keeps its jobs there, unless ``root`` is given.

    Raises:
        BadInput: there is no such connection, or ``root`` is missing where it is needed, or is no absolute path.
    """
    return host_type(config, name).open(name, config, project)


def host_type(config: HostConfig, name: str = "") -> HostType:
    """Return the type of a host; ``name`` is for the error.

    Raises:
        BadInput: there is no such connection.
    """
    connection = connection_of(config)
    return HOST_TYPES.get(connection, problem=f"hosts.{name}.connection = {connection!r}" if name else "")


def connection_of(config: HostConfig) -> str:
    """Return the name of the way to a host."""
    return config.connection or ("ssh" if config.address else "local")


def remote_root(name: str, config: HostConfig) -> PurePosixPath:
    """Return the ``root`` of a host that is not this machine.

    Raises:
        BadInput: it is missing, or no absolute path.
    """
    if config.root is None:
        raise BadInput(
            f"host {name!r} has no root, the folder for its objects and jobs",
            action=f"set hosts.{name}.root: /data/cosmos",
        )
    return _checked_root(name, PurePosixPath(config.root))


def _open_local(name: str, config: HostConfig, project: Path) -> Host:
    if config.address is not None:
        raise BadInput(f"host {name!r} has an address and the connection local", action="remove one of the two")
    if config.root is None:
        return LocalHost(name, (project / ".cosmos" / "host").absolute())
    return LocalHost(name, _checked_root(name, Path(config.root)))


def _open_ssh(name: str, config: HostConfig, _project: Path) -> Host:
    if config.address is None:
        raise BadInput(f"host {name!r} has no address", action=f"set hosts.{name}.address: user@machine")
    root = remote_root(name, config)
    # Paramiko takes a quarter of a second to load, and jobs on this machine do not need it.
    from cosmos_houdini.hosts.ssh.host import SshHost  # noqa: PLC0415 - see above

    return SshHost(name, config, root)


def _checked_root(name: str, root: P) -> P:
    """Return a configured root.

    Raises:
        BadInput: it is no absolute path, or holds ``..``, which leads elsewhere where a folder before it is a link.
    """
    if not root.is_absolute():
        raise BadInput(f"hosts.{name}.root = '{root}' is no absolute path", action="write it out from /, without ~")
    if ".." in root.parts:
        raise BadInput(
            f"hosts.{name}.root = '{root}' holds '..'",
            allowed="an absolute path without '..'",
            action=f"write it as {os.path.normpath(root)}, if that is the folder",
        )
    return root


def _check(name: str, offered: object) -> HostType:
    if not isinstance(offered, HostType):
        raise TypeError(f"{name} is a {type(offered).__name__} and no cosmos_houdini.hosts.registry.HostType")
    check_extra(f"the connection {name}", offered.settings)
    return offered


HOST_TYPES: Registry[HostType] = Registry(
    "connection",
    group=GROUP,
    builtin={"local": HostType(open=_open_local, is_this_machine=True), "ssh": HostType(open=_open_ssh)},
    check=_check,
)
