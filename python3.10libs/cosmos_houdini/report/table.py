"""One row for each run of a batch: the settings asked for, the settings recorded with its result, and its outcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.nvidia_smi import MIB_PER_GIB
from cosmos_houdini.jobs.collect import RESULT
from cosmos_houdini.jobs.finish import RESULT_SCHEMA
from cosmos_houdini.jobs.store.price import Price, price_of
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.spending import cost_of
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import Attempt, Job, JobState
from cosmos_houdini.model.request import Clip
from cosmos_houdini.sweeps.sweep import SCOUT_SUFFIX, SweepRun

_SHARE_DIGITS = 9
"""Tenths do not add up to one exactly in binary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run.

    Attributes:
        run: its name in the batch.
        spec: path of its prompt spec.
        job: the job that made it.
        scout: whether it is a cheap look at a run, and no result of it.
        weights: of the controls that took part, as the engine recorded them; as they were sent where it records none.
        parameters: as recorded, every parameter of the engine.
        seconds: of all attempts, from each start on the host until its end was seen here; None before the first end.
        cost: of these seconds, each attempt at the price that its host had when it began; None where it had none.
        currency: of the cost; may be empty.
        gpu_memory_gb: the most GiB in use on a GPU in any attempt; None where it is unknown.
        result: path of the result; empty where there is none.
        clip: the result as it was when it was verified; None where there is none.
        differences: where the recorded settings differ from those asked for, in words.
    """

    run: str
    spec: str
    job: Job
    scout: bool
    weights: Mapping[str, float]
    parameters: Mapping[str, Any]
    seconds: float | None
    cost: float | None
    currency: str
    gpu_memory_gb: float | None
    result: str
    clip: Clip | None
    differences: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        failure = self.job.failure
        return {
            "run": self.run,
            "spec": self.spec,
            "job": self.job.id,
            "scout": self.scout,
            "engine": self.job.engine,
            "host": self.job.host,
            "state": str(self.job.state),
            "attempt": self.job.attempt,
            "error": failure.document() if failure else None,
            "parameters": {**self.parameters, "weights": dict(self.weights)},
            "seconds": self.seconds,
            "cost": self.cost,
            "gpu_memory_gb": self.gpu_memory_gb,
            "result": self.result,
            "differences": list(self.differences),
        }


def build_row(run: SweepRun | None, record: JobRecord, attempts: Iterable[Attempt], price: Price) -> Row:
    """Return the row of a run, from its job and from the ``result.json`` beside its result.

    Args:
        run: what was asked for; None for a job that is shown for itself.
        record: the run's job.
        attempts: of the job; those that failed took their time too.
        price: of the job's host now, for attempts whose price was not kept.
    """
    attempts = tuple(attempts)
    problem, result = read_result(record)
    # Without a result, only the sent request is known.
    sent: Mapping[str, Any] = result["request"] if result else record.sent
    recorded = apply_recorded(sent, result)
    unlike = (
        *(find_differences(run, _as_asked(record, sent)) if run else ()),
        *find_engine_differences(sent, recorded),
    )
    times = [
        (a.ended_at - a.started_at, price_of(a, price))
        for a in attempts
        if a.started_at is not None and a.ended_at is not None
    ]
    costs = [cost_of(seconds, at.per_hour) for seconds, at in times if at.per_hour is not None]
    return Row(
        run=run.name if run else record.job.name,
        spec=str(run.shared.spec_file) if run else "",
        job=record.job,
        scout=record.job.name.endswith(SCOUT_SUFFIX),
        weights={kind: control["weight"] for kind, control in recorded["controls"].items()},
        parameters=recorded["parameters"],
        seconds=round(sum(seconds for seconds, _ in times), 3) if times else None,
        cost=round(sum(costs), 4) if costs else None,
        currency=times[-1][1].currency if times else price.currency,
        gpu_memory_gb=_most_gpu_memory_gb(attempts),
        result=record.job.outputs[0] if record.job.outputs else "",
        clip=_clip(record, result),
        differences=(problem,) if problem else unlike,
    )


def sum_costs(rows: Iterable[Row]) -> float | None:
    """Return the cost of runs; None where none has one, or where their currencies differ."""
    priced = [(row.cost, row.currency) for row in rows if row.cost is not None]
    return round(sum(cost for cost, _ in priced), 4) if len({currency for _, currency in priced}) == 1 else None


def apply_recorded(sent: Mapping[str, Any], result: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a request document with the parameters and weights that the engine itself recorded, where it did."""
    recorded = result.get("recorded") if result else None
    if not recorded:
        return sent
    controls = {kind: {**sent["controls"].get(kind, {}), "weight": w} for kind, w in recorded["weights"].items()}
    return {**sent, "parameters": {**sent["parameters"], **recorded["parameters"]}, "controls": controls}


def find_engine_differences(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where an engine ran with something else than it was sent, in words."""
    before, after = ({**document["parameters"], **_shares(document)} for document in (sent, recorded))
    return tuple(
        f"{name}: sent {before.get(name)!r}, the engine ran with {after.get(name)!r}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _shares(document: Mapping[str, Any]) -> dict[str, float]:
    """Return weights as all engines mean them: divided by their sum, by whomever, where that is more than one."""
    weights = {f"weight of {kind}": control["weight"] for kind, control in document["controls"].items()}
    total = max(1.0, sum(weights.values()))
    return {name: round(weight / total, _SHARE_DIGITS) for name, weight in weights.items()}


def _most_gpu_memory_gb(attempts: Iterable[Attempt]) -> float | None:
    seen = [attempt.made_with["gpu_memory_mib"] for attempt in attempts if "gpu_memory_mib" in attempt.made_with]
    return round(max(seen) / MIB_PER_GIB, 2) if seen else None


def _as_asked(record: JobRecord, recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a recorded request without the parameters that an attempt changed and that do not change the result."""
    asked, found = record.request["parameters"], recorded["parameters"]
    changed = {name for name, value in record.options.parameters.items() if found.get(name) == value}
    return {**recorded, "parameters": {**found, **{name: asked[name] for name in changed}}}


def find_differences(run: SweepRun, recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where a recorded request is other than what a run asked for."""
    asked: dict[str, Any] = {"engine": run.shared.engine, "prompt": run.shared.spec.prompt, **run.parameters}
    found: dict[str, Any] = {"engine": recorded["engine"], "prompt": recorded["prompt"], **recorded["parameters"]}
    asked |= {f"weight of {kind}": weight for kind, weight in run.weights.items() if weight > 0}
    sent = {f"weight of {kind}": control["weight"] for kind, control in recorded["controls"].items()}
    # A control that was not asked for is a difference too.
    names = [*asked, *(name for name in sent if name not in asked)]
    return tuple(
        f"{name}: asked {asked.get(name)!r}, recorded {(found | sent).get(name)!r}"
        for name in names
        if asked.get(name) != (found | sent).get(name)
    )


def format_csv(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return documents of rows as CSV: one column for each weight, parameter and further key that any of them has."""
    lines = [_flat(document) for document in documents]
    columns = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    document = dict(row)
    parameters = dict(document.pop("parameters"))
    error = document.pop("error") or {"class": "", "message": ""}
    end = {name: document.pop(name) for name in ("seconds", "cost", "gpu_memory_gb", "result", "differences")}
    weights = parameters.pop("weights")
    return {
        **document,
        **{f"weight_{kind}": weights.get(str(kind), 0) for kind in Control},
        **parameters,
        "failure": error["class"],
        "message": error["message"],
        **end,
        "differences": "; ".join(end["differences"]),
    }


def _clip(record: JobRecord, result: Mapping[str, Any] | None) -> Clip | None:
    if result is None or not record.job.outputs:
        return None
    first = result["outputs"][0]
    width, height = first["size"]
    return Clip(
        path=Path(record.job.outputs[0]),
        sha256=first["sha256"],
        frames=first["frames"],
        size=(width, height),
        fps=first["fps"],
    )


def read_result(record: JobRecord) -> tuple[str, dict[str, Any] | None]:
    """Return the problem with a job's ``result.json``, which may be empty, and its content."""
    if record.state is not JobState.SUCCEEDED:
        return "", None
    path: Path = record.results / RESULT
    try:
        document = read_json_file(path)
        if document["schema"] != RESULT_SCHEMA or document["job"] != record.id:
            return f"{path} is not the result of this job", None
    except BadInput as error:
        return str(error), None
    except (KeyError, TypeError) as error:
        return f"{path} cannot be read: {error}", None
    return "", document
