"""What a use case tells while it works: sentences, progress, and how its jobs stand.

Use cases take a ``Reporter`` and print nothing. The command line draws on a terminal, the worker of the Houdini ring
writes JSON lines, the Python API is silent unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cosmos_houdini.errors import HostError
    from cosmos_houdini.jobs.store.record import JobRecord

Advance = Callable[[int], None]
"""Takes how many more steps are done."""


class JobDisplay(Protocol):
    """Shows jobs while they are followed."""

    def update(self, records: Sequence[JobRecord]) -> None:
        """Show jobs as they stand now; records that did not change may be among them."""

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Show how far a batch has come.

        Args:
            sentence: what is done, as in ``12 of 22 runs done``.
            fraction: 0 to 1.
            left: the estimated time left, in words; empty where it is unknown.
        """

    def host_error(self, error: HostError) -> None:
        """Show that a host does not answer; it is asked again."""


class Reporter(Protocol):
    """Takes what a use case has to say. All methods may be called from the thread of the use case only."""

    def say(self, sentence: str) -> None:
        """Take a sentence for people."""

    def progress(self, label: str, *, total: int | None, unit: str = "") -> AbstractContextManager[Advance]:
        """Measure a step of work while the block runs; call what is yielded with how many more units are done."""

    def following(self) -> AbstractContextManager[JobDisplay]:
        """Show jobs while the block runs."""


class Silent:
    """Says nothing; the Reporter of the Python API where none is given."""

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

    def update(self, records: Sequence[JobRecord]) -> None:
        """Drop the records."""

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Drop the sentence."""

    def host_error(self, error: HostError) -> None:
        """Drop the error; the one that ends a use case is raised."""
