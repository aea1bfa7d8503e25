"""The way to an SSH host, hop by hop, as the configuration and the user's SSH configuration describe it."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.settings import HostConfig

SSH_PORT = 22
_SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
_SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One SSH server on the way; the last one is the host itself.

    Attributes:
        hostname: name or address to connect to.
        port: TCP port.
        user: who logs in.
        identities: private key files that were configured; without any, the default ones are tried.
        identities_only: offer no key of the agent beside ``identities``.
        known_hosts: files with host keys; the first is the one to add to.
        known_as: the name under which the host's key stands in them.
        proxy_command: program whose standard input and output are the connection, or None.
    """

    hostname: str
    port: int
    user: str
    identities: tuple[Path, ...]
    identities_only: bool
    known_hosts: tuple[Path, ...]
    known_as: str
    proxy_command: str | None

    def __str__(self) -> str:
        return f"{self.user}@{self.hostname} port {self.port}"


def route(config: HostConfig, ssh_config: paramiko.SSHConfig) -> tuple[Hop, ...]:
    """Return the hops to a host, nearest first.

    ``known_hosts`` of the configuration stands instead of the user's files for every hop; port and identity concern
    the host alone.

    Raises:
        BadInput: the SSH configuration cannot be understood, or a chain of ProxyJump comes back to itself.
    """
    return tuple(_hops(config.address or "", config, ssh_config, passed=()))


def read_ssh_config(path: Path | None = None) -> paramiko.SSHConfig:
    """Return the user's SSH configuration (``~/.ssh/config``), and after it the system's.

    Raises:
        BadInput: a file that cannot be read or understood.
    """
    ssh_config = paramiko.SSHConfig()
    _parse(path or Path.home() / ".ssh" / "config", ssh_config)
    _parse(_SYSTEM_CONFIG, ssh_config)
    return ssh_config


def split_address(address: str) -> tuple[str | None, str, int | None]:
    """Return user, host and port of ``[user@]host[:port]``, None for what is missing.

    >>> split_address("ana@login.example:2222")
    ('ana', 'login.example', 2222)
    >>> split_address("[::1]:22"), split_address("::1")
    ((None, '::1', 22), (None, '::1', None))
    """
    user, _, rest = address.removeprefix("ssh://").rpartition("@")
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host, port = rest, ""
    if not host or (port and not port.isdigit()):
        raise BadInput(f"{address!r} is no SSH address", allowed="[user@]host, in ProxyJump also with :port")
    return user or None, host, int(port) if port else None


def _hops(address: str, config: HostConfig, ssh: paramiko.SSHConfig, *, passed: tuple[str, ...]) -> Iterator[Hop]:
    user, alias, port = split_address(address)
    if alias in passed:
        raise BadInput(f"ProxyJump in the SSH configuration runs in a circle: {' -> '.join((*passed, alias))}")
    found = _lookup(alias, ssh)
    jumps = found.get("proxyjump", "none")
    if jumps.lower() != "none":
        # Only the first of several jumps is reached from here, so only its own ProxyJump counts.
        first, *others = (jump.strip() for jump in jumps.split(","))
        through = HostConfig(known_hosts=config.known_hosts)
        yield from _hops(first, through, ssh, passed=(*passed, alias))
        for jump in others:
            jump_user, jump_alias, jump_port = split_address(jump)
            yield _hop(jump_user, jump_port, through, _lookup(jump_alias, ssh), proxied=True)
    yield _hop(user, config.port or port, config, found, proxied=jumps.lower() != "none")


def _hop(
    user: str | None,
    port: int | None,
    config: HostConfig,
    found: paramiko.SSHConfigDict,
    *,
    proxied: bool,
) -> Hop:
    hostname = found["hostname"]
    number = port or int(found.get("port", SSH_PORT))
    name = found.get("hostkeyalias")
    if not name:
        name = hostname.lower() if number == SSH_PORT else f"[{hostname.lower()}]:{number}"
    identities = [config.identity] if config.identity else [Path(i) for i in found.get("identityfile", [])]
    return Hop(
        hostname=hostname,
        port=number,
        user=user or found.get("user") or getpass.getuser(),
        identities=tuple(identity.expanduser() for identity in identities),
        identities_only=found.get("identitiesonly", "no").lower() == "yes",
        known_hosts=_known_hosts(config, found),
        known_as=name,
        proxy_command=None if proxied else found.get("proxycommand"),
    )


def _known_hosts(config: HostConfig, found: paramiko.SSHConfigDict) -> tuple[Path, ...]:
    if config.known_hosts:
        return (config.known_hosts.expanduser(),)
    named = shlex.split(found.get("userknownhostsfile", ""))
    # Verification is not to be switched off, so a file that keeps nothing is no place for keys.
    files = [Path(name).expanduser() for name in named if name not in {"none", "/dev/null"}]
    return (*(files or [Path.home() / ".ssh" / "known_hosts"]), _SYSTEM_KNOWN_HOSTS)


def _parse(path: Path, into: paramiko.SSHConfig) -> None:
    try:
        into.parse(_lines(path))
    except (paramiko.ConfigParseError, OSError, ValueError) as error:
        raise BadInput(f"the SSH configuration {path} cannot be read: {error}") from error


def _lookup(alias: str, ssh: paramiko.SSHConfig) -> paramiko.SSHConfigDict:
    try:
        return ssh.lookup(alias)
    except (paramiko.SSHException, ImportError, ValueError) as error:
        raise BadInput(
            f"the SSH configuration of {alias!r} cannot be understood: {error}",
            action="write a plain Host block for it, without Match exec",
        ) from error


def _lines(path: Path, block: str = "Host *") -> Iterator[str]:
    """Yield the lines of an SSH configuration with those that it includes, which paramiko does not follow."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if word.lower() in {"host", "match"}:
            block = line
        if word.lower() != "include":
            yield line
            continue
        for pattern in shlex.split(rest):
            # Relative names lie beside the file; / / drops the left side where the right one is absolute.
            wanted = path.parent / Path(pattern).expanduser()
            for included in sorted(Path(wanted.anchor).glob(str(wanted.relative_to(wanted.anchor)))):
                yield from _lines(included, block)
                yield block
