"""A machine behind SSH as a host.

Files travel as the input or output of remote commands and not over SFTP: that takes fewer round trips, the remote shell
says in words why it could not write, and when the connection is cut it tidies up what has arrived.
"""

from __future__ import annotations

import itertools
import shlex
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import paramiko

from cosmos_houdini.errors import BadInput, CosmosError, DiskFull, HostError, HostUnreachable
from cosmos_houdini.hosts.base import Completed, OnBytes, OnProgress, Transfer
from cosmos_houdini.hosts.files import arriving, chunks
from cosmos_houdini.hosts.script import MAX_OUTPUT_BYTES, completed, enclosed, no_room, too_much_output
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.channel import PIECE_BYTES, close, received, send
from cosmos_houdini.hosts.ssh.connection import CONNECT_TIMEOUT_S, Connection
from cosmos_houdini.hosts.ssh.route import read_ssh_config, route
from cosmos_houdini.hosts.ssh.script import arrival_script, header_command, marked, past_mark, unpacking_script
from cosmos_houdini.hosts.transfer.download import download
from cosmos_houdini.hosts.transfer.pool import TransferPool
from cosmos_houdini.hosts.transfer.throttle import Meter, Throttle
from cosmos_houdini.hosts.transfer.upload import upload

STALL_TIMEOUT_S = 60.0
"""How long a transfer may stand still before the host counts as unreachable."""

# OpenSSH's server allows ten at a time on one connection.
_MAX_CHANNELS = 8
_CONNECTIONS = 4
"""For many bytes: the window of one TCP connection limits its rate, and more than four brought no more."""


class SshHost:
    """A machine behind SSH, reached over one connection that all threads share, and more of them for many bytes.

    A connection is made at the first use, and made again when it was lost since the last one.

    Args:
        name: the name in the configuration.
        config: with an address.
        root: absolute folder, made with mode 0700 where it is missing.
        connect_timeout_s: how long a server may take for each step of connecting.
    """

    def __init__(
        self, name: str, config: HostConfig, root: PurePosixPath, *, connect_timeout_s: float = CONNECT_TIMEOUT_S
    ) -> None:
        self._name = name
        self._config = config
        self._root = root
        self._connect_timeout_s = connect_timeout_s
        self._connection: Connection | None = None
        self._connecting = threading.Lock()
        self._channels = threading.BoundedSemaphore(_MAX_CHANNELS)
        self._spare_lanes: list[SshHost] = []
        limit = config.bandwidth_mb_per_s
        self._throttle = Throttle(limit and limit * 1e6)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def root(self) -> PurePosixPath:
        """The absolute folder on the host below which everything lies."""
        return self._root

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a script; see Host.run."""
        mark = uuid.uuid4().hex
        text = marked(enclosed(script), self._root, mark)
        with self._command("sh", timeout_s) as channel:
            deadline = time.monotonic() + timeout_s
            send(channel, [text])
            output, errors = self._read_both(channel, deadline)
            code = self._exit_code(channel, deadline)
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
        """Make the connection where it does not stand.

        Raises:
            HostError: it cannot be made.
        """
        self._connected()

    def feed(self, script: bytes, pieces: Iterable[bytes]) -> Completed:
        """Run a script that reads the pieces on its standard input; it stands alone, without root or start-up mark."""
        with self._command(header_command(script), STALL_TIMEOUT_S) as channel:
            send(channel, itertools.chain([script], pieces))
            output, errors = self._read_both(channel, _stall_deadline())
            code = self._exit_code(channel, _stall_deadline())
        return completed(self._name, code, output, errors)

    @contextmanager
    def drain(self, script: str, path: PurePosixPath) -> Iterator[Iterator[bytes]]:
        """Run a script and give what it prints, piece by piece; what the block leaves is read to its end.

        Raises:
            HostError: the script fails; ``path`` is said to be the file that cannot be read.
        """
        mark = uuid.uuid4().hex
        with self._command("sh", STALL_TIMEOUT_S) as channel:
            send(channel, [marked(enclosed(script), self._root, mark)])
            pieces = received(channel)
            first = past_mark(pieces, mark)
            if first is not None:
                yield itertools.chain([first] if first else [], pieces)
            _, errors = self._read_both(channel, _stall_deadline())
            code = self._exit_code(channel, _stall_deadline())
            if first is None:
                raise self._not_started(errors)
        if code != 0:
            raise HostError(
                f"{path} on host {self._name!r} cannot be read: {_last_line(errors.decode('utf-8', 'replace'))}"
            )

    def disk_full(self, path: PurePosixPath) -> DiskFull:
        """Return the error of a host that has no room for a file."""
        return DiskFull(
            f"no room on host {self._name!r} for {path}",
            action=f"free some space there, or set hosts.{self._name}.root to another disk",
        )

    def close(self) -> None:
        """End the connections; jobs on the host go on."""
        with self._connecting:
            self._disconnect()
        while self._spare_lanes:
            self._spare_lanes.pop().close()

    def _transfer_pool(self, on_progress: OnProgress | None) -> TransferPool:
        """Return the connections for many bytes; they are made when they are needed and kept until ``close``."""
        with self._connecting:
            while len(self._spare_lanes) < _CONNECTIONS - 1:
                lane = SshHost(self._name, self._config, self._root, connect_timeout_s=self._connect_timeout_s)
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

    @contextmanager
    def _command(self, command: str, timeout_s: float) -> Iterator[paramiko.Channel]:
        """Start a command; the channel waits at most ``timeout_s`` for each piece."""
        with self._channels:
            channel = self._open_channel()
            try:
                channel.settimeout(timeout_s)
                channel.exec_command(command)
                yield channel
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
                close(channel)

    def _open_channel(self) -> paramiko.Channel:
        """Open a channel, if need be on a new connection; nothing has been asked of the host by then."""
        try:
            return self._connected().open_channel()
        except paramiko.ChannelException as error:
            raise HostError(
                f"host {self._name!r} opens no further session: {error.text}", action="raise MaxSessions of its sshd"
            ) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            if isinstance(error, CosmosError):
                raise
            self.close()
        try:
            return self._connected().open_channel()
        except (paramiko.SSHException, EOFError) as error:
            raise self._lost() from error

    def _connected(self) -> Connection:
        with self._connecting:
            if self._connection is None or not self._connection.alive:
                self._disconnect()
                hops = route(self._config, read_ssh_config())
                self._connection = Connection(self._name, hops, timeout_s=self._connect_timeout_s)
            return self._connection

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _read_both(self, channel: paramiko.Channel, deadline: float) -> tuple[bytes, bytes]:
        """Return all of standard output and error; both are read at once, since they share one window."""
        with ThreadPoolExecutor(1) as pool:
            errors = pool.submit(self._read, channel, channel.recv_stderr, deadline)
            try:
                return self._read(channel, channel.recv, deadline), errors.result()
            except BaseException:
                close(channel)
                raise

    def _read(self, channel: paramiko.Channel, receive: Callable[[int], bytes], deadline: float) -> bytes:
        read = bytearray()
        while True:
            channel.settimeout(max(0.001, deadline - time.monotonic()))
            piece = receive(PIECE_BYTES)
            read += piece
            if not piece:
                return bytes(read)
            if len(read) > MAX_OUTPUT_BYTES:
                close(channel)
                raise too_much_output(self._name)

    def _exit_code(self, channel: paramiko.Channel, deadline: float) -> int:
        if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
        code = channel.recv_exit_status()
        if code < 0:
            raise self._lost()
        return code

    def _lost(self) -> HostUnreachable:
        return HostUnreachable(
            f"the connection to host {self._name!r} was lost, or the command killed, before it ended",
            action="try again; jobs that were started go on",
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
