"""Waits until something changes below the watched folders: announced by the system, or looked for on network drives."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from cosmos_houdini.watch.drives import is_network_drive

LOOK_SHARE = 200
"""Looking takes at most one part in so many of the time, so that 10,000 files cost less than a hundredth of a core."""
_DEBOUNCE_MS, _STEP_MS, _TICK_MS = 400, 200, 1000


@dataclass(slots=True)
class Changes:
    """Waits for changes; announcements only wake it up, and a look at the folders decides.

    Attributes:
        folders: the watched folders.
        poll_s: how often folders on network drives are looked at, at most.
        safety_s: how often local folders are looked at although nothing was announced.
        say: takes a sentence where the system cannot announce changes.
        stop: ends a wait.
    """

    folders: Sequence[Path]
    poll_s: float
    safety_s: float
    say: Callable[[str], None]
    stop: Event
    _notify: Generator[set[Any]] | None = None
    _announced: tuple[Path, ...] = ()
    _was_said: set[Path] = field(default_factory=set)

    def wait(self, longest_s: float, look_s: float) -> None:
        """Wait until a change is announced, or it is time to look.

        Args:
            longest_s: the time after which somebody wants to look anyway.
            look_s: how long the last look took.
        """
        self._open()
        rest_s = min(longest_s, max(self._interval_s(), look_s * LOOK_SHARE))
        if self._notify is None:
            self.stop.wait(rest_s)
            return
        end = time.monotonic() + rest_s
        # It yields nothing once a second, so that a stop and the time to look are noticed.
        while time.monotonic() < end and not self.stop.is_set():
            if next(self._notify, None):
                return

    def close(self) -> None:
        """End the announcements."""
        if self._notify is not None:
            self._notify.close()
            self._notify = None

    def _interval_s(self) -> float:
        return self.safety_s if len(self._announced) == len(self.folders) else self.poll_s

    def _open(self) -> None:
        """Ask the system to announce changes of the local folders that are there now."""
        local = tuple(folder for folder in self.folders if folder.is_dir() and not self._is_polled(folder))
        if local == self._announced:
            return
        self.close()
        self._announced = ()
        if not local:
            return
        # Imported here: folders on network drives need no announcements.
        import watchfiles  # noqa: PLC0415

        notify: Generator[set[Any]] = watchfiles.watch(
            *local,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=self.stop,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            force_polling=False,
            ignore_permission_denied=True,
        )
        try:
            next(notify, None)
        except OSError as error:
            self.say(f"the system announces no changes ({error}); the folders are looked at every {self.poll_s:g} s")
            self._was_said.update(local)
            return
        self._notify, self._announced = notify, local

    def _is_polled(self, folder: Path) -> bool:
        if folder in self._was_said:
            return True
        with suppress(OSError):
            if is_network_drive(folder):
                self.say(f"{folder} is on a network drive; it is looked at every {self.poll_s:g} s")
                self._was_said.add(folder)
        return folder in self._was_said
