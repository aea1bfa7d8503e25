"""Failures by their causes: runs that failed for the same reason are grouped, even if the ends of their logs differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosmos_houdini.jobs.advice import advise
from cosmos_houdini.model.job import FailureClass, JobFailure
from cosmos_houdini.report.entry import ReportEntry, first_sentence
from cosmos_houdini.report.table import Row

# Paths, numbers and ids differ from run to run.
_OF_ONE_RUN = re.compile(r"\S*[\d/\\]\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause of failures.

    Attributes:
        failure: the failure of the last run that it affected.
        advice: the next step for a person.
        entries: all runs that it affected, in their order; at least one.
    """

    failure: JobFailure
    advice: str
    entries: Sequence[ReportEntry]

    @property
    def rows(self) -> list[Row]:
        """The outcomes of these runs."""
        return [entry.row for entry in self.entries if entry.row]


def group_by_cause(entries: Iterable[ReportEntry]) -> list[Cause]:
    """Return the causes of the failed runs, the one that affected most runs first; cancelled runs have not failed."""
    found: dict[tuple[FailureClass, str], Cause] = {}
    for entry in entries:
        job = entry.row.job if entry.row else None
        if job is None or job.failure is None or job.failure.failure is FailureClass.CANCELLED:
            continue
        key = job.failure.failure, cause_of(job.failure)
        before = found[key].entries if key in found else ()
        found[key] = Cause(failure=job.failure, advice=advise(job), entries=(*before, entry))
    return sorted(found.values(), key=lambda cause: -len(cause.entries))


def cause_of(failure: JobFailure) -> str:
    """Return what a failure's message says without the words of one run: paths, numbers, ids, and the log's end.

    >>> one = JobFailure(failure=FailureClass.OOM, message="Tried to allocate 2.5 GiB on GPU 3; the log ends: step 7")
    >>> cause_of(one)
    'Tried to allocate # GiB on GPU #'
    """
    return _OF_ONE_RUN.sub("#", first_sentence(failure.message))
