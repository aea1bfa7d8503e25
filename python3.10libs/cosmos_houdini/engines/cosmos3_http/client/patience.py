"""How long to wait for a server, how often to ask, and the lines that say so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .connection import Server, Unreachable
from .failure import Failure, say

GROWTH = 1.5
BEAT_S = 60.0
LONGEST_RETRY_AFTER_S = 120.0
_SHARES = 20


@dataclass
class Patience:
    """How long a server may be away, and the pauses between two questions.

    Attributes:
        away_s: the most seconds that a server may give no answer; one that restarts loads its model first.
        first_pause_s: seconds between the first two questions.
        longest_pause_s: the most seconds between two questions.
    """

    away_s: float
    first_pause_s: float
    longest_pause_s: float
    _since: float | None = None
    _last: str = ""
    _told_at: float = field(default_factory=time.monotonic)
    _extra_s: float = 0.0
    _pause_s: float = 0.0

    def pauses(self) -> Iterator[float]:
        """Yield pauses that grow; end when the server is away for too long."""
        self._since, self._pause_s = None, self.first_pause_s
        while self._away_s() < self.away_s:
            extra_s, self._extra_s = self._extra_s, 0.0
            pause_s, self._pause_s = self._pause_s, min(self._pause_s * GROWTH, self.longest_pause_s)
            yield max(pause_s, extra_s)

    def ask_sooner(self) -> None:
        """Let the pauses begin anew: the server has something new to tell."""
        self._pause_s = self.first_pause_s

    def _away_s(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since

    def tell(self, failure: Failure, retry_after: str = "") -> None:
        """Note that the server gave no useful answer.

        Raises:
            Failure: waiting does not help.
        """
        if isinstance(failure, Unreachable) and failure.is_permanent:
            raise failure
        self._since = self._since if self._since is not None else time.monotonic()
        if retry_after.isdigit():
            self._extra_s = min(float(retry_after), LONGEST_RETRY_AFTER_S)
        if failure.message != self._last:
            say(f"waiting for the server: {failure.message}")
        self._last = failure.message
        self.beat("waiting for the server")

    def answered(self) -> None:
        """Note that the server gave a useful answer."""
        if self._since is not None:
            say("the server answers again")
        self._since, self._last = None, ""

    def beat(self, line: str) -> None:
        """Print a line if the last one is older than BEAT_S: a log without new lines counts as standing still."""
        if time.monotonic() - self._told_at >= BEAT_S:
            self._told_at = time.monotonic()
            say(line)

    def exhausted(self, server: Server) -> Failure:
        """Return the failure of a server that stays away."""
        why = f": {self._last}" if self._last else ""
        return Failure("host_setup", f"{server.url} is away for {self.away_s / 60:.0f} min{why}", ends=True)


class Uploading:
    """Tells how much of an upload is sent, in steps of a twentieth."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._sent = 0
        self._share = -1

    def add(self, count: int) -> None:
        """Note that so many bytes were sent."""
        self._sent += count
        share = self._sent * _SHARES // max(1, self._total)
        if share != self._share:
            self._share = share
            say(f"uploaded {self._sent} of {self._total} bytes")


@contextmanager
def beating(line: Callable[[float], str]) -> Iterator[None]:
    """Print a line every BEAT_S while the block waits; ``line`` gets the seconds since its start."""
    ended, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(BEAT_S):
            say(line(time.monotonic() - began))

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
