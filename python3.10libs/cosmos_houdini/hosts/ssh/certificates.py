"""Certificates of host keys: the signature of an authority whose key is known (PROTOCOL.certkeys of OpenSSH)."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

_SHA1_SIGNATURE = b"\0\0\0\7ssh-rsa"
_LENGTH_BYTES = 4


def read_certificate(kind: str, blob: bytes) -> SSHCertificate | None:
    """Return the certificate that a server shows; None if it cannot be read."""
    try:
        found = load_ssh_public_identity(f"{kind} {base64.b64encode(blob).decode()}".encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, SSHCertificate) else None


def authority(certificate: SSHCertificate) -> bytes:
    """Return the public key that signed a certificate, in the form of known_hosts."""
    line = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def flaw(certificate: SSHCertificate, blob: bytes, names: Sequence[str]) -> str:
    """Return the fault of a certificate of a known authority; empty if it proves the host.

    Args:
        certificate: what the server shows.
        blob: the same as bytes.
        names: those of the host; the certificate must be for one of them, if it is for certain names.
    """
    principals = [principal.decode("utf-8", "replace") for principal in certificate.valid_principals]
    now = time.time()
    flaws = {
        "it is for a user": certificate.type is not SSHCertificateType.HOST,
        f"it is for {', '.join(principals)}": principals and not set(principals) & set(names),
        "it is not valid yet": now < certificate.valid_after,
        "it has expired": now >= certificate.valid_before,
        "it has options that are not known": certificate.critical_options,
        "it is signed with SHA-1": _is_signed_with_sha1(certificate, blob),
        "its signature is wrong": not _is_signed(certificate),
    }
    return next((words for words, found in flaws.items() if found), "")


def _is_signed(certificate: SSHCertificate) -> bool:
    try:
        certificate.verify_cert_signature()
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_signed_with_sha1(certificate: SSHCertificate, blob: bytes) -> bool:
    signer = certificate.signature_key()
    if not isinstance(signer, RSAPublicKey):
        return False
    # The signature is the end of a certificate: its method and its bytes, each behind its length.
    length = len(_SHA1_SIGNATURE) + _LENGTH_BYTES + (signer.key_size + 7) // 8
    return blob[-length:].startswith(_SHA1_SIGNATURE)
