"""What may hold a batch back before each new start, and who is told what happens to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why no further job of a batch is started; what is on a host goes on to its end.

    Attributes:
        reason: a few words for people, as in ``outside of 22:00-07:00``.
        final: waiting helps nothing, so that the batch ends with its last job on a host; the others stay queued.
    """

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job of the batch is at its end; each job is told by the one process that brought it there."""

    record: JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeld:
    """The batch is held back now, and was not before or for another reason."""

    batch: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnded:
    """Nothing of the batch runs any more, told by one process however many work on it.

    Attributes:
        batch: its name.
        counts: how many of its jobs are in each state.
        held: why some are still queued; empty where all are at their end.
    """

    batch: str
    counts: Mapping[JobState, int]
    held: str = ""


BatchEvent = JobEnded | BatchHeld | BatchEnded

Gate = Callable[[], Hold | None]
"""Asked before each new start, and now and then while the batch is held: None lets it go."""

Listener = Callable[[BatchEvent], None]
"""Called in the process that works on the batch; what it raises ends that process."""


def no_gate() -> Hold | None:
    """Let every start go."""
    return None


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHooks:
    """What a process that works on a batch keeps to.

    Attributes:
        gate: what may hold it back.
        may_begin_waiting: whether jobs that wait on a host for their turn in a shared process may still begin.
        listeners: who is told what happens, in this order.
    """

    gate: Gate = no_gate
    may_begin_waiting: Callable[[], bool] = _always
    listeners: tuple[Listener, ...] = ()

    def announce(self, event: BatchEvent) -> None:
        """Tell every listener."""
        for listener in self.listeners:
            listener(event)
