"""Places to run, by name: this machine and machines behind SSH."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cosmos_houdini.config.settings import HostConfig
from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.base import Completed, Host, OnBytes, OnProgress, Progress, Transfer
from cosmos_houdini.hosts.local import LocalHost

__all__ = ["Completed", "Host", "OnBytes", "OnProgress", "Progress", "Transfer", "open_host"]


def open_host(name: str, config: HostConfig, *, project: Path) -> Host:
    """Return the host that a configuration describes; nothing is reached or made before its first use.

    Args:
        name: the host's name in the configuration.
        config: without ``address`` the host is this machine.
        project: the folder to which ``.cosmos`` belongs, where this machine keeps jobs unless ``root`` says otherwise.

    Raises:
        BadInput: ``root`` is missing where it is needed, or is no absolute path.
    """
    if config.address is None:
        root = Path(config.root) if config.root else (project / ".cosmos" / "host").absolute()
        if not root.is_absolute():
            raise _relative_root(name, root)
        return LocalHost(name, root)
    if config.root is None:
        raise BadInput(
            f"host {name!r} has no root, the folder for its objects and jobs",
            action=f"set hosts.{name}.root: /data/cosmos",
        )
    if not PurePosixPath(config.root).is_absolute():
        raise _relative_root(name, config.root)
    # Paramiko takes a quarter of a second to load, which work on this machine alone need not pay.
    from cosmos_houdini.hosts.ssh.host import SshHost  # noqa: PLC0415 - see above

    return SshHost(name, config, PurePosixPath(config.root))


def _relative_root(name: str, root: object) -> BadInput:
    return BadInput(f"hosts.{name}.root = '{root}' is no absolute path", action="write it out from /, without ~")
