"""A job as a row of the monitor: words and numbers for its columns, and the actions that it allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cosmos_houdini.model.job import WAITING, FailureClass, JobState

PREPARING = "preparing"
_RETRIED = {JobState.FAILED, JobState.CANCELLED, JobState.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job, or one shot that is still being prepared on this machine.

    Attributes:
        id: of the job; for a shot that is being prepared, a key of its own.
        name: of the shot.
        state: as ``status --json`` spells it, or PREPARING.
        percent: 0 to 100, or None where nothing is known.
        eta: the time left, or an empty string.
        note: why the job waits, or why it failed and what to do.
        outputs: the verified files on this machine.
    """

    id: str
    name: str
    state: str
    engine: str = ""
    host: str = ""
    percent: int | None = None
    eta: str = ""
    note: str = ""
    outputs: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        """The name for people; many jobs are of one shot, so that a job shows its id."""
        return self.name if self.state == PREPARING else self.id

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self.state != PREPARING and JobState(self.state).final

    @property
    def can_retry(self) -> bool:
        """Whether another attempt may be started."""
        return self.state != PREPARING and JobState(self.state) in _RETRIED

    @property
    def video(self) -> Path | None:
        """The video of the result."""
        return next((path for path in self.outputs if path.suffix == ".mp4"), None)


def rows(document: Mapping[str, Any]) -> list[JobRow]:
    """Return the jobs of ``status --json``, the newest first."""
    return [_row(job) for job in reversed(document["jobs"])]


def _row(job: Mapping[str, Any]) -> JobRow:
    state = JobState(job["state"])
    attempt = f"attempt {job['attempt']}" if job["attempt"] > 1 else ""
    return JobRow(
        id=job["id"],
        name=job["name"],
        state=str(state),
        engine=job["engine"],
        host=job["host"],
        percent=_percent(state, job["progress"]),
        # An estimate of 0 s has passed already.
        eta=str(timedelta(seconds=round(job["eta_s"]))) if job["eta_s"] else "",
        note=_failure(job["error"]) if job["error"] else _note(state, job.get("stage", ""), attempt),
        outputs=tuple(Path(path) for path in job["outputs"]),
    )


def _percent(state: JobState, progress: float) -> int | None:
    if state is JobState.SUCCEEDED:
        return 100
    return None if state in WAITING else round(progress * 100)


def _note(state: JobState, stage: str, attempt: str) -> str:
    """Return the attempt, and for a job that waits the reason too."""
    reason = stage if state in WAITING else ""
    return ", ".join(word for word in (reason, attempt) if word)


def _failure(error: Mapping[str, str]) -> str:
    return f"{error['message']}\n{FailureClass(error['class']).advice}"
