"""What a person sees while jobs run: bars on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from cosmos_houdini.cli.console import messages, say
from cosmos_houdini.errors import HostError, one_line
from cosmos_houdini.jobs.store.record import JobRecord

if TYPE_CHECKING:
    # Where nothing is drawn, its 50 ms are saved.
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 30.0
PROGRESS_VARIABLE = "COSMOS_PROGRESS"
"""``json`` makes progress readable to a program; not COSMOS_HOUDINI_*, which are values of the configuration."""


def standing(record: JobRecord) -> str:
    """Return where a job stands, in a few words.

    For a running job for instance ``running: Starting diffusion sampling, 40 %, 0:02:10 left``.
    """
    words = [one_line(record.stage)] if record.stage else []
    if 0 < record.job.progress < 1:
        words.append(f"{record.job.progress:.0%}".replace("%", " %"))
    if record.job.eta_s is not None:
        words.append(f"{timedelta(seconds=round(record.job.eta_s))} left")
    if record.terms.reason:
        words.append(f"attempt {record.job.attempt} ({record.terms.reason})")
    return f"{record.state}: {', '.join(words)}" if words else str(record.state)


class Lines:
    """Progress as lines: one for each change of state, and one every LINE_INTERVAL_S seconds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, float]] = {}
        self._overall = ""

    def update(self, records: list[JobRecord]) -> None:
        """Say what is new."""
        for record in records:
            state, said_at = self._last.get(record.id, ("", 0.0))
            news = standing(record)
            if record.state != state or (news and time.monotonic() - said_at > LINE_INTERVAL_S):
                say(f"{record.id}: {news}")
                self._last[record.id] = (record.state, time.monotonic())

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:  # noqa: ARG002 - the bars draw it
        """Say how far the whole has come, when that is news, and how much time is left."""
        if sentence != self._overall:
            say(f"{sentence}, {left}" if left else sentence)
            self._overall = sentence

    def trouble(self, error: HostError) -> None:
        """Say that a host does not answer."""
        say(f"{error}; asking again, the job goes on meanwhile")


class Bars:
    """Progress as one bar for each job that is not at its end, and one for all of them where that is told."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def update(self, records: list[JobRecord]) -> None:
        """Redraw the bars."""
        for record in records:
            if not record.state.final:
                self._draw(record.id, f"{record.id}  {standing(record)}", record.job.progress)
            elif record.id in self._tasks:
                self._progress.remove_task(self._tasks.pop(record.id))

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Draw how far the whole has come."""
        self._draw("", f"{sentence}, {left}" if left else sentence, fraction)

    def _draw(self, key: str, description: str, fraction: float) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(description, total=1.0)
        self._progress.update(self._tasks[key], completed=fraction, description=description)

    def trouble(self, error: HostError) -> None:
        """Say above the bars that a host does not answer."""
        self._progress.console.print(f"{error}; asking again, the job goes on meanwhile", markup=False)


class Events(Lines):
    """Progress as one JSON document a line, for a program that follows: one for each change of a job."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, str] = {}

    def update(self, records: list[JobRecord]) -> None:
        """Tell what is new of each job."""
        for record in records:
            job = record.job
            news = {"state": str(job.state), "progress": job.progress, "eta_s": job.eta_s, "stage": record.stage}
            text = json.dumps({"job": job.id, "attempt": job.attempt, **news})
            if self._told.get(job.id) != text:
                say(text)
                self._told[job.id] = text


@contextmanager
def live() -> Iterator[Lines | Bars]:
    """Show progress on standard error while the block runs."""
    if os.environ.get(PROGRESS_VARIABLE) == "json":
        yield Events()
        return
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - see above

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages(), transient=True) as progress:
        yield Bars(progress)
