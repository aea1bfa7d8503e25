"""Host keys: the files of known keys, and the check of a server against them (sshd(8), SSH_KNOWN_HOSTS)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import HostKeyError
from cosmos_houdini.hosts.ssh.certificates import authority, flaw, read_certificate
from cosmos_houdini.hosts.ssh.config import SSH_PORT
from cosmos_houdini.hosts.ssh.patterns import is_in_list
from cosmos_houdini.hosts.ssh.route import Hop

_HASHED = "|1|"
_REVOKED = "@revoked"
_AUTHORITY = "@cert-authority"
CERTIFICATE = "-cert-v01@openssh.com"
"""Ends the kind of a key with a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A line of a known_hosts file about a host.

    Attributes:
        file: the file of the line.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """The key that a server shows.

    Attributes:
        kind: type of the key.
        blob: the public key, without certificate.
        certificate: the whole certificate, if it has one.
    """

    kind: str
    blob: bytes
    certificate: bytes | None = None


def known_keys(hop: Hop) -> tuple[KnownKey, ...]:
    """Return all lines about a server; missing files have none."""
    return tuple(key for name in hop.known_as for key in _known_by(hop, name))


def has_authority(hop: Hop) -> bool:
    """Whether a certificate could prove the server."""
    return any(key.marker == _AUTHORITY for key in known_keys(hop))


def verify(host: str, hop: Hop, shown: ShownKey, *, direct: bool) -> None:
    """Accept a server's key, or raise.

    Args:
        host: the name in the configuration.
        hop: the server.
        shown: what it showed.
        direct: whether this machine can reach the server without a jump host or proxy.

    Raises:
        HostKeyError: the key is unknown, revoked, or another than the known one.
    """
    told = f"host {host!r}: {hop.hostname} port {hop.port} shows the {shown.kind} key {fingerprint(shown.blob)}"
    certificate = read_certificate(f"{shown.kind}{CERTIFICATE}", shown.certificate) if shown.certificate else None
    signer = authority(certificate) if certificate else None
    known = known_keys(hop)
    for key in known:
        if key.marker == _REVOKED and key.blob in {shown.blob, signer}:
            raise HostKeyError(
                f"{told}, which is revoked in {key.file} line {key.line}", action="ask who runs the host"
            )
    problem = ""
    if certificate and any(key.marker == _AUTHORITY and key.blob == signer for key in known):
        # The names of a certificate have no port.
        problem = flaw(certificate, shown.certificate or b"", [hop.known_as[-1]])
        if not problem:
            return
        problem = f"; of its certificate: {problem}"
    accept = accept_command(hop, shown.kind, shown.blob, direct=direct)
    for name in hop.known_as:
        plain = [key for key in _known_by(hop, name) if not key.marker]
        if any(key.blob == shown.blob for key in plain):
            return
        if plain:
            raise _changed(told + problem, shown.kind, plain, name, accept)
    raise HostKeyError(
        f"{told}, which no file of known hosts has{problem or _unproven(known)}",
        action=f"compare the fingerprint with what the host's owner says, then: {accept}",
    )


def _changed(told: str, kind: str, known: list[KnownKey], name: str, accept: str) -> HostKeyError:
    old = next((key for key in known if key.kind == kind), known[0])
    forget = f"ssh-keygen -R {shlex.quote(name)} -f {shlex.quote(str(old.file))}"
    return HostKeyError(
        f"{told}, but {old.file} line {old.line} has {fingerprint(old.blob)}: "
        "the host was installed again, or someone intercepts the connection",
        action=f"if its owner confirms the new key: {forget} && {accept}",
    )


def _unproven(known: tuple[KnownKey, ...]) -> str:
    """Return a remark if certificates of an authority were expected."""
    expected = next((key for key in known if key.marker == _AUTHORITY), None)
    if expected is None:
        return ""
    return f", and no certificate of the authority in {expected.file} line {expected.line}"


def fingerprint(blob: bytes) -> str:
    """Return a public key's fingerprint as OpenSSH prints it.

    >>> fingerprint(b"")
    'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def accept_command(hop: Hop, kind: str, blob: bytes, *, direct: bool) -> str:
    """Return the shell command that makes a server known."""
    file = hop.known_hosts[0]
    folder = "" if file.parent.is_dir() else f"mkdir -p -m 700 {shlex.quote(str(file.parent))} && "
    # ssh-keyscan writes the name that it was given, and knows no jump hosts.
    name = hop.known_as[0]
    plain = name in {hop.hostname, f"[{hop.hostname}]:{hop.port}"}
    if direct and plain:
        port = "" if hop.port == SSH_PORT else f"-p {hop.port} "
        source = f"ssh-keyscan {port}{shlex.quote(hop.hostname)}"
    else:
        source = f"echo {shlex.quote(f'{name} {kind} {base64.b64encode(blob).decode()}')}"
    return f"{folder}{source} >> {shlex.quote(str(file))}"


def _known_by(hop: Hop, name: str) -> Iterator[KnownKey]:
    for file in hop.known_hosts:
        yield from _keys_in(file, name)


def _keys_in(file: Path, name: str) -> Iterator[KnownKey]:
    if not file.is_file():
        return
    for number, line in enumerate(file.read_bytes().decode("utf-8-sig", "replace").splitlines(), 1):
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
    return is_in_list(patterns.lower(), name.lower())


def _is_hash_of(hashed: str, name: str) -> bool:
    salt, _, digest = hashed.removeprefix(_HASHED).partition("|")
    try:
        expected = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(expected, base64.b64decode(digest))
    except binascii.Error:
        return False
