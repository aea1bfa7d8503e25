"""A machine behind SSH as a host.

Files travel as the input or output of remote commands, and not over SFTP. This takes fewer round trips. The remote
shell explains in words why it could not write, and removes an incomplete file when the connection is lost.
"""

from __future__ import annotations

import itertools
import shlex
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import paramiko

from cosmos_houdini.errors import BadInput, CosmosError, DiskFull, HostError, HostUnreachable
from cosmos_houdini.hosts.base import Completed, OnBytes, OnProgress, Transfer
from cosmos_houdini.hosts.files import arriving, chunks
from cosmos_houdini.hosts.ownership import refused
from cosmos_houdini.hosts.script import MAX_OUTPUT_BYTES, completed, enclosed, no_room, too_much_output
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.channel import PIECE_BYTES, Channel, received, send
from cosmos_houdini.hosts.ssh.connection import CONNECT_TIMEOUT_S
from cosmos_houdini.hosts.ssh.login_shell import SHELL
from cosmos_houdini.hosts.ssh.script import arrival_script, header_action, marked, past_mark, unpacking_script
from cosmos_houdini.hosts.ssh.sessions import Sessions
from cosmos_houdini.hosts.ssh.transport import SshConnection, Transport
from cosmos_houdini.hosts.transfer.download import download
from cosmos_houdini.hosts.transfer.pool import TransferPool
from cosmos_houdini.hosts.transfer.throttle import Meter, Throttle
from cosmos_houdini.hosts.transfer.upload import upload

STALL_TIMEOUT_S = 60.0
"""Seconds without progress of a transfer after which the host counts as unreachable."""

_CONNECTIONS = 4
"""For many bytes: the window of one TCP connection limits its rate, and more than four brought no more."""


class SshHost:
    """A machine behind SSH. All threads share one connection; transfers of many bytes use more connections.

    The first use connects. A later use connects again if the connection was lost.

    Args:
        name: the name in the configuration.
        config: with an address.
        root: absolute folder; it is made with mode 0700 if it is missing.
        connect_timeout_s: most seconds of a server for each step of connecting.
        transport: the way to this host, which other connections share.
    """

    def __init__(
        self,
        name: str,
        config: HostConfig,
        root: PurePosixPath,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        transport: Transport | None = None,
    ) -> None:
        self._name = name
        self._config = config
        self._root = root
        self._connect_timeout_s = connect_timeout_s
        self._connection: SshConnection | None = None
        self._connecting = threading.Lock()
        self._sessions = Sessions(connect_timeout_s)
        self._transport = transport or Transport(name, config, connect_timeout_s)
        self._shell = self._transport.login_shell
        self._spare_lanes: list[SshHost] = []
        limit = config.bandwidth_mb_per_s
        self._throttle = Throttle(limit and limit * 1e6)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def root(self) -> PurePosixPath:
        """The absolute folder on the host that holds all files of this program."""
        return self._root

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a script; see Host.run."""
        mark = uuid.uuid4().hex
        text = marked(enclosed(script), self._root, mark)
        output, errors, code = self._exchange(SHELL, [text], timeout_s)
        if self._shell.has_eaten(errors):
            # Nothing has run yet.
            output, errors, code = self._exchange(SHELL, [text], timeout_s)
        stdout = past_mark(iter([output]), mark)
        if stdout is None:
            raise self._not_started(errors)
        return completed(self._name, code, stdout, errors)

    def write(self, path: PurePosixPath, data: bytes, *, mode: int = 0o600) -> None:
        """Write a small file; see Host.write."""
        self._send(arrival_script(path, size=len(data), mode=mode), [data], path)

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        """Write small files; see Host.write_all."""
        if files:
            script = unpacking_script({path: len(data) for path, data in files.items()})
            self._send(script, files.values(), next(iter(files)))

    def put(self, local: Path, remote: PurePosixPath, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file to the host; see Host.put."""
        try:
            size = local.stat().st_size
        except OSError as error:
            raise BadInput(f"{local} cannot be read: {error.strerror}") from error
        pieces = chunks(local, BadInput, size=PIECE_BYTES)
        self._send(arrival_script(remote, size=size, mode=0o600), self._reported(pieces, on_bytes), remote)

    def get(self, remote: PurePosixPath, local: Path, *, on_bytes: OnBytes | None = None) -> None:
        """Copy a file from the host; see Host.get."""
        script = f"LC_ALL=C cat -- {shlex.quote(str(remote))}"
        with arriving(local, BadInput) as write, self.drain(script, remote) as pieces:
            for piece in self._reported(pieces, on_bytes):
                write(piece)

    def put_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files to the host; see Host.put_many."""
        upload(self._transfer_pool(on_progress), list(transfers))

    def get_many(self, transfers: Iterable[Transfer], *, on_progress: OnProgress | None = None) -> None:
        """Copy files from the host; see Host.get_many."""
        download(self._transfer_pool(on_progress), list(transfers))

    def connect(self) -> None:
        """Connect, unless the connection exists.

        Raises:
            HostError: it cannot be made.
        """
        self._connected()

    def feed(self, script: bytes, pieces: Iterable[bytes]) -> Completed:
        """Run a script that reads the pieces on its standard input; it gets neither root nor start-up mark."""
        self._learn_shell()
        output, errors, code = self._exchange(header_action(script), itertools.chain([script], pieces), STALL_TIMEOUT_S)
        return completed(self._name, code, output, errors)

    @contextmanager
    def drain(self, script: str, path: PurePosixPath) -> Iterator[Iterator[bytes]]:
        """Run a script and give its output piece by piece; output that the block leaves unread is read to its end.

        Raises:
            HostError: the script fails; ``path`` is said to be the file that cannot be read.
        """
        self._learn_shell()
        mark = uuid.uuid4().hex
        text = marked(enclosed(script), self._root, mark)
        with self._command(SHELL, STALL_TIMEOUT_S) as (channel, opening), ThreadPoolExecutor(1) as pool:
            # Both outputs share one window.
            stderr = pool.submit(self._read, channel, channel.recv_stderr)
            try:
                send(channel, [opening, text])
                pieces = received(channel)
                first = past_mark(pieces, mark)
                if first is not None:
                    yield itertools.chain([first] if first else [], pieces)
                for _ in pieces:
                    pass
            except BaseException:
                channel.close()
                raise
            errors = self._result(stderr, _stall_deadline())
            code = self._exit_code(channel, _stall_deadline())
            if first is None:
                raise self._not_started(errors)
        if code != 0:
            told = errors.decode("utf-8", "replace")
            raise refused(self._name, code, told) or HostError(
                f"{path} on host {self._name!r} cannot be read: {_last_line(told)}"
            )

    def disk_full(self, path: PurePosixPath) -> DiskFull:
        """Return the error of a host that has no room for a file."""
        return DiskFull(
            f"no room on host {self._name!r} for {path}",
            action=f"free some space there, or set hosts.{self._name}.root to another disk",
        )

    def remarks(self) -> tuple[str, ...]:
        """Return sentences on the way by which the host was reached; see RemarkingHost."""
        return self._transport.remarks()

    def close(self) -> None:
        """Close the connections; jobs on the host continue."""
        with self._connecting:
            self._disconnect()
        while self._spare_lanes:
            self._spare_lanes.pop().close()

    def _transfer_pool(self, on_progress: OnProgress | None) -> TransferPool:
        """Return the connections for many bytes; they are made when they are needed and kept until ``close``."""
        with self._connecting:
            while len(self._spare_lanes) < _CONNECTIONS - 1:
                lane = SshHost(
                    self._name,
                    self._config,
                    self._root,
                    connect_timeout_s=self._connect_timeout_s,
                    transport=self._transport,
                )
                self._spare_lanes.append(lane)
            return TransferPool(lanes=(self, *self._spare_lanes), throttle=self._throttle, meter=Meter(on_progress))

    def _send(self, script: bytes, pieces: Iterable[bytes], path: PurePosixPath) -> None:
        done = self.feed(script, pieces)
        if done.exit_code != 0:
            if no_room(done.stderr):
                raise self.disk_full(path)
            raise HostError(f"{path} on host {self._name!r} cannot be written: {_last_line(done.stderr)}")

    def _reported(self, pieces: Iterable[bytes], on_bytes: OnBytes | None) -> Iterator[bytes]:
        """Report each piece before it is passed on, so that a callback that raises keeps the file from being whole."""
        for piece in pieces:
            self._throttle.pass_on(len(piece))
            if on_bytes and piece:
                on_bytes(len(piece))
            yield piece

    def _exchange(self, action: str, pieces: Iterable[bytes], timeout_s: float) -> tuple[bytes, bytes, int]:
        """Run an action with an input; return standard output, standard error and the exit code."""
        with self._command(action, timeout_s) as (channel, opening), ThreadPoolExecutor(2) as pool:
            # Both are read at once and from the beginning, since they share one window with what is sent.
            readers = [pool.submit(self._read, channel, read) for read in (channel.recv, channel.recv_stderr)]
            try:
                send(channel, itertools.chain([opening], pieces))
                deadline = time.monotonic() + timeout_s
                output, errors = (self._result(reader, deadline) for reader in readers)
                return output, errors, self._exit_code(channel, deadline)
            except BaseException:
                channel.close()
                raise

    @contextmanager
    def _command(self, action: str, timeout_s: float) -> Iterator[tuple[Channel, bytes]]:
        """Start a command, and give what has to stand before its input; each piece may take ``timeout_s``."""
        with self._sessions.place():
            mark = uuid.uuid4().hex
            channel = self._open_channel()
            try:
                channel.settimeout(timeout_s)
                channel.execute(self._shell.command(channel.telling(action, mark), mark))
                if not self._shell.await_start(channel, mark, self._connect_timeout_s):
                    raise self._reads_on()
                channel.settimeout(timeout_s)
                yield channel, f"{mark}\n".encode()
            except CosmosError:
                raise
            except TimeoutError as error:
                raise HostUnreachable(
                    f"host {self._name!r} did not finish a command within {timeout_s:g} s",
                    action="see whether the host and the network are busy, and try again",
                ) from error
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise self._lost() from error
            finally:
                channel.close()

    def _open_channel(self) -> Channel:
        """Open a channel, and wait for a turn where the server allows fewer than we want."""
        began = time.monotonic()
        while (channel := self._open_channel_once()) is None:
            if not self._sessions.await_turn(began):
                raise HostError(f"host {self._name!r} opens no session", action="raise MaxSessions of its sshd")
        return channel

    def _open_channel_once(self) -> Channel | None:
        """Open a channel, if need be on a new connection; nothing has been asked of the host by then."""
        try:
            return self._connected().open_channel()
        except (paramiko.SSHException, EOFError, OSError) as error:
            if isinstance(error, CosmosError):
                raise
            self.close()
        try:
            return self._connected().open_channel()
        except (paramiko.SSHException, EOFError) as error:
            raise self._lost() from error

    def _connected(self) -> SshConnection:
        with self._connecting:
            if self._connection is None or not self._connection.alive:
                self._disconnect()
                self._connection = self._transport.connect()
            return self._connection

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _read(self, channel: Channel, receive: Callable[[int], bytes]) -> bytes:
        """Read to the end, which comes with the close of the channel at the latest."""
        read = bytearray()
        while True:
            try:
                piece = receive(PIECE_BYTES)
            except TimeoutError:
                # The caller that waits for the result sets the time.
                continue
            read += piece
            if not piece:
                return bytes(read)
            if len(read) > MAX_OUTPUT_BYTES:
                channel.close()
                raise too_much_output(self._name)

    def _result(self, reader: Future[bytes], deadline: float) -> bytes:
        if wait([reader], max(0.0, deadline - time.monotonic())).not_done:
            raise TimeoutError
        return reader.result()

    def _exit_code(self, channel: Channel, deadline: float) -> int:
        code = channel.exit_code(deadline - time.monotonic())
        if code is None:
            raise self._lost()
        return code

    def _learn_shell(self) -> None:
        """Find out whether start-up files read the input, before input is sent that cannot be sent again."""
        if not self._shell.known:
            self.run(":")

    def _reads_on(self) -> HostError:
        return HostError(
            f"the start-up files of the login shell on host {self._name!r} do not come to their end",
            action="let them ask and read only where the shell is interactive: case $- in *i*) ... ;; esac",
        )

    def _lost(self) -> HostUnreachable:
        return HostUnreachable(
            f"the connection to host {self._name!r} was lost, or the command killed, before it ended",
            action="try again; jobs that were started go on",
            was_cut=True,
        )

    def _not_started(self, errors: bytes) -> CosmosError:
        reason = _last_line(errors.decode("utf-8", "replace")) or "it ran another command in its place"
        if no_room(reason):
            return self.disk_full(self._root)
        return HostError(
            f"host {self._name!r} starts no command in its root {self._root}: {reason}",
            action=f"set hosts.{self._name}.root to a folder that you may write to",
        )


def _stall_deadline() -> float:
    return time.monotonic() + STALL_TIMEOUT_S


def _last_line(errors: str) -> str:
    return (errors.strip().splitlines() or [""])[-1]
