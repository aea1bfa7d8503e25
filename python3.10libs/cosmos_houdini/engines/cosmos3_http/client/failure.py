"""The reasons why a request has no result, and the lines that the program prints."""

from __future__ import annotations

import json
import sys

_masked: list[str] = []
MASK = "***"


class Failure(Exception):
    """A request has no result.

    Attributes:
        name: the class of the failure, as ``model.job.FailureClass`` spells it.
        message: one sentence for a person.
        is_retryable: whether another attempt may succeed, and pays for nothing that was paid before.
        ends: whether the server can serve no later request either.
    """

    def __init__(self, name: str, message: str, *, is_retryable: bool = False, ends: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.is_retryable = is_retryable
        self.ends = ends

    def line(self) -> str:
        """Return the line of the log that tells the failure."""
        told = {"class": self.name, "message": " ".join(self.message.split()), "retryable": self.is_retryable}
        return f"failed {json.dumps(told)}"


class Stopped(BaseException):
    """A signal asks the program to end."""


def mask(secret: str) -> None:
    """Keep a secret out of everything that ``say`` prints; a server may repeat it in an error."""
    if secret:
        _masked.append(secret)


def say(line: str) -> None:
    """Print a line and flush it immediately."""
    for secret in _masked:
        line = line.replace(secret, MASK)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
