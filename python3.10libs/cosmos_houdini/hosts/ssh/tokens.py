"""Words of an SSH configuration that stand for something else: ``%h``, ``${HOME}``, ``~`` (ssh_config(5), TOKENS)."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.user_path import expand_user

if sys.platform != "win32":
    import pwd


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalUser:
    """The user of this machine.

    Attributes:
        name: login name.
        uid: number of the user; empty where the system has none.
        home: home folder.
        machine: name of this machine.
        environ: variables of the environment.
    """

    name: str
    uid: str
    home: Path
    machine: str
    environ: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """The folder of the user's SSH files."""
        return self.home / ".ssh"


def this_user() -> LocalUser:
    """Return the user who runs this process."""
    uid = str(os.getuid()) if hasattr(os, "getuid") else ""
    return LocalUser(name=_login_name(), uid=uid, home=Path.home(), machine=socket.gethostname(), environ=os.environ)


def _login_name() -> str:
    """Return the name that goes with the number of the user, as OpenSSH does, whatever the environment says."""
    if sys.platform != "win32":
        # A container may run under a number that no user has.
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(os.getuid()).pw_name
    return getpass.getuser()


def tokens(me: LocalUser, *, alias: str, hostname: str, port: int, user: str, key_alias: str | None) -> dict[str, str]:
    """Return what each letter after ``%`` stands for.

    Args:
        me: who connects.
        alias: the host as it was named.
        hostname: the host as it is reached.
        port: TCP port.
        user: who logs in.
        key_alias: HostKeyAlias, if there is one.
    """
    connection = f"{me.machine}{hostname}{port}{user}".encode("utf-8", "surrogateescape")
    return {
        "%": "%",
        # OpenSSH makes a name of the connection by it; nothing is kept secret.
        "C": hashlib.sha1(connection, usedforsecurity=False).hexdigest(),
        "L": me.machine.partition(".")[0],
        "d": str(me.home),
        "h": hostname,
        "i": me.uid,
        "k": key_alias or alias,
        "l": me.machine,
        "n": alias,
        "p": str(port),
        "r": user,
        "u": me.name,
    }


def expand(text: str, known: Mapping[str, str]) -> str:
    """Return a text with what its tokens stand for.

    >>> expand("%%-%h", {"%": "%", "h": "gpu01"})
    '%-gpu01'

    Raises:
        BadInput: a token that means nothing there.
    """

    def meaning(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise BadInput(
                f"{found[0]!r} in {text!r} means nothing", allowed=", ".join(f"%{letter}" for letter in sorted(known))
            )
        return known[found[1]]

    return re.sub(r"%(.?)", meaning, text, flags=re.DOTALL)


def expand_home(text: str, me: LocalUser) -> str:
    """Return a path with the home folder that ``~`` or ``~NAME`` at its beginning stands for.

    Raises:
        BadInput: there is no such user.
    """
    if text == "~" or text.startswith("~/"):
        return f"{me.home}{text[1:]}"
    return str(expand_user(text)) if text.startswith("~") else text


def expand_path(text: str, known: Mapping[str, str], me: LocalUser) -> Path:
    """Return the path that a value with ``~``, ``${VARIABLE}`` and tokens names.

    Raises:
        BadInput: a variable that is not set, or a token that means nothing.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in me.environ:
            raise BadInput(f"the variable {found[1]} in {text!r} is not set", action="set it, or write the path out")
        return me.environ[found[1]]

    text = expand_home(text, me)
    # In one pass, because nothing in a variable's value is a token.
    variable = re.compile(r"\$\{(\w+)\}")
    parts = re.split(r"(\$\{\w+\})", text)
    expanded = (variable.sub(value, part) if variable.match(part) else expand(part, known) for part in parts)
    return Path("".join(expanded))
