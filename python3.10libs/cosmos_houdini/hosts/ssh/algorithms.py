"""The methods by which a connection is encrypted and signed: the user's own choice, or the strong ones.

The defaults are those of OpenSSH's client that paramiko has too, without SHA-1. Paramiko's own defaults hold ciphers in
CBC mode and signatures with MD5, which OpenSSH's client no longer offers.
"""

from __future__ import annotations

from collections.abc import Sequence

from cosmos_houdini.hosts.ssh.patterns import is_match

CIPHERS = (
    # These encrypt and sign in one pass, which takes both sides a quarter less work.
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
"""The ciphers that are offered, best first."""

MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
"""The signatures of packets that are offered, best first."""


def choose(wish: str | None, defaults: Sequence[str], supported: Sequence[str]) -> tuple[str, ...]:
    """Return the methods that a directive such as ``Ciphers`` leaves, in its order (ssh_config(5)).

    Args:
        wish: the value of the directive: a list, or one that begins with ``+``, ``-`` or ``^``; None without one.
        defaults: what is offered without it.
        supported: all that can be offered.

    >>> choose("+aes128-cbc", ["aes256-ctr"], ["aes128-cbc", "aes256-ctr"])
    ('aes256-ctr', 'aes128-cbc')
    >>> choose("-*ctr", ["aes256-ctr"], ["aes256-ctr"]), choose(None, ["aes256-ctr"], [])
    ((), ('aes256-ctr',))
    """
    if not wish:
        return tuple(defaults)
    how, patterns = (wish[0], wish[1:].split(",")) if wish[0] in "+-^" else ("", wish.split(","))
    named = [name for pattern in patterns for name in supported if is_match(pattern, name)]
    order = {
        "+": [*defaults, *named],
        "-": [name for name in defaults if not any(is_match(pattern, name) for pattern in patterns)],
        "^": [*named, *defaults],
        "": named,
    }[how]
    return tuple(dict.fromkeys(order))
