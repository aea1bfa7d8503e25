"""A TCP proxy on loopback that holds every packet for a while, and that can be cut like a cable."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_HOST = "127.0.0.1"
_PIECE_BYTES = 64 * 1024


class Proxy:
    """Forwards connections to a port of loopback.

    Args:
        target_port: where to.
        delay_s: how long a byte takes in one direction.

    Attributes:
        refuse: how many of the next new connections are ended at once.
        to_target_bytes: what has come for the target.
        from_target_bytes: what has come from it.
    """

    def __init__(self, target_port: int, *, delay_s: float = 0.0) -> None:
        self._target = (_HOST, target_port)
        self._delay_s = delay_s
        self._sockets: list[socket.socket] = []
        self._counting = threading.Lock()
        self._cut_at: int | None = None
        self.refuse: float = 0
        self.to_target_bytes = 0
        self.from_target_bytes = 0
        self._listener = socket.create_server((_HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections of this moment; new ones are welcome."""
        while self._sockets:
            broken = self._sockets.pop()
            with contextlib.suppress(OSError):
                broken.shutdown(socket.SHUT_RDWR)

    def cut_after(self, count: int) -> None:
        """Break all connections of the moment when ``count`` more bytes have passed, both directions together."""
        with self._counting:
            self._cut_at = self.to_target_bytes + self.from_target_bytes + count

    def _count(self, count: int, *, to_target: bool) -> None:
        with self._counting:
            self.to_target_bytes += count * to_target
            self.from_target_bytes += count * (not to_target)
            due = self._cut_at is not None and self.to_target_bytes + self.from_target_bytes >= self._cut_at
            self._cut_at = None if due else self._cut_at
        if due:
            self.cut()

    def close(self) -> None:
        """Break all connections and take no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                self.refuse -= 1
                client.close()
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            done = threading.Barrier(2, action=lambda c=client, s=server: (c.close(), s.close()))
            for source, sink in ((client, server), (server, client)):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._forward, args=(source, sink, done, sink is server), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, done: threading.Barrier, to_target: bool) -> None:  # noqa: FBT001 -- a thread's argument
        waiting: queue.Queue[tuple[float, bytes]] = queue.Queue()
        sender = threading.Thread(target=_deliver, args=(waiting, sink), daemon=True)
        sender.start()
        piece = b"start"
        while piece:
            try:
                piece = source.recv(_PIECE_BYTES)
            except OSError:
                piece = b""
            self._count(len(piece), to_target=to_target)
            waiting.put((time.monotonic() + self._delay_s, piece))
        sender.join()
        done.wait()


def _deliver(waiting: queue.Queue[tuple[float, bytes]], sink: socket.socket) -> None:
    while True:
        due, piece = waiting.get()
        time.sleep(max(0.0, due - time.monotonic()))
        with contextlib.suppress(OSError):
            if not piece:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(piece)


@contextmanager
def running_proxy(target_port: int, *, delay_s: float = 0.0) -> Iterator[Proxy]:
    """Run a proxy for the length of a block."""
    proxy = Proxy(target_port, delay_s=delay_s)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def silent_port() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.create_server((_HOST, 0), backlog=16) as listener:
        yield int(listener.getsockname()[1])
