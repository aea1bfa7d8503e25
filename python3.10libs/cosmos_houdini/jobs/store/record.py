"""The record of a job in the store: all that a later client needs to continue the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import DEFAULT_OPTIONS, AttemptOptions, Job, JobFailure, JobState, JobStatus
from cosmos_houdini.model.request import SCHEMA, Clip, ControlInput, InferenceRequest

_FROM_HOST = (JobState.COLLECTING, JobState.FAILED, JobState.CANCELLED, JobState.LOST, JobState.QUEUED)

NEXT: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.STAGING, JobState.FAILED, JobState.CANCELLED}),
    JobState.STAGING: frozenset({JobState.PENDING, JobState.FAILED, JobState.CANCELLED}),
    JobState.PENDING: frozenset({JobState.RUNNING, *_FROM_HOST}),
    # A scheduler may put a job back into its queue.
    JobState.RUNNING: frozenset({JobState.PENDING, *_FROM_HOST}),
    JobState.COLLECTING: frozenset(
        {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST, JobState.QUEUED}
    ),
    JobState.SUCCEEDED: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.COLLECTING}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
    JobState.LOST: frozenset({JobState.QUEUED}),
}
"""The states that may follow each state. A change back to ``queued`` begins a new attempt."""

REASONS = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.LOST})
"""States that a job enters only with a named failure. It also needs one to return from its host to ``queued``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One row of the store.

    Attributes:
        job: the job as people see it.
        request: the document of the submitted request, from ``InferenceRequest.document``.
        inputs: the path of each clip on this machine, by its SHA-256; empty for a job that another machine sent.
        root: folder on the host that contains the job; empty until the job is sent to the host.
        launcher: name of the launcher for which the job is sent to the host.
        results: folder on this machine for the verified results.
        options: options of its current attempt.
        shared_process: id of the first job of the shared process on the host; empty for a job with its own process.
        stage: a few words on the current step, or on the need of a pending job.
        place: place of a pending job among those that wait for the same, from 1; None if it is unknown.
        created_at: time when the job was added, in seconds since the epoch.
        updated_at: time of the last change of state, in seconds since the epoch.
    """

    job: Job
    request: Mapping[str, Any]
    inputs: Mapping[str, str]
    root: str
    launcher: str
    results: Path
    options: AttemptOptions = DEFAULT_OPTIONS
    shared_process: str = ""
    stage: str = ""
    place: int | None = None
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    @property
    def state(self) -> JobState:
        """The job's state."""
        return self.job.state

    @property
    def status(self) -> JobStatus:
        """The job and what happens to it now."""
        return JobStatus(job=self.job, stage=self.stage, reason=self.options.reason, place=self.place)

    @property
    def untouched(self) -> bool:
        """Whether the job has not changed its state since it was added."""
        return self.updated_at == self.created_at

    @property
    def sent(self) -> Mapping[str, Any]:
        """The request document of the current attempt, with the parameters that this attempt runs with."""
        if not self.options.parameters:
            return self.request
        return {**self.request, "parameters": {**self.request["parameters"], **self.options.parameters}}

    def inference(self) -> InferenceRequest:
        """Return the request of the current attempt, with the clips at their paths on this machine."""
        return request_from(self.sent, self.inputs)

    def input_paths(self) -> tuple[Path, ...]:
        """Return the paths where the job's clips should be on this machine."""
        request = self.inference()
        return tuple(clip.path for clip in request.clips.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The details of a change of state.

    Attributes:
        failure: why the attempt ends without success; needed for REASONS.
        outputs: paths of the verified results, for ``succeeded``.
        detail: one line for the history.
        root: folder on the host for a new attempt, when ``queued`` again; empty for the folder of the last attempt.
        launcher: launcher of a new attempt, when ``queued`` again; empty for the launcher of the last attempt.
        inputs: the new paths of its inputs; None if the paths have not changed.
        options: options of a new attempt.
        begun: whether the attempt that ends had begun; if it had not, it took no time.
    """

    failure: JobFailure | None = None
    outputs: tuple[str, ...] = ()
    detail: str = ""
    root: str = ""
    launcher: str = ""
    inputs: Mapping[str, str] | None = None
    options: AttemptOptions = DEFAULT_OPTIONS
    begun: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a job's history."""

    at: float
    attempt: int
    state: JobState
    detail: str = ""


def new_record(
    job_id: str, request: InferenceRequest, *, host: str, root: str, launcher: str, results: Path
) -> JobRecord:
    """Return the record of a new job in state ``queued``."""
    return JobRecord(
        job=Job(
            id=job_id,
            name=request.name,
            engine=request.engine,
            host=host,
            state=JobState.QUEUED,
            attempt=1,
            progress=0.0,
            eta_s=None,
            failure=None,
            outputs=(),
        ),
        request=request.document(),
        inputs={clip.sha256: str(clip.path.resolve()) for clip in request.clips.values()},
        root=root,
        launcher=launcher,
        results=results,
    )


def request_from(document: Mapping[str, Any], inputs: Mapping[str, str]) -> InferenceRequest:
    """Return the request of a document from ``InferenceRequest.document``, with the clips at the paths of ``inputs``.

    A clip that is not in ``inputs`` gets its hash as its path. No file has this path.

    Raises:
        BadInput: the document has another kind or version, or is incomplete.
    """
    if document.get("schema") != SCHEMA:
        raise BadInput(f"a job's request has schema {document.get('schema')!r}", allowed=SCHEMA)
    try:
        return InferenceRequest(
            name=document["name"],
            engine=document["engine"],
            prompt=document["prompt"],
            negative_prompt=document["negative_prompt"],
            video=_clip(document["video"], inputs),
            controls=tuple(
                ControlInput(
                    kind=Control(kind),
                    weight=control["weight"],
                    clip=_clip(control["clip"], inputs) if control["clip"] else None,
                )
                for kind, control in document["controls"].items()
            ),
            parameters=document["parameters"],
            num_gpu=document["num_gpu"],
            extras={role: _clip(clip, inputs) for role, clip in document.get("extras", {}).items()},
            regions=tuple(document.get("regions", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"a job's request cannot be read: {type(error).__name__} {error}") from error


def _clip(document: Mapping[str, Any], inputs: Mapping[str, str]) -> Clip:
    sha256 = document["sha256"]
    width, height = document["size"]
    return Clip(
        path=Path(inputs.get(sha256, sha256)),
        sha256=sha256,
        frames=document["frames"],
        size=(width, height),
        fps=document["fps"],
    )
