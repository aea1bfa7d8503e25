"""The summary of a batch, as text that fits into an e-mail: a person reads it in the morning after a night's run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cosmos_houdini.batches.limits import HeldPeriod
from cosmos_houdini.errors import one_line
from cosmos_houdini.jobs.store.spending import Spending, format_cost
from cosmos_houdini.model.job import FailureClass, JobState
from cosmos_houdini.report.causes import Cause, group_by_cause
from cosmos_houdini.report.entry import ReportEntry, first_sentence, format_setting
from cosmos_houdini.report.table import Row, sum_costs

SHOWN_NAMES = 5
SHOWN_BEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A batch, summed up when a process ends its work on it.

    Attributes:
        batch: name of the batch.
        host: name of its host.
        began: when the process began.
        ended: when it ended.
        entries: the runs in the order of the batch, ranked where they were measured.
        varied: names of the settings that are not the same for all of them.
        set_aside: runs that cannot be run, and why, a line for each reason.
        held: the periods in which nothing was started.
        spent_before: time of all attempts of the batch when the process began.
        spent: time of all attempts of the batch.
        hours_of: the hours of its engine in words: ``GPU hours`` or ``CPU hours``.
        problem: the error that ended it early; empty where none did.
        report: the command that sets all runs side by side; empty for a batch in memory.
        table: path of the table of all runs.
        resume: the command that goes on.
        promote: the command that runs scouts at full quality, without the names of any; empty where none were run.
        folder: the working folder for these commands.
    """

    batch: str
    host: str
    began: datetime
    ended: datetime
    entries: Sequence[ReportEntry]
    varied: Sequence[str]
    set_aside: Sequence[str]
    held: Sequence[HeldPeriod]
    spent_before: Spending
    spent: Spending
    hours_of: str
    problem: str
    report: str
    table: str
    resume: str
    promote: str
    folder: str

    @property
    def title(self) -> str:
        """How many runs are done, and how many are not, in one line."""
        rows = [entry.row for entry in self.entries if entry.row]
        done = sum(row.job.state is JobState.SUCCEEDED for row in rows)
        failed = sum(row.job.state in {JobState.FAILED, JobState.LOST} for row in rows)
        cancelled = sum(row.job.state is JobState.CANCELLED for row in rows)
        left = sum(not row.job.state.final for row in rows)
        counts = ((failed, "failed"), (cancelled, "cancelled"), (left, "not ended"))
        others = "".join(f", {count} {what}" for count, what in counts if count)
        return f"{self.batch} on {self.host}: {done} of {len(rows)} runs done{others}"

    @property
    def text(self) -> str:
        """The whole summary; no value breaks a line."""
        lines = [self.title, f"from {_time(self.began)} to {_time(self.ended)}; {self._spent()}"]
        if self.problem:
            lines.append(f"ended early: {one_line(self.problem)}")
        rows = [entry.row for entry in self.entries if entry.row]
        for heading, block in (
            ("best runs by the report's score", self._best()),
            ("made with other parameters than asked for", _otherwise(rows)),
            ("failed", _failed(self.entries)),
            ("cancelled", _cancelled(rows)),
            ("set aside, because they cannot be run", [one_line(line) for line in self.set_aside]),
            ("nothing was started", [_held(held) for held in self.held]),
        ):
            if block:
                lines += ["", heading, *(f"  {line}" for line in block)]
        lines += ["", *([f"side by side: {self.report}"] if self.report else []), f"table: {self.table}"]
        if any(row.job.state is not JobState.SUCCEEDED for row in rows):
            lines.append(f"to go on, failed runs included: {self.resume}")
        if self.promote and self._ranked():
            lines.append(f"the best at full quality: {self.promote} {' '.join(e.name for e in self._ranked())}")
        lines.append(f"(commands are for the folder {self.folder})")
        return "\n".join(lines) + "\n"

    def _spent(self) -> str:
        in_all = self.spent.gpu_hours(self.spent.seconds)
        before = self.spent_before.gpu_hours(self.spent_before.seconds)
        hours = f"{in_all:.2f} {self.hours_of} in all"
        if before:
            hours = f"{max(0.0, in_all - before):.2f} {self.hours_of}, {in_all:.2f} with those of before"
        priced = [entry.row for entry in self.entries if entry.row and entry.row.cost is not None]
        cost = sum_costs(priced)
        return hours if cost is None else f"{hours}, which cost {format_cost(cost, priced[0].currency)}"

    def _ranked(self) -> list[ReportEntry]:
        best = sorted((entry for entry in self.entries if entry.rank), key=lambda entry: entry.rank or 0)
        return best[:SHOWN_BEST]

    def _best(self) -> list[str]:
        lines = []
        for entry in self._ranked():
            settings = ((name, format_setting(entry.settings.get(name, ""))) for name in self.varied)
            shown = ", ".join(f"{name} {value}" for name, value in settings if value)
            score = f", score {entry.measures.score:.3f}" if entry.measures else ""
            lines.append(f"{entry.rank}. {entry.name}{score}: {shown}")
            lines += [f"   {entry.row.result}"] if entry.row else []
        return lines


def _failed(entries: Sequence[ReportEntry]) -> list[str]:
    """Return lines for each class of failure: its runs, each cause with the log of the last run, and what to do."""
    classes: dict[FailureClass, list[Cause]] = {}
    for cause in group_by_cause(entries):
        classes.setdefault(cause.failure.failure, []).append(cause)
    counted = [(sum(len(cause.rows) for cause in causes), failure, causes) for failure, causes in classes.items()]
    lines = []
    for count, failure, causes in sorted(counted, key=lambda one: -one[0]):
        # In the order of the batch, whichever cause each has.
        affected = {row.job.id for cause in causes for row in cause.rows}
        lines.append(f"{count} {failure}: {_names([e.row for e in entries if e.row and e.row.job.id in affected])}")
        for cause in causes:
            share = f"{len(cause.rows)} of them: " if len(causes) > 1 else ""
            log = f"cosmos-houdini logs {cause.rows[-1].job.id}"
            lines.append(f"  {share}{first_sentence(cause.failure.message)} ({log})")
        lines += [f"  next: {advice}" for advice in dict.fromkeys(cause.advice for cause in causes)]
    return lines


def _cancelled(rows: Iterable[Row]) -> list[str]:
    cancelled = [row for row in rows if row.job.state is JobState.CANCELLED]
    return [_names(cancelled)] if cancelled else []


def _otherwise(rows: Iterable[Row]) -> list[str]:
    return [f"{row.run}: {one_line('; '.join(row.differences))}" for row in rows if row.differences]


def _names(rows: Sequence[Row]) -> str:
    names = ", ".join(row.run for row in rows[:SHOWN_NAMES])
    return names + (f" and {len(rows) - SHOWN_NAMES} more" if len(rows) > SHOWN_NAMES else "")


def _held(held: HeldPeriod) -> str:
    return f"{_time(held.since)} to {_time(held.until) if held.until else 'the end'}: {held.reason}"


def _time(moment: datetime) -> str:
    return f"{moment:%a %Y-%m-%d %H:%M}"
