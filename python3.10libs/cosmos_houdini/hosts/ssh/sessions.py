"""The limit of commands that run at the same time on one connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# OpenSSH's server allows ten at a time on one connection, where its MaxSessions says nothing else.
_MOST = 8
_PAUSE_S = 0.1


class Sessions:
    """The places for commands on one connection; a refusal of the server lowers their number.

    Args:
        patience_s: how long a server may refuse although no other command of ours runs: it counts a command for a
            moment after its end.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._limit = _MOST
        self._used = 0
        self._freed = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the length of a block, after a wait for one."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    def await_turn(self, refused_since: float) -> bool:
        """Wait for a better moment; return False if the server has long refused although no command of ours runs.

        Args:
            refused_since: when the server refused first, of ``time.monotonic``.
        """
        with self._freed:
            others = self._used - 1
            self._limit = min(self._limit, max(1, others))
        if others:
            self._give_back()
            self._take()
            return True
        if time.monotonic() - refused_since > self._patience_s:
            return False
        time.sleep(_PAUSE_S)
        return True

    def _take(self) -> None:
        with self._freed:
            self._freed.wait_for(lambda: self._used < self._limit)
            self._used += 1

    def _give_back(self) -> None:
        with self._freed:
            self._used -= 1
            self._freed.notify_all()
