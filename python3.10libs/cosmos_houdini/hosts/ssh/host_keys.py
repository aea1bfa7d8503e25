"""Whether a server is the one that it was known as: the files of known host keys (sshd(8), SSH_KNOWN_HOSTS)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import HostKeyError
from cosmos_houdini.hosts.ssh.route import SSH_PORT, Hop

_HASHED = "|1|"
_REVOKED = "@revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A line of a known_hosts file that speaks of a host.

    Attributes:
        file: where it stands.
        line: its number, from 1.
        marker: empty, ``@revoked`` or ``@cert-authority``.
        kind: type of the key, as in ``ssh-ed25519``.
        blob: the public key.
    """

    file: Path
    line: int
    marker: str
    kind: str
    blob: bytes


def known_keys(hop: Hop) -> tuple[KnownKey, ...]:
    """Return all that is known of a server; files that do not exist hold nothing."""
    return tuple(key for file in hop.known_hosts for key in _keys_in(file, hop.known_as))


def verify(host: str, hop: Hop, kind: str, blob: bytes, *, direct: bool) -> None:
    """Accept a server's key, or raise.

    Args:
        host: the name in the configuration.
        hop: the server.
        kind: type of the key that it showed.
        blob: the key.
        direct: whether this machine can reach the server without a jump host or proxy.

    Raises:
        HostKeyError: the key is unknown, revoked, or another than the known one.
    """
    known = known_keys(hop)
    same = [key for key in known if key.blob == blob]
    shown = f"host {host!r}: {hop.hostname} port {hop.port} shows the {kind} key {fingerprint(blob)}"
    for key in same:
        if key.marker == _REVOKED:
            raise HostKeyError(
                f"{shown}, which is revoked in {key.file} line {key.line}", action="ask who runs the host"
            )
    if any(not key.marker for key in same):
        return
    accept = accept_command(hop, kind, blob, direct=direct)
    others = [key for key in known if not key.marker]
    if others:
        old = next((key for key in others if key.kind == kind), others[0])
        forget = f"ssh-keygen -R {shlex.quote(hop.known_as)} -f {shlex.quote(str(old.file))}"
        raise HostKeyError(
            f"{shown}, but {old.file} line {old.line} has {fingerprint(old.blob)}: "
            "the host was set up anew, or someone stands between",
            action=f"if its owner confirms the new key: {forget} && {accept}",
        )
    raise HostKeyError(
        f"{shown}, which no file of known hosts has",
        action=f"compare the fingerprint with what the host's owner says, then: {accept}",
    )


def fingerprint(blob: bytes) -> str:
    """Return a public key's fingerprint as OpenSSH prints it.

    >>> fingerprint(b"")
    'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def accept_command(hop: Hop, kind: str, blob: bytes, *, direct: bool) -> str:
    """Return the shell command after which a server is known."""
    file = hop.known_hosts[0]
    folder = "" if file.parent.is_dir() else f"mkdir -p -m 700 {shlex.quote(str(file.parent))} && "
    # ssh-keyscan writes the name that it was given, and knows no jump hosts.
    plain = hop.known_as in {hop.hostname, f"[{hop.hostname}]:{hop.port}"}
    if direct and plain:
        port = "" if hop.port == SSH_PORT else f"-p {hop.port} "
        source = f"ssh-keyscan {port}{shlex.quote(hop.hostname)}"
    else:
        source = f"echo {shlex.quote(f'{hop.known_as} {kind} {base64.b64encode(blob).decode()}')}"
    return f"{folder}{source} >> {shlex.quote(str(file))}"


def _keys_in(file: Path, name: str) -> Iterator[KnownKey]:
    if not file.is_file():
        return
    for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1):
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#") or not _matches(fields[0], name):  # noqa: PLR2004 - names, type, key
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except binascii.Error:
            continue
        yield KnownKey(file=file, line=number, marker=marker, kind=fields[1], blob=blob)


def _matches(patterns: str, name: str) -> bool:
    """Tell whether the first field of a line names a host: plainly, hashed, or by ``*``, ``?`` and ``!``."""
    if patterns.startswith(_HASHED):
        return _is_hash_of(patterns, name)
    found = False
    for pattern in patterns.lower().split(","):
        if _wildcard(pattern.removeprefix("!")).fullmatch(name.lower()):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _is_hash_of(hashed: str, name: str) -> bool:
    salt, _, digest = hashed.removeprefix(_HASHED).partition("|")
    try:
        expected = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(expected, base64.b64decode(digest))
    except binascii.Error:
        return False


def _wildcard(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern))
