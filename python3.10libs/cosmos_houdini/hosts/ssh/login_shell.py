"""The login shell of a user on a host, whose start-up files run before each command and may read its input."""

from __future__ import annotations

import time
from contextlib import suppress

from cosmos_houdini.hosts.ssh.channel import Channel

_ANSWER = b"\n" * 256
"""Empty lines for start-up files that read; those that are left over are skipped."""

_ANSWER_INTERVAL_S = 1.0


_EATEN = "read by start-up files"
"""Words of the commands after the mark, where the first line of their input did not reach them."""


SHELL = "exec sh"
"""Runs the script on the input."""


def guarded_command(action: str, mark: str) -> str:
    """Return the command that runs ``action`` if the line ``mark`` stands first on its input.

    The start-up files of a login shell run before it, and some read input. The rest of a script must not run then.

    >>> print(guarded_command(SHELL, "7f3a"))
    sh -c 'read -r word; test "$word" = 7f3a && { exec sh; exit; }; echo "7f3a read by start-up files" >&2; exit 97'
    """
    # `read` takes bytes one by one from a pipe, so that all behind the line is left to the action.
    return f"sh -c 'read -r word; {_if_marked(action, mark)}; echo \"{mark} {_EATEN}\" >&2; exit 97'"


def patient_command(action: str, mark: str) -> str:
    """Return a command that prints ``mark``, and runs ``action`` once it reads the same line.

    Who waits for the mark before sending anything gives nothing to start-up files that read.

    >>> print(patient_command(SHELL, "7f3a"))
    sh -c 'echo 7f3a; while read -r word; do test "$word" = 7f3a && { exec sh; exit; }; done; exit 97'
    """
    return f"sh -c 'echo {mark}; while read -r word; do {_if_marked(action, mark)}; done; exit 97'"


def _if_marked(action: str, mark: str) -> str:
    return f'test "$word" = {mark} && {{ {action}; exit; }}'


class LoginShell:
    """Facts about the login shell of a host.

    Attributes:
        known: whether a command has run.
        reads: whether its start-up files read the input of commands.
    """

    def __init__(self) -> None:
        self.known = False
        self.reads = False

    def command(self, action: str, mark: str) -> str:
        """Return the command line for the login shell."""
        return (patient_command if self.reads else guarded_command)(action, mark)

    def has_eaten(self, errors: bytes) -> bool:
        """Learn from the standard error of a command, and tell whether its input was eaten; then nothing has run."""
        eaten = not self.reads and _EATEN.encode() in errors
        self.reads = self.reads or eaten
        self.known = True
        return eaten

    def await_start(self, channel: Channel, mark: str, patience_s: float) -> bool:
        """Wait, where they read, until the start-up files have ended; they are given empty lines to read.

        False where they have not ended after ``patience_s`` seconds.
        """
        return not self.reads or _has_come(channel, mark, patience_s)


def _has_come(channel: Channel, mark: str, patience_s: float) -> bool:
    """Wait for the mark."""
    deadline = time.monotonic() + patience_s
    line = f"{mark}\n".encode()
    channel.settimeout(_ANSWER_INTERVAL_S)
    channel.sendall(_ANSWER)
    read = b""
    while time.monotonic() < deadline:
        try:
            piece = channel.recv(65536)
        except TimeoutError:
            with suppress(OSError):
                channel.sendall(_ANSWER)
            continue
        read = read[-len(line) :] + piece
        if line in read:
            return True
        if not piece:
            return False
    return False
