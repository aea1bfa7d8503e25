"""The hooks of a batch: a gate before each start, and listeners for events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The reason why no further job of a batch is started; jobs on a host run to their ends.

    Attributes:
        reason: a few words for people, as in ``outside of 22:00-07:00``.
        final: whether waiting is useless; then the batch ends with its last job on a host, and the others stay queued.
    """

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job of the batch has ended. Only the process that ended the job announces it."""

    record: JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeld:
    """The batch is held from now on, or for another reason than before."""

    batch: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnded:
    """No job of the batch runs any more. Only one of its processes announces this.

    Attributes:
        batch: its name.
        counts: how many of its jobs are in each state.
        held: why some jobs are still queued; empty where all have ended.
    """

    batch: str
    counts: Mapping[JobState, int]
    held: str = ""


BatchEvent = JobEnded | BatchHeld | BatchEnded

Gate = Callable[[], Hold | None]
"""Called before each start, and again and again while the batch is held; None lets the start go ahead."""

Listener = Callable[[BatchEvent], None]
"""Called in the process that works on the batch; an exception ends that process."""


def no_gate() -> Hold | None:
    """Let every start go ahead."""
    return None


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHooks:
    """The hooks of a process that works on a batch.

    Attributes:
        gate: holds starts back.
        may_begin_waiting: whether jobs that wait on a host for their turn in a shared process may still begin.
        listeners: take the events, in this order.
    """

    gate: Gate = no_gate
    may_begin_waiting: Callable[[], bool] = _always
    listeners: tuple[Listener, ...] = ()

    def announce(self, event: BatchEvent) -> None:
        """Pass an event to every listener."""
        for listener in self.listeners:
            listener(event)
