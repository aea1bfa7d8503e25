"""The user's own keys, in the order in which they are offered to a server."""

from __future__ import annotations

import base64
import binascii
import contextlib
import copy
import shlex
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paramiko.agent import AgentSSH
from paramiko.pkey import PublicBlob, UnknownKeyType

from cosmos_houdini.hosts.ssh.certificates import read_certificate
from cosmos_houdini.hosts.ssh.route import Hop

_DEFAULT_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A key to try; ``source`` names its origin for people."""

    source: str
    key: paramiko.PKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Keys that can be offered, and a sentence on each key that cannot."""

    keys: tuple[Offer, ...]
    problems: tuple[str, ...]


def offers(hop: Hop, agent_keys: tuple[paramiko.AgentKey, ...]) -> Offers:
    """Return the configured keys, then those of the agent, then the default ones if none is configured.

    A configured key that is encrypted is taken from the agent, which holds it open. Servers refuse after six tries or
    so, therefore what the user named comes first.
    """
    found: list[Offer] = []
    problems: list[str] = []
    default = [path for name in _DEFAULT_NAMES if (path := Path.home() / ".ssh" / name).is_file()]
    by_blob = {key.asbytes(): Offer(source="a key of the SSH agent", key=key) for key in agent_keys}
    for path in hop.identities or ():
        _take(path, by_blob, found, problems)
    if not hop.identities_only:
        found += [offer for offer in by_blob.values() if offer not in found]
    for path in default if hop.identities is None else ():
        _take(path, by_blob, found, problems)
    certified = [offer for path in hop.certificates for offer in _certified(path, found, problems)]
    return Offers(keys=(*certified, *found), problems=tuple(problems))


def open_agent(path: str | None) -> paramiko.Agent | None:
    """Return the SSH agent at a path, the usual one without a path, None where there is to be none."""
    if path is None:
        # An agent that answers with nonsense holds no keys, as a missing one does.
        with contextlib.suppress(paramiko.SSHException):
            return paramiko.Agent()
        return None
    if not path:
        return None
    return _AgentAt(path)


class _AgentAt(paramiko.Agent):
    """The agent behind a socket that the SSH configuration names."""

    def __init__(self, path: str) -> None:
        AgentSSH.__init__(self)  # that of Agent connects to the usual one
        self.connection: socket.socket | None = None
        if sys.platform != "win32":
            self.connection = socket.socket(socket.AF_UNIX)
            # A missing agent holds no keys, as the usual one does.
            with contextlib.suppress(OSError, paramiko.SSHException):
                self.connection.connect(path)
                self._connect(self.connection)  # type: ignore[attr-defined]  # which the stubs leave out

    def close(self) -> None:
        """End the connection."""
        if self.connection:
            self.connection.close()


def _certified(path: Path, offers: list[Offer], problems: list[str]) -> Iterator[Offer]:
    """Yield the keys that belong to a certificate of the user, together with the certificate."""
    try:
        kind, blob = path.read_text(encoding="utf-8").split()[:2]
        certificate = PublicBlob(kind, base64.b64decode(blob))
        public = read_certificate(kind, certificate.key_blob)
    except (OSError, ValueError) as error:
        problems.append(f"the certificate {path} cannot be read: {error}")
        return
    if public is None:
        problems.append(f"{path} is no certificate")
        return
    line = public.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for offer in offers:
        if offer.key.asbytes() == base64.b64decode(line.split()[1]):
            key = copy.copy(offer.key)
            key.public_blob = certificate
            yield Offer(source=f"{offer.source} with the certificate {path}", key=key)


def _take(path: Path, by_blob: dict[bytes, Offer], found: list[Offer], problems: list[str]) -> None:
    held = by_blob.get(_public_blob(path))
    if held:
        if held not in found:
            found.append(held)
        return
    try:
        key = paramiko.PKey.from_path(path)
    except (TypeError, paramiko.PasswordRequiredException):
        # TypeError is how the cryptography library says that a password is missing.
        problems.append(f"the key {path} is encrypted: run ssh-add {shlex.quote(str(path))} first")
    except OSError as error:
        problems.append(f"the key {path} cannot be read: {error.strerror}")
    except (ValueError, paramiko.SSHException, UnknownKeyType) as error:
        problems.append(f"{path} is no private key: {error}")
    else:
        found.append(Offer(source=str(path), key=key))


def _public_blob(path: Path) -> bytes:
    """Return the public half that ssh-keygen puts beside a private key, or that is named in its place, or nothing."""
    for file in (path.with_name(path.name + ".pub"), path):
        with contextlib.suppress(OSError, IndexError, UnicodeDecodeError, binascii.Error):
            return base64.b64decode(file.read_text(encoding="utf-8").split()[1], validate=True)
    return b""
