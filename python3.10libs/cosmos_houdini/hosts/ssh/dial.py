"""The TCP connection to the first server of a route, as its SSH configuration wants it."""

from __future__ import annotations

import socket

from cosmos_houdini.hosts.ssh.route import Hop

_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}


def dial(hop: Hop, timeout_s: float) -> socket.socket:
    """Return a connection to a server; AddressFamily, BindAddress and ConnectionAttempts hold.

    Raises:
        OSError: the first failure, where no address of the server answers.
    """
    family = _FAMILIES.get((hop.settings.get("addressfamily") or "any").lower(), socket.AF_UNSPEC)
    found = socket.getaddrinfo(hop.hostname, hop.port, family, socket.SOCK_STREAM)
    failures = []
    for kind, _, _, _, address in found * max(1, hop.settings.number("connectionattempts", 1)):
        connection = socket.socket(kind, socket.SOCK_STREAM)
        failure = _failure(connection, address, hop.settings.get("bindaddress"), timeout_s)
        if failure is None:
            return connection
        connection.close()
        failures.append(failure)
    raise failures[0]


def _failure(
    connection: socket.socket, address: tuple[object, ...], source: str | None, timeout_s: float
) -> OSError | None:
    """Connect a socket; return the error if that fails."""
    try:
        connection.settimeout(timeout_s)
        # Many small packets go both ways; waiting to fill them costs a factor of ten.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            connection.bind((source, 0))
        connection.connect(address)
    except OSError as error:
        return error
    return None
