"""The cook of a work item, by node type: one command of the worker, whose document becomes attributes and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.submission import COMMAND as SUBMIT
from cosmos_houdini.houdini.tops.parms import NUMBERS
from cosmos_houdini.houdini.tops.pdg_job import JobItem
from cosmos_houdini.houdini.tops.report import KIND as REPORT
from cosmos_houdini.houdini.tops.shot import KIND as SHOT
from cosmos_houdini.houdini.tops.transfer import KIND as TRANSFER
from cosmos_houdini.houdini.tops.work_order import JOB_LINKS, WorkOrder

_TAGS = {".mp4": "file/video", ".png": "file/image", ".json": "file/json", ".csv": "file/csv", ".html": "file/html"}
_JOB_ATTRIBUTES = {"job": "id", "state": "state", "attempt": "attempt", "score": "score"}
_METADATA, _RESULT, _RESTORED = "metadata.json", "result.json", "restored.mp4"


class Call(Protocol):
    """Runs a command of the worker in the project's folder and returns its document."""

    def __call__(self, command: str, options: Mapping[str, object], *, words: Sequence[str] = ()) -> Any: ...  # noqa: ANN401, D102 - a JSON document


def cook(order: WorkOrder, item: JobItem, call: Call) -> None:
    """Cook a work item.

    Raises:
        CosmosError: it did not succeed.
    """
    cooks: dict[str, Callable[[WorkOrder, JobItem, Call], None]] = {
        SHOT: _cook_shot,
        TRANSFER: _cook_transfer,
        REPORT: _cook_report,
    }
    cooks[order.kind](order, item, call)


def _cook_shot(order: WorkOrder, item: JobItem, call: Call) -> None:
    document = call(SUBMIT, order.options, words=order.words)
    videos = {pass_: Path(video["path"]) for pass_, video in document["videos"].items()}
    for pass_, path in videos.items():
        item.set(f"shot_video_{pass_}", path.as_posix())
    item.set("shot_passes", list(videos))
    item.set("shot_frames", document["frames"])
    item.set("shot_rate", document["fps"])
    _add_files(item, [*videos.values(), next(iter(videos.values())).parent / _METADATA])


def _cook_transfer(order: WorkOrder, item: JobItem, call: Call) -> None:
    document = call(SUBMIT, order.options, words=order.words)
    order.note_job(document["id"])
    outputs = [Path(path) for path in document["outputs"]]
    folder = outputs[0].parent
    of_job = {f"cosmos_{name}": document[key] for name, key in _JOB_ATTRIBUTES.items() if key in document}
    request = json.loads((folder / _RESULT).read_text(encoding="utf-8"))["request"]
    for name, value in {**of_job, **_read_parameters(request, order)}.items():
        # An inherited attribute has been used, and PDG does not let its type change.
        if name in of_job or not item.has(name):
            item.set(name, value)
    _add_files(item, [path for path in (*outputs, folder / _RESTORED, folder / _RESULT) if path.is_file()])


def _read_parameters(request: Mapping[str, Any], order: WorkOrder) -> dict[str, str | int | float]:
    """Return the weights of a result, and those parameters that have a field or were asked for."""
    asked = {word.partition("=")[0] for option, word in pairwise(order.words) if option == "--set"}
    asked |= set(order.options.get("parameters", ()))
    # PDG has no truth values.
    parameters = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in request["parameters"].items()
        if name in NUMBERS or name in asked
    }
    return {**parameters, **{f"weight_{kind}": control["weight"] for kind, control in request["controls"].items()}}


def _cook_report(order: WorkOrder, item: JobItem, call: Call) -> None:
    links = [order.project / JOB_LINKS / name for name in order.job_links]
    jobs = [link.read_text(encoding="utf-8").strip() for link in links if link.is_file()]
    if not jobs:
        raise BadInput("none of the work items above has a job", action="cook the Cosmos Transfer above first")
    if len(jobs) < len(links):
        item.warning(f"{len(links) - len(jobs)} of {len(links)} work items above have no job yet and are left out")
    document = call("report", {"jobs": jobs, **order.options})
    folder = Path(order.options["output"])
    scored = sorted((run for run in document["runs"] if run["score"] is not None), key=lambda run: -run["score"])
    item.set("cosmos_report", (folder / "index.html").as_posix())
    item.set("cosmos_jobs", [run["job"] for run in scored])
    item.set("cosmos_scores", [float(run["score"]) for run in scored])
    for best in document["runs"]:
        # For the nodes below: the best result and its path. Runs of the engine preview have no rank.
        if best["rank"] == 1:
            item.set("cosmos_best_job", best["job"])
            item.set("cosmos_best_score", float(best["score"]))
            item.set("cosmos_best_result", best["result"])
    _add_files(item, [folder / name for name in document["files"] if "/" not in name])


def _add_files(item: JobItem, paths: Sequence[Path]) -> None:
    """Add output files, after all attributes: a work item with its files looks finished."""
    for path in paths:
        item.add_file(path, _TAGS.get(path.suffix, "file"))
