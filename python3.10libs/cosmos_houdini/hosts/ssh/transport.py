"""Which of two ways leads to a host: paramiko, or OpenSSH's own client where paramiko cannot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cosmos_houdini.errors import AuthRefused, HostError
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.channel import Channel
from cosmos_houdini.hosts.ssh.config import ClientNeeded, SshConfig, read_ssh_config
from cosmos_houdini.hosts.ssh.connection import Connection, Incompatible
from cosmos_houdini.hosts.ssh.login_shell import LoginShell
from cosmos_houdini.hosts.ssh.program import ProgramConnection, find_client, is_socket
from cosmos_houdini.hosts.ssh.route import Hop, control_path, route

_NEEDS = {
    "bindinterface": "BindInterface",
    "knownhostscommand": "KnownHostsCommand",
    "proxyusefdpass": "ProxyUseFdpass",
    "revokedhostkeys": "RevokedHostKeys",
    "verifyhostkeydns": "VerifyHostKeyDNS",
}
"""Directives that only OpenSSH's client can serve."""

_LOGINS = {
    "gssapiauthentication": "GSSAPIAuthentication",
    "hostbasedauthentication": "HostbasedAuthentication",
    "pkcs11provider": "PKCS11Provider",
    "securitykeyprovider": "SecurityKeyProvider",
}
"""Ways to log in that only OpenSSH's client can go."""

_UNHEEDED = {
    "StrictHostKeyChecking": "a host key must be known",
    "NoHostAuthenticationForLocalhost": "a host key must be known",
    "ForwardAgent": "jobs get no key of yours",
    "LocalCommand": "nothing runs here",
    "RemoteCommand": "only our own commands run",
    "LocalForward": "nothing is forwarded",
    "RemoteForward": "nothing is forwarded",
    "DynamicForward": "nothing is forwarded",
}
"""Directives that do not hold, and why."""

_SAFE = {"StrictHostKeyChecking": {"yes", "ask"}}
_OFF = {"no", "none", "false", "internal"}


class SshConnection(Protocol):
    """A connection to a host on which commands run."""

    @property
    def alive(self) -> bool:
        """Whether it stands, as far as this machine knows."""

    def open_channel(self) -> Channel | None:
        """Return a channel for one command, None where the server opens no further one."""

    def close(self) -> None:
        """End it."""


class Transport:
    """Makes connections to one host, and remembers which way leads there.

    Args:
        host: the name in the configuration.
        config: with an address.
        timeout_s: how long a server may take for each step.

    Attributes:
        reason: why OpenSSH's client makes the connections; empty where paramiko does.
        login_shell: what was found out of it.
    """

    def __init__(self, host: str, config: HostConfig, timeout_s: float) -> None:
        self._host = host
        self._config = config
        self._timeout_s = timeout_s
        self.reason = ""
        self.login_shell = LoginShell()
        self._unheeded: tuple[str, ...] = ()

    def connect(self) -> SshConnection:
        """Return a new connection.

        Raises:
            HostError: neither way leads there.
        """
        ssh_config = read_ssh_config()
        try:
            hops = route(self._config, ssh_config)
        except ClientNeeded as error:
            if not find_client():
                raise
            self.reason = error.problem
            return self._by_client(ssh_config)
        self._unheeded = tuple(sentence for hop in hops for sentence in unheeded(hop))
        master = control_path(hops[-1], ssh_config)
        if master and is_socket(master):
            self.reason = f"the connection that stands already at {master}"
            return self._by_client(ssh_config, master)
        self.reason = self.reason or need(hops)
        if self.reason:
            return self._by_client(ssh_config)
        try:
            return Connection(self._host, hops, timeout_s=self._timeout_s)
        except Incompatible as error:
            if not find_client():
                raise HostError(error.problem, action=f"install OpenSSH's client (ssh), or {error.action}") from error
            connection = self._by_client(ssh_config)
            self.reason = f"paramiko and the server have no method in common: {error.detail}"
        except AuthRefused as error:
            ways = [name for key, name in _LOGINS.items() if any(_is_on(hop, key) for hop in hops)]
            if not ways or not find_client():
                raise
            connection = self._after_refusal(error, ssh_config)
            self.reason = f"a login by {' or '.join(ways)}"
        return connection

    def _after_refusal(self, refused: AuthRefused, ssh_config: SshConfig) -> SshConnection:
        try:
            return self._by_client(ssh_config)
        except AuthRefused:
            # The first refusal names each key.
            raise refused from None

    def remarks(self) -> tuple[str, ...]:
        """Return sentences on the way that was found: on the client, and on directives that do not hold."""
        by_client = (f"OpenSSH's client makes the connection, because of {self.reason}",) if self.reason else ()
        return (*by_client, *self._unheeded)

    def _by_client(self, ssh_config: SshConfig, master: Path | None = None) -> SshConnection:
        client = find_client()
        if client is None:
            raise HostError(
                f"host {self._host!r} needs OpenSSH's client, because of {self.reason}",
                action="install the program ssh, and see that it is on the PATH",
            )
        return ProgramConnection(self._host, self._config, ssh_config, client, timeout_s=self._timeout_s, master=master)


def unheeded(hop: Hop) -> list[str]:
    """Return a sentence for each directive that OpenSSH honours and we do not."""
    found = [(name, hop.settings.get(name.lower()), reason) for name, reason in _UNHEEDED.items()]
    return [
        f"{name} {value} of the SSH configuration of {hop.settings.alias} does not hold: {reason}"
        for name, value, reason in found
        if value and value.lower() not in _SAFE.get(name, _OFF)
    ]


def need(hops: tuple[Hop, ...]) -> str:
    """Return why only OpenSSH's client can go a route, nothing where paramiko can."""
    for hop in hops:
        for keyword, name in _NEEDS.items():
            if _is_on(hop, keyword):
                return f"{name} of the SSH configuration of {hop.settings.alias}"
        # Python on Windows has no sockets of this machine's programs.
        if os.name == "nt" and (hop.proxy_command or hop.agent):
            name = "ProxyCommand" if hop.proxy_command else "IdentityAgent"
            return f"{name} of the SSH configuration of {hop.settings.alias}"
    return ""


def _is_on(hop: Hop, keyword: str) -> bool:
    return (hop.settings.get(keyword) or "no").lower() not in _OFF
