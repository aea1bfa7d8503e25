"""Threads that move chunks over several connections to one host, and stop together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from cosmos_houdini.errors import CosmosError, HostError, HostUnreachable
from cosmos_houdini.hosts.base import Completed
from cosmos_houdini.hosts.transfer.throttle import Meter, Throttle

T = TypeVar("T")
R = TypeVar("R")

THREADS_PER_LANE = 2
"""One thread sends while the other waits for an answer."""

_LOOK_INTERVAL_S = 0.1
_GRACE_S = 2.0


class Lane(Protocol):
    """One connection to a host."""

    @property
    def name(self) -> str:
        """The host's name in the configuration."""

    @property
    def root(self) -> PurePosixPath:
        """The root of the host."""

    def connect(self) -> None:
        """Connect, unless the connection exists."""

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a script; see Host.run."""

    def feed(self, script: bytes, pieces: Iterable[bytes]) -> Completed:
        """Run a script that reads the pieces on its standard input."""

    def drain(self, script: str, path: PurePosixPath) -> AbstractContextManager[Iterator[bytes]]:
        """Run a script and yield its output; raise HostError for the file ``path`` if the script fails."""

    def disk_full(self, path: PurePosixPath) -> CosmosError:
        """Return the error of a host that has no room."""

    def close(self) -> None:
        """End the connection."""


class ByteCounter:
    """Bytes that the threads moved since the last look; a thread that adds to it waits for the limit of the rate."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._lock = threading.Lock()
        self._count = 0
        self._stopped = threading.Event()

    def add(self, count: int) -> None:
        """Add bytes that are about to move.

        Raises:
            Stopped: the transfer was stopped.
        """
        self._throttle.pass_on(count, self._stopped.wait)
        if self._stopped.is_set():
            raise Stopped
        with self._lock:
            self._count += count

    def take(self) -> int:
        """Return the bytes that were added since the last call."""
        with self._lock:
            count, self._count = self._count, 0
        return count

    def stop(self) -> None:
        """Stop all further transfers."""
        self._stopped.set()


class Stopped(Exception):
    """Another thread has stopped the transfer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPool:
    """The threads of one host.

    Attributes:
        lanes: connections; the first one must work, the others may fail to connect.
        throttle: the limit of their common rate.
        meter: counts the moved bytes, on the thread of the caller.
    """

    lanes: Sequence[Lane]
    throttle: Throttle
    meter: Meter

    def assemble(self, count: int) -> None:
        """Begin to connect as many lanes as ``count`` items need, while the first one is in use."""
        for lane in self.lanes[1:count]:
            threading.Thread(target=_connect, args=(lane,), daemon=True).start()

    def do(self, work: Callable[[Lane, T, ByteCounter], R], items: Sequence[T]) -> list[R]:
        """Do work on all items and return the results in any order; the first error stops it all and is raised."""
        lanes = self.lanes[: len(items)]
        counter = ByteCounter(self.throttle)
        todo: queue.SimpleQueue[T] = queue.SimpleQueue()
        for item in items:
            todo.put(item)
        with ThreadPoolExecutor(max(1, len(lanes) * THREADS_PER_LANE)) as pool:
            threads = [
                pool.submit(_worker, lane, work, todo, counter, spare=number >= THREADS_PER_LANE)
                for number, lane in enumerate(lane for lane in lanes for _ in range(THREADS_PER_LANE))
            ]
            try:
                self._watch(threads, counter)
            except BaseException:
                counter.stop()
                # To close a dead connection unblocks its threads; its next user connects again.
                if wait(threads, _GRACE_S).not_done:
                    for lane in lanes:
                        lane.close()
                raise
        return [result for thread in threads for result in thread.result()]

    def _watch(self, threads: Iterable[Future[list[R]]], counter: ByteCounter) -> None:
        waiting = set(threads)
        while waiting:
            done, waiting = wait(waiting, _LOOK_INTERVAL_S, FIRST_EXCEPTION)
            self.meter.moved(counter.take())
            for thread in done:
                thread.result()


def _connect(lane: Lane) -> None:
    # The next user of the connection connects again and gets the error.
    with suppress(HostError):
        lane.connect()


def _worker(
    lane: Lane,
    work: Callable[[Lane, T, ByteCounter], R],
    todo: queue.SimpleQueue[T],
    counter: ByteCounter,
    *,
    spare: bool,
) -> list[R]:
    results: list[R] = []
    if spare:
        try:
            lane.connect()
        except HostUnreachable:
            # The first connection works. A server that allows no more makes the transfer slower, which is no failure.
            return results
    while True:
        try:
            item = todo.get_nowait()
        except queue.Empty:
            return results
        results.append(work(lane, item, counter))
