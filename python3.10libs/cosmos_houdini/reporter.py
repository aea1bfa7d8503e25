"""Where a use case reports while it works: sentences, progress, and the status of its jobs.

Use cases take a ``Reporter`` and print nothing. The command line draws on a terminal or writes JSON lines, the Python
API reports nothing unless it is given a reporter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Protocol

from cosmos_houdini.errors import HostError
from cosmos_houdini.model.job import JobStatus

Advance = Callable[[int], None]
"""Takes how many more units are done. Several threads may call it."""


def count_frames(advance: Advance, *, steps: int, frames: int) -> Advance:
    """Return a counter of steps that counts frames: each frame takes the same number of steps.

    Args:
        advance: takes how many more frames are done.
        steps: how many steps the work has.
        frames: how many frames it has.
    """
    lock, done, said = Lock(), 0, 0

    def count(more: int) -> None:
        nonlocal done, said
        with lock:
            done = min(done + more, steps)
            now = done * frames // max(steps, 1)
            fresh, said = now - said, now
        if fresh:
            advance(fresh)

    return count


class JobDisplay(Protocol):
    """Shows jobs while they are followed."""

    def update(self, jobs: Sequence[JobStatus]) -> None:
        """Show the status of jobs; some of them may not have changed."""

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Show how far a batch has come.

        Args:
            sentence: the progress in words, as in ``12 of 22 runs done``.
            fraction: 0 to 1.
            left: the estimated time left, in words; empty where it is unknown.
        """

    def host_error(self, error: HostError) -> None:
        """Show that a host does not answer; the use case asks it again."""


class Reporter(Protocol):
    """Takes the messages of one use case. All methods are called from the thread of the use case."""

    def say(self, sentence: str) -> None:
        """Take a sentence for people."""

    def progress(self, label: str, *, total: int | None, unit: str = "") -> AbstractContextManager[Advance]:
        """Measure a step of work while the block runs.

        Args:
            label: the step, as in ``verifying``.
            total: how many units there are; None where that is unknown.
            unit: the counted unit, as in ``files``.
        """

    def following(self) -> AbstractContextManager[JobDisplay]:
        """Show jobs while the block runs."""


class Silent:
    """Reports nothing."""

    def say(self, sentence: str) -> None:
        """Drop a sentence."""

    @contextmanager
    def progress(self, label: str, *, total: int | None, unit: str = "") -> Iterator[Advance]:  # noqa: ARG002 - the protocol's
        """Count nothing."""
        yield lambda _count: None

    @contextmanager
    def following(self) -> Iterator[SilentDisplay]:
        """Show nothing."""
        yield SilentDisplay()


class SilentDisplay:
    """Shows no jobs."""

    def update(self, jobs: Sequence[JobStatus]) -> None:
        """Drop the jobs."""

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Drop the sentence."""

    def host_error(self, error: HostError) -> None:
        """Drop the error; the error that ends a use case is raised."""
