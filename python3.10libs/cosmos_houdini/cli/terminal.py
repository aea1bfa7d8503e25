"""The Reporter of the command line: bars on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from cosmos_houdini.cli.console import messages, progress_bar, say
from cosmos_houdini.errors import HostError
from cosmos_houdini.model.job import JobStatus
from cosmos_houdini.reporter import Advance, JobDisplay

if TYPE_CHECKING:
    # Where nothing is drawn, its 50 ms are saved.
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 30.0


class Lines:
    """Progress as lines: one for each change of state, and one every LINE_INTERVAL_S seconds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, float]] = {}
        self._overall = ""

    def update(self, jobs: Sequence[JobStatus]) -> None:
        """Print the changes."""
        for status in jobs:
            job = status.job
            state, said_at = self._last.get(job.id, ("", 0.0))
            if job.state != state or time.monotonic() - said_at > LINE_INTERVAL_S:
                say(f"{job.id}: {status.describe()}")
                self._last[job.id] = (job.state, time.monotonic())

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:  # noqa: ARG002 - the bars draw it
        """Say how far the whole has come, when that is news, and how much time is left."""
        if sentence != self._overall:
            say(f"{sentence}, {left}" if left else sentence)
            self._overall = sentence

    def host_error(self, error: HostError) -> None:
        """Say that a host does not answer."""
        say(f"{error}; asking again, the job continues meanwhile")


class Bars:
    """Progress as one bar for each job that is not at its end, and one for all of them where that is known."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def update(self, jobs: Sequence[JobStatus]) -> None:
        """Redraw the bars."""
        for status in jobs:
            job = status.job
            if not job.state.final:
                self._draw(job.id, f"{job.id}  {status.describe()}", job.progress)
            elif job.id in self._tasks:
                self._progress.remove_task(self._tasks.pop(job.id))

    def overall(self, sentence: str, fraction: float, left: str = "") -> None:
        """Draw how far the whole has come."""
        self._draw("", f"{sentence}, {left}" if left else sentence, fraction)

    def _draw(self, key: str, description: str, fraction: float) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(description, total=1.0)
        self._progress.update(self._tasks[key], completed=fraction, description=description)

    def host_error(self, error: HostError) -> None:
        """Say above the bars that a host does not answer."""
        self._progress.console.print(f"{error}; asking again, the job continues meanwhile", markup=False)


class TerminalReporter:
    """Reports on standard error."""

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        say(sentence)

    def progress(self, label: str, *, total: int | None, unit: str = "") -> AbstractContextManager[Advance]:
        """Draw a bar on a terminal, and nothing anywhere else."""
        return progress_bar(label, total, unit)

    @contextmanager
    def following(self) -> Iterator[JobDisplay]:
        """Show jobs as bars on a terminal, else as lines."""
        if not sys.stderr.isatty():
            yield Lines()
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - see above

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=messages(), transient=True) as progress:
            yield Bars(progress)
