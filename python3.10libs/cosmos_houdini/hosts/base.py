"""A place to run: commands there, files there and back. It knows nothing of engines or jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

OnBytes = Callable[[int], None]
"""Called with the number of bytes that have moved since the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that has ended on a host."""

    exit_code: int
    stdout: str
    stderr: str


class Host(Protocol):
    """A machine that runs POSIX shell scripts and holds files.

    All methods raise HostError (HostUnreachable, HostKeyError, AuthRefused) where the road fails, and DiskFull where
    the host, or for ``get`` this machine, has no room. Several threads may use one host.

    A transfer ends with the whole file under the final name, or with an error and the old state. An exception that
    ``on_bytes`` raises stops it, so the callback can also cancel, and by waiting limit the rate.
    """

    @property
    def name(self) -> str:
        """The name in the configuration."""

    @property
    def root(self) -> PurePosixPath:
        """The absolute folder on the host below which everything of this project lies."""

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a POSIX sh script, whose commands read nothing from standard input, and wait for it.

        The script travels on the standard input of ``sh``, so no quoting of it as a whole is needed; it starts when
        all of it has arrived, with umask 077 and in the root. A call runs
        it at most once: after HostUnreachable it may have run, or run on, and only the caller knows whether to ask
        again. What a script leaves running in the background must have its output redirected, or ``run`` waits for it.

        Raises:
            HostError: more than 64 MiB of output.
            HostUnreachable: no answer within ``timeout_s`` seconds, or the connection is lost.
        """

    def write(self, path: PurePosixPath, data: bytes, *, mode: int = 0o600) -> None:
        """Write a small file under a temporary name and rename it; the folder must exist."""

    def put(self, local: Path, remote: PurePosixPath, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file to the host under a temporary name and rename it; the folder must exist.

        Raises:
            BadInput: ``local`` cannot be read.
        """

    def get(self, remote: PurePosixPath, local: Path, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file from the host under a temporary name and rename it; the folder must exist.

        Raises:
            HostError: ``remote`` cannot be read.
            BadInput: ``local`` cannot be written.
        """

    def close(self) -> None:
        """Give back connections; jobs on the host go on."""
