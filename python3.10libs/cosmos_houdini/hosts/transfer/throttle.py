"""The limit of the rate of a transfer, and the measure of its rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cosmos_houdini.hosts.base import OnProgress, Progress


class Throttle:
    """A limit of the common rate of all threads that use it.

    Args:
        bytes_per_s: the limit, or None for none.
    """

    def __init__(self, bytes_per_s: float | None) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self._lock = threading.Lock()

    def pass_on(self, count: int, wait: Callable[[float], object] = time.sleep) -> None:
        """Let ``count`` bytes through; wait first if they would exceed the rate."""
        if self._bytes_per_s is None:
            return
        with self._lock:
            now = time.monotonic()
            delay_s = max(0.0, self._free_at - now)
            self._free_at = now + delay_s + count / self._bytes_per_s
        wait(delay_s)


class Meter:
    """Reports moved bytes to a callback."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._total = 0
        self._moved = 0
        self._began_at = 0.0

    def expect(self, count: int) -> None:
        """Raise the number of bytes that are to move, beginning now."""
        self._began_at = self._began_at or time.monotonic()
        self._total += count

    def moved(self, count: int) -> None:
        """Add bytes that have moved and report them."""
        self._moved += count
        if count and self._on_progress:
            rate = self._moved / max(1e-6, time.monotonic() - self._began_at)
            self._on_progress(Progress(moved_bytes=self._moved, total_bytes=self._total, bytes_per_s=rate))
