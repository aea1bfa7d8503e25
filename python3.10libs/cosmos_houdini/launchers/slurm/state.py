"""The state of a job according to Slurm, and its meaning together with the job's folder.

The words are those of ``squeue`` and ``sacct`` (https://slurm.schedmd.com/job_state_codes.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cosmos_houdini.errors import one_line
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.model.job import FailureClass, JobFailure

UNKNOWN = "-"
SILENT = "?"

IN_QUEUE = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
"""Words for a job that has no machine, or none any more."""

OVER = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
        *("REVOKED", "TIMEOUT"),
    }
)
"""Words for a job to which nothing more happens."""

_MEANING = {
    "BOOT_FAIL": (FailureClass.LOST, "its machine did not start"),
    "CANCELLED": (FailureClass.CANCELLED, "it was cancelled on the cluster, and not from here"),
    "DEADLINE": (FailureClass.TIMEOUT, "it could not end before its deadline"),
    "NODE_FAIL": (FailureClass.LOST, "its machine failed"),
    "OUT_OF_MEMORY": (FailureClass.OOM, "the memory that it was given on its machine ran out"),
    "PREEMPTED": (FailureClass.LOST, "a job of higher priority took its place"),
    "REVOKED": (FailureClass.LOST, "another cluster runs it"),
    "TIMEOUT": (FailureClass.TIMEOUT, "it reached its time limit"),
}

_LINE = re.compile(r"(?P<folder>\S+) (?P<settled>[01]) (?P<id>\S+) (?P<state>\S+) ?(?P<reason>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmState:
    """The state of one job according to Slurm at one moment.

    Attributes:
        id: its number, with the task of an array as in ``12_3``; ``-`` if that is unknown.
        state: a word of Slurm; ``-`` if Slurm does not know the job, ``?`` if Slurm does not answer.
        reason: why it is in this state, if Slurm gives a reason; for ``?``, the error of Slurm's program.
        settled: whether it has been over, or unknown to Slurm, for a minute.
    """

    id: str
    state: str
    reason: str = ""
    settled: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more happens to the job."""
        return self.state in OVER

    @property
    def in_queue(self) -> bool:
        """Whether the job waits for a machine, for the first time or again."""
        return self.state in IN_QUEUE

    def __str__(self) -> str:
        """Return as in ``Slurm job 12 PENDING (Resources)``."""
        if self.state == SILENT:
            return f"Slurm does not answer ({self.reason})"
        number = "" if self.id == UNKNOWN else f" {self.id}"
        if self.state == UNKNOWN:
            return f"Slurm does not know job{number}"
        reason = f" ({self.reason})" if self.reason not in {"", "None"} else ""
        return f"Slurm job{number} {self.state}{reason}"

    def failure(self) -> JobFailure | None:
        """Return why Slurm ended the job; None if it did not end the job, or gives no reason."""
        if self.state not in _MEANING:
            return None
        failure, meaning = _MEANING[self.state]
        # A retry saves memory of the GPU, not of the machine. A job that another cluster runs must not run here too.
        retryable = self.state not in {"OUT_OF_MEMORY", "REVOKED"}
        return JobFailure(failure=failure, message=f"{self}: {meaning}", retryable=retryable)


def parse_slurm_states(lines: Iterable[str]) -> dict[str, SlurmState]:
    """Return the states in the lines of a poll, by folder; other lines are left out."""
    found = (_LINE.fullmatch(line) for line in lines)
    return {
        told["folder"]: SlurmState(
            id=told["id"],
            state=told["state"],
            reason=one_line(told["reason"].strip()),
            settled=told["settled"] == "1",
        )
        for told in found
        if told
    }


def merge_slurm_states(lines: Iterable[str], seen: Mapping[str, Observation]) -> dict[str, Observation]:
    """Return the observations of jobs with Slurm's states; see PollPart.merge."""
    states = parse_slurm_states(lines)
    return {folder: merge(one, states[folder]) if folder in states else one for folder, one in seen.items()}


def merge(seen: Observation, slurm: SlurmState) -> Observation:
    """Return what a job's folder and Slurm say together.

    The folder alone says that a job has ended well. Slurm must confirm any other end: it knows the reason, and may
    start the job again.
    """
    merged = replace(seen, scheduler=str(slurm))
    if seen.exit_code == 0:
        return merged
    if slurm.in_queue and seen.exit_code is None:
        return replace(merged, state=HostJobState.PENDING, run_s=None)
    if slurm.over and (failure := slurm.failure()):
        cancelled = seen.cancelled and failure.failure is FailureClass.CANCELLED
        return replace(merged, state=HostJobState.ENDED, scheduler_failure=None if cancelled else failure)
    return replace(merged, state=_state_without_reason(seen, slurm))


def _state_without_reason(seen: Observation, slurm: SlurmState) -> HostJobState:
    """Return the state of a job that is not in the queue, and that Slurm gives no reason for ending."""
    if slurm.over or slurm.state == UNKNOWN:
        if seen.exit_code is not None or seen.cancelled:
            return HostJobState.ENDED
        return HostJobState.VANISHED if slurm.settled else seen.state
    if slurm.state != SILENT or seen.state is HostJobState.ENDED:
        return HostJobState.RUNNING
    return seen.state
