"""The way to an SSH host, hop by hop, as the configuration and the user's SSH configuration describe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.config import SSH_PORT, Settings, SshConfig, system_folder
from cosmos_houdini.hosts.ssh.tokens import expand, expand_path, tokens
from cosmos_houdini.user_path import expand_user

_MOST_HOPS = 16
_KNOWN_HOSTS = ("known_hosts", "known_hosts2")
_SYSTEM_KNOWN_HOSTS = ("ssh_known_hosts", "ssh_known_hosts2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One SSH server on the way; the last one is the host itself.

    Attributes:
        hostname: name or address to connect to.
        port: TCP port.
        user: who logs in.
        identities: private key files that were configured; None where the default ones are tried.
        certificates: files with certificates of the user's keys, beside those that lie beside the keys.
        identities_only: offer no key of the agent beside ``identities``.
        agent: path of the SSH agent's socket; empty for none, None for the usual one.
        known_hosts: files with host keys; the first is the one to add to.
        known_as: the names under which these files may have the host's key, the best first.
        proxy_command: program whose standard input and output are the connection, or None.
        settings: the SSH configuration of the hop.
    """

    hostname: str
    port: int
    user: str
    identities: tuple[Path, ...] | None
    certificates: tuple[Path, ...]
    identities_only: bool
    agent: str | None
    known_hosts: tuple[Path, ...]
    known_as: tuple[str, ...]
    proxy_command: str | None
    settings: Settings

    def __str__(self) -> str:
        return f"{self.user}@{self.hostname} port {self.port}"


def route(config: HostConfig, ssh_config: SshConfig) -> tuple[Hop, ...]:
    """Return the hops to a host, nearest first.

    ``known_hosts`` of the configuration stands instead of the user's files for every hop; port and identity concern
    the host alone.

    Raises:
        BadInput: the SSH configuration cannot be understood, or a chain of ProxyJump comes back to itself.
        HostUnreachable: CanonicalizeHostname demands a name that no domain has.
    """
    return tuple(_hops(config.address or "", config, ssh_config, passed=()))


def control_path(hop: Hop, ssh_config: SshConfig) -> Path | None:
    """Return where the SSH configuration wants the socket of a shared connection, None for nowhere."""
    named = hop.settings.get("controlpath")
    if named is None or named == "none":
        return None
    return expand_path(named, _tokens(hop.settings, ssh_config), ssh_config.me)


def split_address(address: str) -> tuple[str | None, str, int | None]:
    """Return user, host and port of ``[user@]host[:port]``; None for a missing one.

    >>> split_address("ana@login.example:2222")
    ('ana', 'login.example', 2222)
    >>> split_address("[::1]:22"), split_address("::1")
    ((None, '::1', 22), (None, '::1', None))

    Raises:
        BadInput: it is none.
    """
    user, _, rest = address.removeprefix("ssh://").rpartition("@")
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host, port = rest, ""
    if not host or host.startswith("-") or (port and not port.isdecimal()):
        raise BadInput(f"{address!r} is no SSH address", allowed="[user@]host, in ProxyJump also with :port")
    return user or None, host, int(port) if port else None


def _hops(address: str, config: HostConfig, ssh: SshConfig, *, passed: tuple[str, ...]) -> Iterator[Hop]:
    user, alias, port = split_address(address)
    if len(passed) > _MOST_HOPS:
        raise BadInput(f"ProxyJump in the SSH configuration leads over more than {_MOST_HOPS} jump hosts")
    if alias in passed:
        raise BadInput(f"ProxyJump in the SSH configuration runs in a circle: {' -> '.join((*passed, alias))}")
    found = ssh.look_up(alias, user=user, port=config.port or port)
    jumps = found.get("proxyjump") or "none"
    proxied = jumps.lower() != "none"
    if proxied:
        # Only the first of several jumps is reached from here, so only its own ProxyJump counts.
        first, *others = (expand(jump.strip(), _proxy_tokens(found, ssh)) for jump in jumps.split(","))
        through = HostConfig(known_hosts=config.known_hosts)
        yield from _hops(first, through, ssh, passed=(*passed, alias))
        for jump in others:
            jump_user, jump_alias, jump_port = split_address(jump)
            settings = ssh.look_up(jump_alias, user=jump_user, port=jump_port)
            yield _hop(through, settings, ssh, proxied=True)
    yield _hop(config, found, ssh, proxied=proxied)


def _hop(config: HostConfig, found: Settings, ssh: SshConfig, *, proxied: bool) -> Hop:
    key_alias = found.get("hostkeyalias")
    known = _tokens(found, ssh)
    command = found.get("proxycommand") or "none"
    return Hop(
        hostname=found.hostname,
        port=found.port,
        user=known["r"],
        identities=_identities(config, found, ssh),
        certificates=tuple(expand_path(name, known, ssh.me) for name in found.all("certificatefile") if name != "none"),
        identities_only=found.is_on("identitiesonly"),
        agent=_agent(found, ssh),
        known_hosts=_known_hosts(config, found, ssh),
        known_as=(key_alias,) if key_alias else _names(found),
        proxy_command=None if proxied or command.lower() == "none" else expand(command, _proxy_tokens(found, ssh)),
        settings=found,
    )


def _tokens(found: Settings, ssh: SshConfig) -> dict[str, str]:
    return tokens(
        ssh.me,
        alias=found.alias,
        hostname=found.hostname,
        port=found.port,
        user=found.get("user") or ssh.me.name,
        key_alias=found.get("hostkeyalias"),
    )


def _proxy_tokens(found: Settings, ssh: SshConfig) -> dict[str, str]:
    known = _tokens(found, ssh)
    return {letter: known[letter] for letter in "%hnpr"}


def _names(found: Settings) -> tuple[str, ...]:
    """Return the names of a server in known_hosts; one that is known without a port is known on every port."""
    plain = found.hostname.lower()
    return (plain,) if found.port == SSH_PORT else (f"[{plain}]:{found.port}", plain)


def _identities(config: HostConfig, found: Settings, ssh: SshConfig) -> tuple[Path, ...] | None:
    if config.identity:
        return (expand_user(config.identity),)
    named = found.all("identityfile")
    known = _tokens(found, ssh)
    return tuple(expand_path(name, known, ssh.me) for name in named if name != "none") if named else None


def _agent(found: Settings, ssh: SshConfig) -> str | None:
    named = found.get("identityagent")
    if named in {None, "SSH_AUTH_SOCK"}:
        return None
    if named is None or named == "none":
        return ""
    if named.startswith("$") and not named.startswith("${"):
        return ssh.me.environ.get(named[1:], "")
    return str(expand_path(named, _tokens(found, ssh), ssh.me))


def _known_hosts(config: HostConfig, found: Settings, ssh: SshConfig) -> tuple[Path, ...]:
    if config.known_hosts:
        return (expand_user(config.known_hosts),)
    known = _tokens(found, ssh)

    def files(keyword: str, default: list[Path]) -> list[Path]:
        # Verification is not to be switched off, so a file that keeps nothing is no place for keys.
        named = [name for name in found.all(keyword) if name not in {"none", "/dev/null"}]
        return [expand_path(name, known, ssh.me) for name in named] or default

    own = files("userknownhostsfile", [ssh.me.folder / name for name in _KNOWN_HOSTS])
    return (*own, *files("globalknownhostsfile", [system_folder() / name for name in _SYSTEM_KNOWN_HOSTS]))
