"""This machine as a host."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from cosmos_houdini.errors import BadInput, HostError, HostUnreachable
from cosmos_houdini.hosts.base import Completed, OnBytes, OnProgress, Transfer
from cosmos_houdini.hosts.files import arriving, chunks, has_content, make_private_folder, partial_name
from cosmos_houdini.hosts.script import clean_environment, completed, enclosed
from cosmos_houdini.hosts.transfer.chunks import ROUNDS, check_below
from cosmos_houdini.hosts.transfer.throttle import Meter


class LocalHost:
    """This machine, reached through its own ``sh`` and file system.

    Args:
        name: the name in the configuration.
        root: absolute folder; if it is missing, the first use makes it with mode 0700.
    """

    def __init__(self, name: str, root: Path) -> None:
        self._name = name
        self._root = root

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def root(self) -> PurePosixPath:
        """The folder that holds all files; on Windows with its drive, as in ``C:/shots/.cosmos/host``."""
        return PurePosixPath(self._root.as_posix())

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a script; see Host.run."""
        make_private_folder(self._root, HostError)
        text = enclosed(script, judged=sys.platform != "win32")
        process = subprocess.Popen(
            [_shell()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._root,
            env=clean_environment(os.environ),
            # Ctrl-C is meant for the client. It must not reach the script, just as on another machine.
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(text, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise HostUnreachable(
                f"a command on host {self._name!r} did not end within {timeout_s:g} s",
                action="see what keeps this machine busy and try again",
            ) from error
        finally:
            _stop(process)
        # A shell reports a signal as 128 + n; so does this host, so that both kinds of host answer alike.
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return completed(self._name, code, stdout, stderr)

    def write(self, path: PurePosixPath, data: bytes, *, mode: int = 0o600) -> None:
        """Write a small file; see Host.write."""
        make_private_folder(self._root, HostError)
        with arriving(Path(path), HostError, mode=mode) as write:
            write(data)

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        """Write small files; see Host.write_all."""
        for path, data in files.items():
            self.write(path, data)

    def put(self, local: Path, remote: PurePosixPath, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file in; see Host.put.

        It is a copy and no link: a job that opens its input for writing must not reach the artist's original.
        """
        make_private_folder(self._root, HostError)
        with arriving(Path(remote), HostError, mode=0o600, synced=True) as write:
            for piece in chunks(local, BadInput):
                write(piece)
                if on_bytes:
                    on_bytes(len(piece))

    def get(self, remote: PurePosixPath, local: Path, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file out; see Host.get."""
        with arriving(local, BadInput) as write:
            for piece in chunks(Path(remote), HostError):
                write(piece)
                if on_bytes:
                    on_bytes(len(piece))

    def put_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files in; see Host.put_many. An interrupted copy starts again, because copies are fast here."""
        meter = Meter(on_progress)
        for transfer in transfers:
            check_below(self.root, transfer, self._name)
            arrived = transfer.remote.with_name(partial_name())
            copy = partial(self.put, transfer.local, arrived, on_bytes=meter.moved)
            _copied(transfer, copy, Path(arrived), Path(transfer.remote), meter)

    def get_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files out; see Host.get_many. An interrupted copy starts again."""
        meter = Meter(on_progress)
        for transfer in transfers:
            _check_length(transfer)
            arrived = transfer.local.with_name(partial_name())
            copy = partial(self.get, transfer.remote, arrived, on_bytes=meter.moved)
            _copied(transfer, copy, arrived, transfer.local, meter)

    def close(self) -> None:
        """Do nothing: this machine holds no connection."""


def _copied(transfer: Transfer, copy: Callable[[], None], arrived: Path, final: Path, meter: Meter) -> None:
    """Copy a file, and give it its final name if it has the right hash."""
    if has_content(final, transfer.bytes, transfer.sha256):
        return
    try:
        for _ in range(ROUNDS):
            meter.expect(transfer.bytes)
            copy()
            if has_content(arrived, transfer.bytes, transfer.sha256):
                arrived.replace(final)
                return
    finally:
        arrived.unlink(missing_ok=True)
    raise HostError(
        f"{transfer.local} arrived damaged {ROUNDS} times",
        action="see that nothing changes the file meanwhile, and check this machine's disk",
    )


def _check_length(transfer: Transfer) -> None:
    try:
        length = Path(transfer.remote).stat().st_size
    except OSError as error:
        raise HostError(f"{transfer.remote} cannot be read: {error.strerror}") from error
    if length != transfer.bytes:
        raise HostError(f"{transfer.remote} has {length} bytes instead of {transfer.bytes}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the remaining processes of a script; processes that it detached into their own session continue."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _shell() -> str:
    """Return the path of a POSIX shell.

    Raises:
        HostError: there is none, as on a Windows without Git.
    """
    if found := shutil.which("sh"):
        return found
    if git := shutil.which("git"):
        # Git for Windows puts git.exe into cmd\ and its shell, which finds the other programs, into bin\.
        beside = Path(git).resolve().parent.parent / "bin" / "sh.exe"
        if beside.is_file():
            return str(beside)
    raise HostError("this machine has no POSIX shell (sh)", action="install Git for Windows, or name an SSH host")
