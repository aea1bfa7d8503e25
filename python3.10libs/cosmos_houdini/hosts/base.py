"""The protocol of a host: it runs commands and copies files. It knows nothing of engines or jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from cosmos_houdini.errors import BadInput

OnBytes = Callable[[int], None]
"""Called with the number of bytes that have moved since the last call."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A file to copy to a host or from it, and its content.

    Attributes:
        local: the file here.
        remote: the file on the host.
        bytes: its length; a copy never writes more.
        sha256: of its content, 64 hexadecimal digits in lower case. It also names the file while it is incomplete.

    Raises:
        BadInput: a length or hash that no file has.
    """

    local: Path
    remote: PurePosixPath
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if self.bytes < 0 or not _SHA256.fullmatch(self.sha256):
            raise BadInput(f"{self.remote} has {self.bytes} bytes and SHA-256 {self.sha256!r}, as no file has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a copy of many files.

    Attributes:
        moved_bytes: bytes that this call has moved.
        total_bytes: bytes that this call has to move; it grows if a file has to be sent again.
        bytes_per_s: mean rate since the first byte.
    """

    moved_bytes: int
    total_bytes: int
    bytes_per_s: float

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the last byte at this rate, or None while nothing has moved."""
        return (self.total_bytes - self.moved_bytes) / self.bytes_per_s if self.bytes_per_s else None

    def __str__(self) -> str:
        """Return as in ``12 of 40 MB, 5.6 MB/s, 5 s left``."""
        text = f"{self.moved_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB"
        if self.remaining_s is None:
            return text
        return f"{text}, {self.bytes_per_s / 1e6:.1f} MB/s, {self.remaining_s:.0f} s left"


OnProgress = Callable[[Progress], None]
"""Called now and then, and at the end, on the thread of the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that has ended on a host."""

    exit_code: int
    stdout: str
    stderr: str


class Host(Protocol):
    """A machine that runs POSIX shell scripts and holds files.

    All methods raise HostError (HostUnreachable, HostKeyError, AuthRefused) if the connection fails. They raise
    DiskFull if the host, or for ``get`` this machine, has no room. Several threads may use one host.

    A transfer ends with the whole file under the final name, or with an error and the old state. An exception from
    ``on_bytes`` stops it. So the callback can cancel a transfer, or limit its rate by waiting.
    """

    @property
    def name(self) -> str:
        """The name in the configuration."""

    @property
    def root(self) -> PurePosixPath:
        """The absolute folder on the host that holds all files of this program."""

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a POSIX sh script, whose commands read nothing from standard input, and wait for it.

        The script travels on the standard input of ``sh``, so no quoting of it as a whole is needed; it starts when
        all of it has arrived, with umask 077 and in the root, whose folders must be this user's alone. It has the
        functions of ``hosts.ownership.ownership_script``; ``hosts.script.enclosed`` makes such a text. A call runs it
        at most once: after HostUnreachable it may have run, or run on, and only the caller knows whether to ask
        again. A script redirects the output of processes that it leaves in the background, or ``run`` waits for them.

        Raises:
            HostError: more than 64 MiB of output, or a folder of the root that belongs to another user or that others
                may write to.
            HostUnreachable: no answer within ``timeout_s`` seconds, or the connection is lost.
        """

    def write(self, path: PurePosixPath, data: bytes, *, mode: int = 0o600) -> None:
        """Write a small file under a temporary name and rename it; the folder must exist."""

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        """Write small files by one command, each as ``write`` does and one after another."""

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

    def put_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files to the host; each gets its final name after the host has verified its hash.

        A file that is there already is not sent. When the connection is lost or ``on_progress`` raises, the part that
        was sent stays below the root for a day. A later call of any client continues from there. Several callers may
        send the same file.

        Args:
            transfers: files to send, each to a path below the root, in a folder that exists.
            on_progress: told how far it is; what it raises stops the copying.

        Raises:
            BadInput: a local file cannot be read or is shorter than it should be, or a path is not below the root.
            HostError: a file arrives damaged again and again, or the host lacks a program to check it.
        """

    def get_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files from the host; each gets its final name after its hash was verified.

        A file that is here already is not fetched. When the connection is lost or ``on_progress`` raises, the part that
        was fetched stays beside the final names. A later call continues from there. One caller at a time may fetch into
        a folder.

        Args:
            transfers: files to fetch, each to a folder that exists.
            on_progress: told how far it is; what it raises stops the copying.

        Raises:
            HostError: a file is missing or has another length, or arrives damaged again and again.
            BadInput: a local file cannot be written.
        """

    def close(self) -> None:
        """Close the connections; jobs on the host continue."""


@runtime_checkable
class RemarkingHost(Protocol):
    """A host that has something to say on the way by which it was reached."""

    def remarks(self) -> tuple[str, ...]:
        """Return sentences without a full stop."""
