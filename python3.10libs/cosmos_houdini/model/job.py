"""A job: one inference request on one host, its state, and the outcome of each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from cosmos_houdini.errors import one_line
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.text_enum import TextEnum


class JobState(TextEnum):
    """The state of a job; the names are those of ``status --json``."""

    QUEUED = "queued"
    STAGING = "staging"
    PENDING = "pending"
    """The job waits on its host: for a GPU, for its turn in a shared process, or in the queue of a scheduler."""
    RUNNING = "running"
    """The program of the job runs."""
    COLLECTING = "collecting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}


WAITING = frozenset({JobState.QUEUED, JobState.STAGING, JobState.PENDING})
"""States before the program of a job runs."""


class FailureClass(TextEnum):
    """Why an attempt did not succeed."""

    OOM = "oom"
    GUARDRAIL_BLOCKED = "guardrail_blocked"
    DISK_FULL = "disk_full"
    MISSING_CHECKPOINT = "missing_checkpoint"
    HOST_UNREACHABLE = "host_unreachable"
    AUTH = "auth"
    BAD_INPUT = "bad_input"
    ENGINE_ERROR = "engine_error"
    STALLED = "stalled"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"
    CORRUPT_OUTPUT = "corrupt_output"
    HOST_SETUP = "host_setup"
    """The host must be mended first: a driver, a library, a program, an image, a permission."""
    TRANSIENT = "transient"
    """Chance: a port was taken, a server or a GPU was busy."""

    @property
    def advice(self) -> str:
        """The next step for a person."""
        return _ADVICE[self]


_ADVICE = {
    FailureClass.OOM: "run again with the engine's offload parameters, or on a GPU with more free memory",
    FailureClass.GUARDRAIL_BLOCKED: "change the prompt or the pictures; the same request is blocked again",
    FailureClass.DISK_FULL: "free room on the host, then retry",
    FailureClass.MISSING_CHECKPOINT: "put the checkpoint where the engine looks for it, then retry",
    FailureClass.HOST_UNREACHABLE: "attach again when the host answers; the job continues meanwhile",
    FailureClass.AUTH: "correct the key or the token, then retry",
    FailureClass.BAD_INPUT: "correct the input; the same request fails again",
    FailureClass.ENGINE_ERROR: "read the log, then retry",
    FailureClass.STALLED: "look at the host, then retry",
    FailureClass.TIMEOUT: "allow more time or ask for less, then retry",
    FailureClass.CANCELLED: "retry when it is wanted after all",
    FailureClass.LOST: "the host or the program went away without a trace; retry",
    FailureClass.HOST_SETUP: "mend the host, as `cosmos-houdini doctor --host HOST` says; then retry",
    FailureClass.TRANSIENT: "it was chance; retry",
    FailureClass.CORRUPT_OUTPUT: "what the engine wrote is not what was asked for; read the log, then retry",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailure:
    """A named failure and one sentence about it.

    Attributes:
        failure: the class.
        message: the sentence.
        retryable: False where another attempt would end the same way, even if its class allows one.
    """

    failure: FailureClass
    message: str
    retryable: bool = True

    def document(self) -> dict[str, str]:
        """Return the failure as ``status --json`` prints it."""
        return {"class": str(self.failure), "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of an engine: ``fraction`` from 0 to 1, and a few words about what the engine does."""

    fraction: float
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOptions:
    """The ways in which an attempt differs from its request; none of them changes the result.

    Attributes:
        attempt_number: its number, from 1, among the attempts since a person last ordered one.
        parameters: parameters of the engine that override those of the request.
        exclusive: whether it shares its GPUs with no other job.
        reason: the reason for this attempt, in a few words; empty if a person ordered it.
    """

    attempt_number: int = 1
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    exclusive: bool = False
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return the options as JSON data; ``AttemptOptions(**document)`` restores them."""
        return asdict(self)


DEFAULT_OPTIONS = AttemptOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a job on its host.

    Attributes:
        number: from 1.
        started_at: seconds since the epoch, or None before the start.
        ended_at: seconds since the epoch, or None before the end.
        failure: None while it runs and after success.
        made_with: versions, image and GPUs, as far as they are known; see ``jobs.store.provenance.Provenance``.
        options: the options that it ran with.
    """

    number: int
    started_at: float | None = None
    ended_at: float | None = None
    failure: JobFailure | None = None
    made_with: Mapping[str, Any] = field(default_factory=dict)
    options: AttemptOptions = DEFAULT_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request, its host, its state, and its verified results.

    Attributes:
        id: short name and content hash; names the job's folder on the host.
        outputs: paths on this machine of the fetched and verified files.
        progress: from 0 to 1.
        eta_s: seconds until the end; None if that is unknown.
    """

    id: str
    name: str
    engine: str
    host: str
    state: JobState
    attempt: int
    progress: float
    eta_s: float | None
    failure: JobFailure | None
    outputs: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the job as ``status --json`` prints it."""
        return {
            "id": self.id,
            "name": self.name,
            "engine": self.engine,
            "host": self.host,
            "state": str(self.state),
            "attempt": self.attempt,
            "progress": self.progress,
            "eta_s": self.eta_s,
            "error": self.failure.document() if self.failure else None,
            "outputs": list(self.outputs),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """A job and what happens to it now.

    Attributes:
        job: the job.
        stage: a few words about what happens now; empty if nothing is known.
        reason: the reason for this attempt, in a few words; empty if a person ordered it.
        place: place of a pending job among those that wait for the same, from 1; None if it is unknown.
    """

    job: Job
    stage: str = ""
    reason: str = ""
    place: int | None = None

    def describe(self) -> str:
        """Return the status in a few words.

        A running job gives, for example, ``running: Starting diffusion sampling, 40 %, 0:02:10 left``.
        """
        job = self.job
        words = [one_line(self.stage)] if self.stage else []
        if 0 < job.progress < 1 and not job.state.final:
            words.append(f"{job.progress:.0%}".replace("%", " %"))
        if job.eta_s is not None and not job.state.final:
            words.append(f"{timedelta(seconds=round(job.eta_s))} left")
        if self.reason:
            words.append(f"attempt {job.attempt} ({self.reason})")
        return f"{job.state}: {', '.join(words)}" if words else str(job.state)

    def document(self) -> dict[str, Any]:
        """Return the status as ``status --json`` prints it."""
        document = {**self.job.document(), "stage": self.stage}
        return document if self.place is None else {**document, "place": self.place}
