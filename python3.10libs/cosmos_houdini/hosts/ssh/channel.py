"""Bytes into and out of the channel of one command of an SSH connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import paramiko

PIECE_BYTES = 256 * 1024
"""How much is read or sent at once."""


def send(channel: paramiko.Channel, pieces: Iterable[bytes]) -> None:
    """Send pieces and the end of input; stop where the command ends before, as its exit code and last words say why."""
    for piece in pieces:
        if not _sent(channel, piece):
            return
    channel.shutdown_write()


def _sent(channel: paramiko.Channel, piece: bytes) -> bool:
    try:
        channel.sendall(piece)
    except TimeoutError:
        raise
    except OSError:
        return False
    return True


def received(channel: paramiko.Channel) -> Iterator[bytes]:
    """Yield what a command prints."""
    while piece := channel.recv(PIECE_BYTES):
        yield piece


def close(channel: paramiko.Channel) -> None:
    """Close a channel, also one whose connection is gone."""
    # To close is to send a message.
    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
        channel.close()
