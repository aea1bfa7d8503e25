"""The channel of one command on a host: bytes into it and out of it, and its exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import paramiko

PIECE_BYTES = 256 * 1024
"""Bytes to read or send at a time."""


class Channel(Protocol):
    """A command that runs on a host.

    Methods raise TimeoutError if nothing moves for the time that ``settimeout`` sets. They raise another OSError,
    EOFError or SSHException if the connection is lost.
    """

    def settimeout(self, timeout_s: float) -> None:
        """Set the longest wait for each piece that is sent or received."""

    def telling(self, action: str, mark: str) -> str:
        """Return a shell action that tells its exit code behind the mark, where the channel could not tell it else."""

    def execute(self, command: str) -> None:
        """Let the login shell of the user run a command."""

    def sendall(self, piece: bytes) -> None:
        """Send bytes; raise OSError if the command has ended."""

    def shutdown_write(self) -> None:
        """Send the end of input."""

    def recv(self, most_bytes: int) -> bytes:
        """Return the next bytes of standard output; none at its end."""

    def recv_stderr(self, most_bytes: int) -> bytes:
        """Return the next bytes of standard error; none at its end."""

    def exit_code(self, timeout_s: float) -> int | None:
        """Return the exit code; None if the connection was lost before it came."""

    def close(self) -> None:
        """Close the channel; the command sees the end of its input and output."""


class ParamikoChannel:
    """A channel of a connection that paramiko made.

    Args:
        channel: open, without a command yet.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self.settimeout = channel.settimeout
        self.execute = channel.exec_command
        self.sendall = channel.sendall
        self.shutdown_write = channel.shutdown_write
        self.recv = channel.recv
        self.recv_stderr = channel.recv_stderr

    def telling(self, action: str, _mark: str) -> str:
        """Return the action as it is: the protocol of SSH tells exit codes."""
        return action

    def exit_code(self, timeout_s: float) -> int | None:
        """Return the exit code; see Channel.exit_code."""
        if not self._channel.status_event.wait(max(0.0, timeout_s)):
            raise TimeoutError
        code = self._channel.recv_exit_status()
        return code if code >= 0 else None

    def close(self) -> None:
        """Close the channel, also one whose connection is gone."""
        # To close is to send a message.
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._channel.close()


def send(channel: Channel, pieces: Iterable[bytes]) -> None:
    """Send pieces and the end of input; stop where the command ends before, as its exit code and last words say why."""
    for piece in pieces:
        if not _has_sent(channel, piece):
            return
    channel.shutdown_write()


def _has_sent(channel: Channel, piece: bytes) -> bool:
    try:
        channel.sendall(piece)
    except TimeoutError:
        raise
    except OSError:
        return False
    return True


def received(channel: Channel) -> Iterator[bytes]:
    """Yield the output of a command."""
    while piece := channel.recv(PIECE_BYTES):
        yield piece
