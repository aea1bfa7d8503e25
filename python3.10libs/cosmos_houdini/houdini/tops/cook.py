"""What the work items of each node type do when they cook: one command of the worker, told to the work item."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops.parms import NUMBERS
from cosmos_houdini.houdini.tops.pdg_job import JobItem
from cosmos_houdini.houdini.tops.report import KIND as REPORT
from cosmos_houdini.houdini.tops.shot import KIND as SHOT
from cosmos_houdini.houdini.tops.transfer import KIND as TRANSFER
from cosmos_houdini.houdini.tops.transfer import weights_option
from cosmos_houdini.houdini.tops.work_order import JOB_LINKS, WorkOrder

Call = Callable[..., Any]
"""Runs a command of the worker in the project's folder, and returns its document."""

_TAGS = {".mp4": "file/video", ".png": "file/image", ".json": "file/json", ".csv": "file/csv", ".html": "file/html"}
_TOLD = {"job": "id", "state": "state", "attempt": "attempt", "score": "score"}
_METADATA, _RESULT, _RESTORED = "metadata.json", "result.json", "restored.mp4"


def cook(order: WorkOrder, item: JobItem, call: Call) -> None:
    """Do what a work item is for.

    Raises:
        CosmosError: it did not succeed.
    """
    {SHOT: _shot, TRANSFER: _transfer, REPORT: _report}[order.kind](order, item, call)


def _shot(order: WorkOrder, item: JobItem, call: Call) -> None:
    document = call("submit", *order.arguments)
    for pass_, video in document["videos"].items():
        item.set(f"shot_video_{pass_}", Path(video["path"]).as_posix())
        _add(item, Path(video["path"]))
    _add(item, Path(next(iter(document["videos"].values()))["path"]).parent / _METADATA)
    item.set("shot_passes", list(document["videos"]))
    item.set("shot_frames", document["frames"])
    item.set("shot_rate", document["fps"])


def _transfer(order: WorkOrder, item: JobItem, call: Call) -> None:
    videos = Path(order.arguments[0])
    document = call("submit", *order.arguments, *weights_option(order.details, _controls(videos)))
    order.note_job(document["id"])
    outputs = [Path(path) for path in document["outputs"]]
    folder = outputs[0].parent
    for path in (*outputs, folder / _RESTORED, folder / _RESULT):
        if path.is_file():
            _add(item, path)
    told = {f"cosmos_{name}": document[key] for name, key in _TOLD.items() if key in document}
    request = json.loads((folder / _RESULT).read_text(encoding="utf-8"))["request"]
    for name, value in {**told, **_made_with(request, order)}.items():
        # What was inherited has been used, and PDG does not let its type be changed.
        if name in told or not item.has(name):
            item.set(name, value)


def _controls(videos: Path) -> list[str]:
    """Return the passes that a shot has a video of."""
    try:
        return list(json.loads((videos / _METADATA).read_text(encoding="utf-8"))["videos"])
    except OSError as error:
        raise BadInput(
            f"{videos} holds no converted videos: {error.strerror}", action="cook the Cosmos Shot above first"
        ) from error


def _made_with(request: Mapping[str, Any], order: WorkOrder) -> dict[str, str | int | float]:
    """Return the weights of a result, and those parameters that have a field or were asked for."""
    asked = {word.partition("=")[0] for option, word in pairwise(order.arguments) if option == "--set"}
    # PDG has no truth values.
    parameters = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in request["parameters"].items()
        if name in NUMBERS or name in asked
    }
    return {**parameters, **{f"weight_{kind}": control["weight"] for kind, control in request["controls"].items()}}


def _report(order: WorkOrder, item: JobItem, call: Call) -> None:
    job_links = [order.project / JOB_LINKS / name for name in order.details["job_links"]]
    jobs = [job_link.read_text(encoding="utf-8").strip() for job_link in job_links if job_link.is_file()]
    if not jobs:
        raise BadInput("none of the work items above has a job", action="cook the Cosmos Transfer above first")
    if len(jobs) < len(job_links):
        item.warning(
            f"{len(job_links) - len(jobs)} of {len(job_links)} work items above have no job yet and are left out"
        )
    document = call("report", *jobs, *order.arguments)
    folder = Path(order.arguments[-1])
    for name in document["files"]:
        if "/" not in name:
            _add(item, folder / name)
    scored = document["best"]
    item.set("cosmos_report", (folder / "index.html").as_posix())
    item.set("cosmos_jobs", [run["job"] for run in scored])
    item.set("cosmos_scores", [float(run["score"]) for run in scored])
    if scored:
        # For the nodes below: what came out best, and where it lies.
        item.set("cosmos_best_job", scored[0]["job"])
        item.set("cosmos_best_score", float(scored[0]["score"]))
        item.set("cosmos_best_result", next(run["result"] for run in document["runs"] if run["rank"] == 1))


def _add(item: JobItem, path: Path) -> None:
    item.add_file(path, _TAGS.get(path.suffix, "file"))
