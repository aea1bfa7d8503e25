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
    """

    def __init__(self, target_port: int, *, delay_s: float = 0.0) -> None:
        self._target = (_HOST, target_port)
        self._delay_s = delay_s
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((_HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections of this moment; new ones are welcome."""
        while self._sockets:
            broken = self._sockets.pop()
            with contextlib.suppress(OSError):
                broken.shutdown(socket.SHUT_RDWR)

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
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            done = threading.Barrier(2, action=lambda c=client, s=server: (c.close(), s.close()))
            for source, sink in ((client, server), (server, client)):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._forward, args=(source, sink, done), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, done: threading.Barrier) -> None:
        waiting: queue.Queue[tuple[float, bytes]] = queue.Queue()
        sender = threading.Thread(target=_deliver, args=(waiting, sink), daemon=True)
        sender.start()
        piece = b"start"
        while piece:
            try:
                piece = source.recv(_PIECE_BYTES)
            except OSError:
                piece = b""
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
