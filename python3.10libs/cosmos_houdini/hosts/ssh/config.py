"""The SSH configuration of the user and of the system, as OpenSSH's client reads it (ssh_config(5)).

Paramiko's own reader knows no Include, no Match final and no names of services, and takes a comment after a value as a
part of it. So this project has its own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.ssh.canonical import Canonical, is_address
from cosmos_houdini.hosts.ssh.directives import Line, is_added, parse_line, values_of
from cosmos_houdini.hosts.ssh.patterns import is_in_list, is_match
from cosmos_houdini.hosts.ssh.tokens import LocalUser, expand, expand_home, this_user, tokens

SSH_PORT = 22
_DEEPEST_INCLUDE = 16
_EXEC_TIMEOUT_S = 60.0


def system_folder() -> Path:
    """Return the folder of the system's SSH files; on Windows, one that only administrators write to."""
    if os.name == "nt":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "ssh"
    return Path("/etc/ssh")


class ClientNeeded(BadInput):
    """A configuration that only OpenSSH's client can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of one host.

    Attributes:
        alias: the host as it was named.
        hostname: the host as it is reached.
        values: of each directive that was set, by its name in lower case.
    """

    alias: str
    hostname: str
    values: Mapping[str, tuple[str, ...]]

    def get(self, keyword: str) -> str | None:
        """Return the value of a directive; None if it is not set."""
        return next(iter(self.values.get(keyword, ())), None)

    def all(self, keyword: str) -> tuple[str, ...]:
        """Return all values of a directive."""
        return self.values.get(keyword, ())

    def number(self, keyword: str, default: int) -> int:
        """Return a directive's number or seconds."""
        value = self.get(keyword)
        return default if value in {None, "none"} else int(value or default)

    def is_on(self, keyword: str) -> bool:
        """Whether a directive says yes."""
        return self.get(keyword) == "yes"

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.number("port", SSH_PORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshConfig:
    """The files of a configuration.

    Attributes:
        me: the user of this machine.
        user_file: read first; its value counts.
        system_file: read after it.
    """

    me: LocalUser
    user_file: Path
    system_file: Path

    def look_up(self, alias: str, *, user: str | None = None, port: int | None = None) -> Settings:
        """Return the configuration of a host in these files.

        Args:
            alias: the host as the user names it.
            user: who logs in, where that is known before.
            port: TCP port, where that is known before.

        Raises:
            BadInput: a file cannot be read, or OpenSSH would refuse it.
        """
        given = {"user": user, "port": port and str(port)}
        values: dict[str, tuple[str, ...]] = {key: (value,) for key, value in given.items() if value}
        first = _Pass(config=self, alias=alias, host=alias, values=values)
        first.read_files()
        host = expand(_first(values, "hostname") or alias, {"%": "%", "h": alias})
        host = host if is_address(host) else host.lower()
        canonical = Canonical.of(values)
        if canonical.is_wanted:
            host = canonical.resolve(host)
        if canonical.is_wanted or first.wants_final:
            values["hostname"] = (host,)
            _Pass(config=self, alias=alias, host=host, values=values, is_final=True).read_files()
        return Settings(alias=alias, hostname=host, values=values)


def read_ssh_config(me: LocalUser | None = None) -> SshConfig:
    """Return the configuration in ``~/.ssh/config`` and in the system's ``ssh_config``; files are read at each look."""
    me = me or this_user()
    return SshConfig(me=me, user_file=me.folder / "config", system_file=system_folder() / "ssh_config")


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One reading of the files; ``values`` grows."""

    config: SshConfig
    alias: str
    host: str
    values: dict[str, tuple[str, ...]]
    is_final: bool = False
    wants_final: bool = False

    def read_files(self) -> None:
        for file in (self.config.user_file, self.config.system_file):
            if file.is_file():
                _check_owner(file)
                self._read(file, file.parent, depth=0, is_active=True)

    def _read(self, file: Path, folder: Path, *, depth: int, is_active: bool) -> None:
        """Read a file; ``is_active`` is whether the block holds in which it was included."""
        if depth > _DEEPEST_INCLUDE:
            raise BadInput(f"the SSH configuration {file} includes itself, or more than {_DEEPEST_INCLUDE} files deep")
        included_actively = is_active
        for line in _lines(file):
            if line.keyword == "host":
                is_active = included_actively and self._is_host(line)
            elif line.keyword == "match":
                # Also where the block is not active: a `final` in it asks for the second reading.
                is_active = self._is_match(line, decides=included_actively)
            elif line.keyword == "include":
                for path in _included(line, folder, self.config.me):
                    self._read(path, folder, depth=depth + 1, is_active=is_active)
            elif is_active:
                self._take(line)

    def _take(self, line: Line) -> None:
        known = self.values.get(line.keyword, ())
        values = values_of(line)
        if line.keyword in _UNSET_BY_NONE and values == ("none",):
            return
        if line.keyword in {"proxyjump", "proxycommand"}:
            # The first of the two counts, but for `ProxyJump none`, after which a ProxyCommand may come.
            jump = _first(self.values, "proxyjump") or "none"
            if jump == "none" and "proxycommand" not in self.values:
                self.values.setdefault(line.keyword, values)
        elif is_added(line.keyword):
            self.values[line.keyword] = known + tuple(value for value in values if value not in known)
        else:
            self.values.setdefault(line.keyword, values)

    def _is_host(self, line: Line) -> bool:
        patterns = line.words()
        if not patterns:
            raise line.refused("no pattern behind Host")
        if any(is_match(pattern[1:], self.host) for pattern in patterns if pattern.startswith("!")):
            return False
        return any(is_match(pattern, self.host) for pattern in patterns if not pattern.startswith("!"))

    def _is_match(self, line: Line, *, decides: bool) -> bool:
        words = [part for word in line.words() for part in _attribute_and_value(word)]
        if not words:
            raise line.refused("no condition behind Match")
        result = decides
        while words:
            attribute = words.pop(0)
            negated, attribute = attribute.startswith("!"), attribute.removeprefix("!").lower()
            if attribute == "all":
                return result
            if attribute in {"final", "canonical"}:
                self.wants_final |= attribute == "final"
                holds = self.is_final
            else:
                if attribute not in _CONDITIONS or not words:
                    raise line.refused(f"a condition {attribute!r} behind Match", ", ".join(_CONDITIONS))
                value = words.pop(0)
                holds = result and self._holds(attribute, value, line)
            result = result and holds != negated
        return result

    def _holds(self, attribute: str, value: str, line: Line) -> bool:
        me = self.config.me
        user = _first(self.values, "user") or me.name
        if attribute == "exec":
            return self._succeeds(value, user)
        if attribute in {"host", "originalhost"}:
            host = self._current_host() if attribute == "host" else self.alias
            return is_in_list(value.lower(), host.lower())
        if attribute == "localnetwork":
            raise ClientNeeded(
                f"the SSH configuration {line.where} has the condition localnetwork behind Match",
                action="install OpenSSH's client (ssh), which alone can judge it",
            )
        known = {"user": user, "localuser": me.name, "tagged": _first(self.values, "tag") or "", "sessiontype": "exec"}
        return is_in_list(value, known[attribute])

    def _current_host(self) -> str:
        name = _first(self.values, "hostname")
        if self.is_final or not name:
            return self.host
        return expand(name, {"%": "%", "h": self.alias})

    def _succeeds(self, command: str, user: str) -> bool:
        port = int(_first(self.values, "port") or SSH_PORT)
        known = tokens(
            self.config.me,
            alias=self.alias,
            hostname=self._current_host(),
            port=port,
            user=user,
            key_alias=_first(self.values, "hostkeyalias"),
        )
        shell = self.config.me.environ.get("SHELL") or shutil.which("sh")
        if not shell:
            raise ClientNeeded(
                "`Match exec` of the SSH configuration needs a shell, and this machine has no sh",
                action="write a Host block instead, or install OpenSSH's client (ssh)",
            )
        argv = [shell, "-c", expand(command, known)]
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_EXEC_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BadInput(f"a Match of the SSH configuration cannot run {argv[-1]!r}: {error}") from error
        return done.returncode == 0


_UNSET_BY_NONE = frozenset({"connecttimeout", "serveraliveinterval"})
_CONDITIONS = ("host", "originalhost", "user", "localuser", "exec", "tagged", "sessiontype", "localnetwork")


def _attribute_and_value(word: str) -> list[str]:
    attribute, sign, value = word.partition("=")
    return [attribute, value] if sign and attribute.lower() in _CONDITIONS else [word]


def _first(values: Mapping[str, tuple[str, ...]], keyword: str) -> str | None:
    return next(iter(values.get(keyword, ())), None)


def _lines(file: Path) -> Iterator[Line]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"the SSH configuration {file} cannot be read: {error.strerror}") from error
    if b"\0" in data:
        raise BadInput(f"the SSH configuration {file} is no plain text", action="save it as UTF-8")
    # Names of files may have any bytes; editors of Windows put a mark before the first line.
    for number, text in enumerate(data.decode("utf-8-sig", "surrogateescape").split("\n"), 1):
        if line := parse_line(text, f"{file} line {number}"):
            yield line


def _included(line: Line, folder: Path, me: LocalUser) -> Iterator[Path]:
    patterns = line.words()
    if not patterns:
        raise line.refused("no file behind Include")
    for pattern in patterns:
        # The pattern of Path.glob goes into folders of any depth by `**`; that of OpenSSH does not.
        wanted = os.path.join(folder, expand_home(pattern, me))  # noqa: PTH118 - likewise
        for path in sorted(glob(wanted)):  # noqa: PTH207 - likewise
            if Path(path).is_file():
                yield Path(path)


def _check_owner(file: Path) -> None:
    """Refuse a file that another user can write."""
    if sys.platform != "win32":
        found = file.stat()
        if found.st_uid not in {0, os.getuid()} or found.st_mode & stat.S_IWOTH:
            raise BadInput(
                f"the SSH configuration {file} can be written by others",
                action=f"see who owns it, and run chmod 600 {shlex.quote(str(file))}",
            )
