"""The Reporter of the worker: each report is an event."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from cosmos_houdini.errors import HostError
from cosmos_houdini.model.job import JobStatus
from cosmos_houdini.reporter import Advance
from cosmos_houdini.worker.events import EventWriter

PROGRESS_INTERVAL_S = 0.2
"""A window redraws no more often, and a video may have thousands of frames."""


class JsonReporter:
    """Reports as JSON lines.

    Args:
        events: takes the lines.
    """

    def __init__(self, events: EventWriter) -> None:
        self._events = events

    def say(self, sentence: str) -> None:
        """Write a message."""
        self._events.write("message", text=sentence)

    @contextmanager
    def progress(self, label: str, *, total: int | None, unit: str = "") -> Iterator[Advance]:
        """Write the progress of a step at its begin, at its end, and every PROGRESS_INTERVAL_S seconds between."""
        done, written_at, lock = 0, time.monotonic(), Lock()

        def write() -> None:
            self._events.write("progress", label=label, done=done, total=total, unit=unit)

        def advance(count: int) -> None:
            nonlocal done, written_at
            with lock:
                done += count
                if time.monotonic() - written_at >= PROGRESS_INTERVAL_S:
                    written_at = time.monotonic()
                    write()

        write()
        yield advance
        write()

    @contextmanager
    def following(self) -> Iterator[JsonDisplay]:
        """Write an event for each change of a job."""
        yield JsonDisplay(self._events)


class JsonDisplay:
    """Shows jobs as JSON lines: one for each change.

    Args:
        events: takes the lines.
    """

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._written: dict[str, dict[str, object]] = {}

    def update(self, jobs: Sequence[JobStatus]) -> None:
        """Write the jobs that have changed."""
        for status in jobs:
            job = status.job
            values: dict[str, object] = {
                "attempt": job.attempt,
                "state": str(job.state),
                "progress": job.progress,
                "eta_s": job.eta_s,
                "stage": status.stage,
            }
            if self._written.get(job.id) != values:
                self._events.write("job", job=job.id, **values)
                self._written[job.id] = values

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Write how far a batch has come."""
        self._events.write("overall", sentence=sentence, fraction=fraction, left=left)

    def host_error(self, error: HostError) -> None:
        """Write a message that a host does not answer."""
        self._events.write("message", text=f"{error}; asking again, the job continues meanwhile")
