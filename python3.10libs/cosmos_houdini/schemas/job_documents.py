"""Documents of jobs and batches; each structure describes one JSON object and is made from a JSON Schema alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from cosmos_houdini.model.job import FailureClass, JobState

Count = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class Failure(Struct):
    """Why a job did not succeed."""

    failure: FailureClass = field(name="class")
    message: str


class JobDocument(Struct, kw_only=True):
    """One job; outputs are the paths of the verified files on this machine."""

    id: str
    name: str
    engine: str
    host: str
    state: JobState
    attempt: Count
    progress: Fraction
    eta_s: float | None
    error: Failure | None
    outputs: list[str]


class StatusJob(JobDocument, kw_only=True):
    """One job; stage says in a few words what it does, or why it waits, and place its place in the queue if known."""

    stage: str
    place: int | UnsetType = UNSET


class EnhancementDocument(Struct, kw_only=True):
    """A prompt that an engine has written out, and the file of the spec with it."""

    prompt: str
    path: str
    job: JobDocument


class SubmitDocument(JobDocument, kw_only=True):
    """The job of a shot; with --measure also the measures of its result."""

    score: float | UnsetType | None = UNSET
    structure: float | dict[str, Any] | UnsetType | None = UNSET
    flicker: float | UnsetType | None = UNSET


class StatusDocument(Struct):
    """The jobs of a project."""

    jobs: list[StatusJob]


class JobsDocument(Struct):
    """Jobs, after the command is through with them."""

    jobs: list[JobDocument]


class FetchedJob(Struct):
    """One job and the paths of its results."""

    id: str
    outputs: list[str]


class FetchDocument(Struct):
    """Jobs whose results were downloaded and verified."""

    jobs: list[FetchedJob]


class LogsDocument(Struct):
    """The log of one attempt of a job; attempt is null for the newest one."""

    job: str
    file: str
    attempt: int | None
    text: str


class DryRunDocument(Struct, kw_only=True):
    """Everything that a run would send to its host; inputs maps paths on the host to local ones."""

    engine: str
    argv: list[str]
    env: dict[str, str]
    files: dict[str, str]
    inputs: dict[str, str]
    chunks: Count
    frames: Count
    size: list[int]
    estimate_s: float | None


class PlannedRun(Struct):
    """One run of a batch, with all its parameters."""

    name: str
    spec: str
    engine: str
    parameters: dict[str, Any]


class CreateBatchDocument(Struct):
    """Every run that a batch will make, in order."""

    runs: list[PlannedRun]


class NextDocument(Struct, kw_only=True):
    """The next sweep of a batch; reasons say what became of each varied value, and why."""

    file: str
    batch: str
    chosen: list[str]
    reasons: list[str]
    runs: int
    expected_s: float | None
    cost: float | None
    currency: str


class RunRow(Struct, kw_only=True):
    """Outcome of one run of a batch; parameters has the weights by control."""

    run: str
    spec: str
    job: str
    scout: bool
    engine: str
    host: str
    state: str
    attempt: Count
    error: Failure | None
    parameters: dict[str, Any]
    seconds: float | None
    cost: float | None
    gpu_memory_gb: float | None
    result: str
    differences: list[str]


class SetAsideRun(Struct):
    """A run that cannot be run, and why; an item of the batch where its runs are not known."""

    run: str
    problem: str


class RunBatchDocument(Struct):
    """The runs of a batch that ended, and the file of its table."""

    runs: list[RunRow]
    set_aside: list[SetAsideRun]
    table: str


class DetachedDocument(Struct):
    """The process that works on a batch in the background, and the file of its messages."""

    batch: str
    host: str
    pid: int
    log: str


class BatchWorker(Struct):
    """A process that works on a batch; since is in seconds since 1970."""

    pid: int
    log: str
    max_parallel: int
    since: float


class BatchStatus(Struct, kw_only=True):
    """One batch on one host; counts maps states to numbers of runs."""

    name: str
    host: str
    file: str
    state: str
    held: str
    runs: Count
    counts: dict[JobState, int]
    left_s: float | None
    workers: list[BatchWorker]


class BatchStatusDocument(Struct):
    """The batches of a project."""

    batches: list[BatchStatus]


class MeasuresDocument(Struct, kw_only=True):
    """The measures of a result, kept beside it; made_of names the videos and settings that they hold for."""

    made_of: dict[str, Any]
    measures: dict[str, float]


class ReportRun(RunRow, kw_only=True):
    """One run of a report with its measures; null where there is nothing to measure."""

    rank: int | None
    score: float | None
    structure: Any
    flicker: float | None
    measures: dict[str, float] = {}
    rating: int | UnsetType | None = UNSET
    picked: bool | UnsetType = UNSET
    note: str | UnsetType = UNSET


class ReportDocument(Struct, kw_only=True):
    """A report of runs; files are the names of all its files, relative to its folder."""

    name: str
    totals: dict[str, Any]
    varied: list[str]
    score: str
    best: list[dict[str, Any]]
    runs: list[ReportRun]
    files: list[str]


class HistoryJob(JobDocument, kw_only=True):
    """A job with its place."""

    root: str
    launcher: str


class HistoryDocument(Struct, kw_only=True):
    """How a result was made, and the command that makes it again."""

    job: HistoryJob
    batches: list[str]
    created_at: float
    prompt: str
    used_prompt: str | None
    negative_prompt: str
    num_gpu: Count
    asked: dict[str, Any]
    effective: dict[str, Any] | None
    differences: list[str]
    inputs: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    events: list[dict[str, Any]]
    results: str
    outputs: list[dict[str, Any]]
    command: str


class WatcherFacts(Struct):
    """A process that watches folders."""

    pid: int
    folders: list[str]
    since: float


class WaitingRender(Struct):
    """A render that lacks something, and the reason in words."""

    name: str
    folder: str
    reason: str
    at: float


class FinishedRender(Struct, kw_only=True):
    """A render that was complete, and how far it has come since."""

    name: str
    folder: str
    version: int
    frames: str
    state: Literal["found", "converted", "submitted", "done", "failed"]
    videos: str | None
    job: str | None
    message: str | None
    at: float


class WatchStatusDocument(Struct):
    """The renders of the folders that are watched."""

    watchers: list[WatcherFacts]
    waiting: list[WaitingRender]
    renders: list[FinishedRender]
