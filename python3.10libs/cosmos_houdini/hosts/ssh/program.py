"""Connections that OpenSSH's own client makes, for servers and configurations that paramiko cannot serve.

One master connection carries all commands (ControlMaster of ssh_config(5)). Windows has none, so that each command
connects anew there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cosmos_houdini.errors import AuthRefused, HostError, HostKeyError, HostUnreachable
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.channel import Channel
from cosmos_houdini.hosts.ssh.config import SshConfig
from cosmos_houdini.hosts.ssh.program_channel import ProgramChannel
from cosmos_houdini.hosts.ssh.route import split_address
from cosmos_houdini.user_path import expand_user

_IDLE_S = 120
"""How long a master connection stays without a command, also after the end of this process."""

_CLOSED = "onnection closed"  # with a great or a small first letter
_LONGEST_SOCKET_PATH = 80
_KEEP_ALIVE_S = 20
# The client asks for keys, agents and other servers on its way, each for its own time.
_PATIENCE = 4

# The first value counts. Nothing asks a person, no key is trusted on first use, and nothing but the command runs.
_FIRST = """\
BatchMode yes
StrictHostKeyChecking yes
NoHostAuthenticationForLocalhost no
UpdateHostKeys no
LogLevel ERROR
ClearAllForwardings yes
ForwardAgent no
ForwardX11 no
PermitLocalCommand no
RequestTTY no
RemoteCommand none
"""


def find_client() -> str | None:
    """Return the path of OpenSSH's client, None where it is not installed."""
    return shutil.which("ssh")


def client_config(config: HostConfig, ssh_config: SshConfig, timeout_s: float) -> str:
    """Return the SSH configuration for the client: ours first, then the user's and the system's."""
    lines = [_FIRST.rstrip()]
    if config.known_hosts:
        lines += [f"UserKnownHostsFile {_quoted(expand_user(config.known_hosts))}", "GlobalKnownHostsFile none"]
    for file in (ssh_config.user_file, ssh_config.system_file):
        if file.is_file():
            lines += ["Host *", f"Include {_quoted(file)}"]
    lines += ["Host *", f"ServerAliveInterval {_KEEP_ALIVE_S}", f"ConnectTimeout {max(1, round(timeout_s))}"]
    # The host sees its own language settings, as it does by the other way of connecting.
    return "\n".join([*lines, "SendEnv -*", ""])


def client_argv(client: str, config_file: Path, config: HostConfig) -> list[str]:
    """Return the client with the options that reach a host; further options may follow, then its name."""
    user, _, port = split_address(config.address or "")
    argv = [client, "-T", "-F", str(config_file)]
    argv += ["-l", user] if user else []
    argv += ["-p", str(config.port or port)] if config.port or port else []
    argv += ["-i", str(expand_user(config.identity))] if config.identity else []
    return argv


class ProgramConnection:
    """A connection of OpenSSH's client to a host, through the jump hosts of its configuration.

    Args:
        host: the name in the configuration, for messages.
        config: with an address.
        ssh_config: the user's SSH configuration.
        client: path of the program.
        timeout_s: how long a server may take to answer.
        master: socket of a connection that the user has opened, to be shared and left open.

    Raises:
        HostUnreachable: it does not answer.
        HostKeyError: it shows a key that is not known.
        AuthRefused: it lets nobody in without a question.
    """

    def __init__(
        self,
        host: str,
        config: HostConfig,
        ssh_config: SshConfig,
        client: str,
        *,
        timeout_s: float,
        master: Path | None = None,
    ) -> None:
        self._host = host
        self._alias = split_address(config.address or "")[1]
        self._address = config.address or ""
        self._environ = _environment(os.environ)
        self._timeout_s = timeout_s * _PATIENCE
        self._folder = Path(tempfile.mkdtemp(prefix="cosmos-ssh-"))
        self._socket = master or self._folder / "m"
        self._is_own = master is None
        file = self._folder / "config"
        file.write_text(client_config(config, ssh_config, timeout_s), encoding="utf-8", errors="surrogateescape")
        self._argv = client_argv(client, file, config)
        self._shares = sys.platform != "win32" and (master is not None or len(str(self._socket)) < _LONGEST_SOCKET_PATH)
        try:
            if self._shares and self._is_own:
                self._make_master(self._timeout_s)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the master connection stands, as far as this machine knows."""
        return not self._shares or is_socket(self._socket)

    def open_channel(self) -> Channel:
        """Return a channel for one command."""
        if not self._shares:
            return ProgramChannel([*self._argv, "--", self._alias], self._environ, self._failure)
        shared = ["-S", str(self._socket), "-o", "ControlMaster=no"]
        return ProgramChannel([*self._argv, *shared, "--", self._alias], self._environ, None)

    def close(self) -> None:
        """End the master connection."""
        if self._is_own and is_socket(self._socket):
            stop = [*self._argv, "-S", str(self._socket), "-O", "exit", "--", self._alias]
            subprocess.run(stop, env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_master(self, timeout_s: float) -> None:
        options = ["-M", "-S", str(self._socket), "-o", f"ControlPersist={_IDLE_S}", "-N", "-f"]
        # A file, because the master keeps a pipe open after the client has gone into the background.
        with (self._folder / "errors").open("w+b") as errors:
            try:
                done = subprocess.run(
                    [*self._argv, *options, "--", self._alias],
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    check=False,
                    timeout=timeout_s,
                    start_new_session=True,
                )
            except subprocess.TimeoutExpired as error:
                raise judge(self._host, self._address, f"it did not connect within {timeout_s:g} s") from error
            if done.returncode != 0:
                errors.seek(0)
                raise self._failure(errors.read().decode("utf-8", "replace"))

    def _failure(self, words: str) -> HostError:
        """Return the error of a failed connection.

        A master does not tell of a failure on a jump host, and at our level of messages none tells of methods that do
        not agree. One more attempt tells more.
        """
        if not words.strip() or _CLOSED in words:
            argv = [*self._argv, "-o", "ControlPath=none", "-o", "LogLevel=INFO", "--", self._alias, "exit"]
            with contextlib.suppress(subprocess.TimeoutExpired):
                again = subprocess.run(
                    argv,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    check=False,
                    timeout=self._timeout_s,
                )
                words = again.stderr.decode("utf-8", "replace") or words
        return judge(self._host, self._address, words)


def judge(host: str, address: str, words: str) -> HostError:
    """Return the error that the client's words on standard error tell of.

    >>> judge("gpu01", "ana@gpu01", "ana@gpu01: Permission denied (publickey,password).").exit_code
    3
    """
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = f"host {host!r}: ssh says: {lines[-1] if lines else 'nothing'}"
    if "Host key verification failed" in words or "HOST IDENTIFICATION HAS CHANGED" in words:
        reason = next((line for line in lines if "host key" in line.lower()), lines[-1])
        return HostKeyError(
            f"host {host!r}: ssh says: {reason}",
            action=f"compare the fingerprint that `ssh {address}` shows with that of the host's owner, and accept it",
        )
    if denied := re.search(r"Permission denied \(([^)]*)\)", words):
        return AuthRefused(
            f"host {host!r}: {address} lets nobody in by {denied[1].replace(',', ', ')} without a question",
            action="add your public key there, or log in first where your SSH configuration has a ControlPath",
        )
    if "Unable to negotiate" in words:
        return HostError(
            f"host {host!r} offers no method that is safe enough; ssh says: {lines[-1]}", action="update its SSH server"
        )
    if "bad configuration option" in words.lower():
        return HostError(f"host {host!r}: ssh says: {lines[0]}", action="correct the SSH configuration, or update ssh")
    return HostUnreachable(told, action=f"see whether `ssh {address}` connects in a terminal")


def _quoted(file: Path) -> str:
    escaped = str(file).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the client, whose words are read."""
    return {**environ, "LC_ALL": "C"}


def is_socket(path: Path) -> bool:
    """Whether a shared connection may stand at a path."""
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
