"""A Reporter that keeps what it was given, for tests to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cosmos_houdini.errors import HostError
from cosmos_houdini.model.job import JobStatus
from cosmos_houdini.reporter import Advance


@dataclass(slots=True)
class Recorder:
    """Keeps sentences, counted units by label, and the states of jobs, each in the order in which it came."""

    sentences: list[str] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int | None] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    host_errors: list[HostError] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    @contextmanager
    def progress(self, label: str, *, total: int | None, unit: str = "") -> Iterator[Advance]:  # noqa: ARG002 - the protocol's
        self.totals[label] = total
        self.units.setdefault(label, 0)

        def advance(count: int) -> None:
            self.units[label] += count

        yield advance

    @contextmanager
    def following(self) -> Iterator[Recorder]:
        yield self

    def update(self, jobs: Sequence[JobStatus]) -> None:
        for status in jobs:
            if not self.states or self.states[-1] != str(status.job.state):
                self.states.append(str(status.job.state))

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:  # noqa: ARG002 - the protocol's
        self.sentences.append(sentence)

    def host_error(self, error: HostError) -> None:
        self.host_errors.append(error)
