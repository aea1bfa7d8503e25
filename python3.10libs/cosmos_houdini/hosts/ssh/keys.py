"""The user's own keys, in the order in which they are offered to a server."""

from __future__ import annotations

import base64
import binascii
import shlex
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.pkey import UnknownKeyType

from cosmos_houdini.hosts.ssh.route import Hop

_DEFAULT_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A key to try; ``source`` tells people where it comes from."""

    source: str
    key: paramiko.PKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Keys that can be offered, and a sentence on each key that cannot."""

    keys: tuple[Offer, ...]
    problems: tuple[str, ...]


def offers(hop: Hop, agent_keys: tuple[paramiko.AgentKey, ...]) -> Offers:
    """Return the configured keys, then those of the agent, then the default ones where none is configured.

    A configured key that is encrypted is taken from the agent, which holds it open. Servers refuse after six tries or
    so, therefore what the user named comes first.
    """
    found: list[Offer] = []
    problems: list[str] = []
    default = [path for name in _DEFAULT_NAMES if (path := Path.home() / ".ssh" / name).is_file()]
    by_blob = {key.asbytes(): Offer(source="a key of the SSH agent", key=key) for key in agent_keys}
    for path in hop.identities:
        _take(path, by_blob, found, problems)
    if not hop.identities_only:
        found += [offer for offer in by_blob.values() if offer not in found]
    for path in default if not hop.identities else ():
        _take(path, by_blob, found, problems)
    return Offers(keys=tuple(found), problems=tuple(problems))


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
    """Return the public half that ssh-keygen puts beside a private key, or nothing."""
    try:
        return base64.b64decode(path.with_name(path.name + ".pub").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError, UnicodeDecodeError, binascii.Error):
        return b""
