"""One run as a report shows it: its settings, its outcome, and how near its result is to its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.engines import find_engine, runs_no_model
from cosmos_houdini.errors import BadInput, CosmosError, one_line
from cosmos_houdini.jobs.store.price import Price
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import Attempt, JobState
from cosmos_houdini.model.request import Clip, InferenceRequest
from cosmos_houdini.report.measures import Measures
from cosmos_houdini.report.table import Row, build_row
from cosmos_houdini.sweeps.sweep import SweepRun

NOT_QUEUED = "not queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """One run.

    Attributes:
        name: its name in the batch; the id of a job that is shown for itself.
        row: its outcome; None for a run that was never queued.
        spec: path of its prompt spec; empty for a job that is shown for itself.
        engine: a name of the engine registry.
        prompt: of its prompt spec.
        settings: parameters, and the weight of every control by the control's name.
        source: its colour video; None for a run that was never queued.
        controls: the videos of its controls.
        seams: frames, from 0, at which a further chunk of the engine begins.
        folder: of its result and logs; None for a run that was never queued.
        problem: why it has no picture: a few words, and a sentence that may be empty; None where it has one.
        measures: None where they could not be taken.
        found: further measures by name; empty where they could not be taken.
        frame: its middle frame, a file in the report's folder; empty where it has none.
        reasons: why it lacks its clip or its measures, each in a sentence without folders of this machine.
        score: by the weighting of the report, as ``weighting.Weighting`` says; None where a measure is missing.
        rank: by score among all runs that a model made, from 1; None without a score.
    """

    name: str
    row: Row | None
    spec: str
    engine: str
    prompt: str
    settings: Mapping[str, Any]
    source: Clip | None
    folder: Path | None
    problem: tuple[str, str] | None
    controls: Mapping[str, Clip] = field(default_factory=dict)
    seams: tuple[int, ...] = ()
    measures: Measures | None = None
    found: Mapping[str, float] = field(default_factory=dict)
    frame: str = ""
    reasons: tuple[str, ...] = ()
    score: float | None = None
    rank: int | None = None

    @property
    def state(self) -> str:
        """The job's state, or that there is no job."""
        return str(self.row.job.state) if self.row else NOT_QUEUED

    @property
    def is_preview(self) -> bool:
        """Whether no model has made its result."""
        return runs_no_model(self.engine)

    @property
    def figures(self) -> dict[str, float]:
        """Its measures by name; ``measure_kinds`` describes them. Empty where it has none."""
        own = {} if self.score is None else {"score": self.score}
        return {**own, **(asdict(self.measures) if self.measures else {}), **self.found}

    def document(self) -> dict[str, Any]:
        """Return the run as JSON data."""
        measures = self.measures
        return {
            **(self.row.document() if self.row else self._planned()),
            "rank": self.rank,
            "score": self.score,
            "structure": measures.structure if measures else None,
            "flicker": measures.flicker if measures else None,
            "measures": dict(self.found),
        }

    def _planned(self) -> dict[str, Any]:
        kinds = {str(kind) for kind in Control}
        return {
            "run": self.name,
            "spec": self.spec,
            "job": "",
            "scout": False,
            "engine": self.engine,
            "host": "",
            "state": NOT_QUEUED,
            "attempt": 0,
            "error": None,
            "parameters": {
                **{name: value for name, value in self.settings.items() if name not in kinds},
                "weights": {name: value for name, value in self.settings.items() if name in kinds},
            },
            "seconds": None,
            "cost": None,
            "gpu_memory_gb": None,
            "result": "",
            "differences": [],
        }


def build_planned_entry(run: SweepRun) -> ReportEntry:
    """Return the entry of a run that was never queued."""
    return ReportEntry(
        name=run.name,
        row=None,
        spec=str(run.shared.spec_file),
        engine=run.shared.engine,
        prompt=run.shared.spec.prompt,
        settings={**run.parameters, **_weights({str(kind): weight for kind, weight in run.weights.items()})},
        source=None,
        folder=None,
        problem=(NOT_QUEUED, "run-batch queues it"),
    )


def build_entry(run: SweepRun | None, record: JobRecord, attempts: Iterable[Attempt], price: Price) -> ReportEntry:
    """Return the entry of a run that has a job; see ``build_row``."""
    row = build_row(run, record, attempts, price)
    request = record.inference()
    return ReportEntry(
        name=run.name if run else record.id,
        row=row,
        spec=row.spec,
        engine=row.job.engine,
        prompt=record.request["prompt"],
        settings={**row.parameters, **_weights(row.weights)},
        source=request.video,
        controls={str(control.kind): control.clip for control in request.controls if control.clip},
        seams=_seams(request),
        folder=record.results,
        problem=_problem(row),
    )


def list_varied(entries: Sequence[ReportEntry]) -> tuple[str, ...]:
    """Return the names of the settings that differ between runs: weights first, then in the engine's order."""
    known: dict[str, set[Any]] = {}
    for entry in entries:
        for name, value in entry.settings.items():
            # A run that was never queued has only the settings that were asked for, without the engine's defaults.
            known.setdefault(name, set()).add(value)
    kinds = [str(kind) for kind in Control]
    ordered = [*kinds, *(name for name in known if name not in kinds)]
    return tuple(name for name in ordered if len(known.get(name, ())) > 1)


def format_setting(value: object) -> str:
    """Return the value of a setting as people read it, on one line.

    >>> format_setting(0.25), format_setting(5.0), format_setting(True), format_setting("low")
    ('0.25', '5', 'yes', 'low')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else one_line(str(value))


def first_sentence(text: str) -> str:
    """Return the first sentence of a message.

    >>> first_sentence("CUDA out of memory. Tried to allocate 2.00 GiB; see the log")
    'CUDA out of memory'
    """
    return one_line(text).split(". ")[0].split("; ")[0].rstrip(".")


def tell_reason(error: CosmosError, clips: Iterable[Clip]) -> str:
    """Return the first sentence of an error about videos, which are called by the names of their files alone.

    >>> clip = Clip(path=Path("/shots/a.mp4"), sha256="", frames=1, size=(2, 2), fps=24.0)
    >>> tell_reason(CosmosError("/shots/a.mp4 has fewer frames. It was cut."), [clip])
    'a.mp4 has fewer frames'
    """
    problem = error.problem
    for clip in clips:
        problem = problem.replace(str(clip.path), clip.path.name)
    return first_sentence(problem)


def find_result(entry: ReportEntry) -> Clip | None:
    """Return the video of a run that can be shown."""
    return entry.row.clip if entry.row and not entry.problem else None


def _seams(request: InferenceRequest) -> tuple[int, ...]:
    """Return the seams of a request; none where its engine is gone, or takes no such request by now."""
    try:
        return find_engine(request.engine).plan(request).seams
    except BadInput:
        return ()


def _weights(weights: Mapping[str, float]) -> dict[str, float]:
    return {str(kind): float(weights.get(str(kind), 0.0)) for kind in Control}


def _problem(row: Row) -> tuple[str, str] | None:
    failure = row.job.failure
    if failure:
        return str(failure.failure), first_sentence(failure.message)
    if row.job.state is not JobState.SUCCEEDED:
        return str(row.job.state), ""
    if row.clip is None:
        return "no record", first_sentence(row.differences[0]) if row.differences else ""
    if not row.clip.path.is_file():
        return "result is gone", f"cosmos-houdini fetch {row.job.id}"
    return None
