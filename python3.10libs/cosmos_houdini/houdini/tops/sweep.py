"""Cosmos Sweep: the runs of ``create-batch`` as work items, so that batches and networks share the samplers."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops.node import evaluate_parms, set_attributes
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, SWEEP
from cosmos_houdini.houdini.tops.pdg_calls import Holder, Node, WorkItem
from cosmos_houdini.houdini.tops.project import require_folder
from cosmos_houdini.houdini.worker_error import WorkerError

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_RANGE = re.compile(rf"{_NUMBER}-{_NUMBER}(?::{_NUMBER})?")
_LINE = re.compile(r"\s*(\w+)\s*=\s*(.*\S)\s*")


def generate(node: Node, holder: Holder, upstream: Sequence[WorkItem]) -> None:
    """Add the work items of a Cosmos Sweep: every run, for each work item above.

    Raises:
        CosmosError: values that the engine does not take, or no worker.
    """
    values = evaluate_parms(SWEEP, node, upstream[0] if upstream else None)
    sweep = make_randomization(values)
    notes: list[str] = []
    runs = _make_runs(require_folder(values["folder"]), sweep, values["engine"], notes)
    made = [select_varied(run["parameters"], sweep) for run in runs]
    index = 0
    for above in upstream or (None,):
        for run in made:
            item = pdg_calls.add_below(holder, index, above)
            set_attributes(item, run)
            index += 1
    for note in notes:
        pdg_calls.warn(node, item, note)


def make_randomization(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the node's parameters in the form of a randomization file.

    Raises:
        BadInput: a text holds no values.
    """
    fields = {name: values[name] for name in NUMBERS if name != "seed"}
    varied = {name: _values(name, text) for name, text in (*fields.items(), *_lines(values["parameters"])) if text}
    weights = {kind: _values(f"weight_{kind}", text) for kind in CONTROLS if (text := values[f"weight_{kind}"])}
    # Runs that do not differ would all be the same job.
    seeds = values["seeds"] or ("" if varied or weights or values["sampler"] == "grid" else "random")
    rest = {
        "control_weights": weights,
        "seeds": seeds if seeds in {"", "random"} else _values("seeds", seeds),
        "sampler": values["sampler"],
        "count": values["count"],
        "constraints": {"max_weight_sum": values["max_weight_sum"]} if values["max_weight_sum"] else None,
    }
    return {**varied, **{key: value for key, value in rest.items() if value}, "seed": values["sweep_seed"]}


def select_varied(parameters: Mapping[str, Any], sweep: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Return the attributes of a run: the parameters that the sweep names, and no others."""
    named = [name for name in parameters if name in sweep and name != "seed"]
    seeds = ["seed"] if "seeds" in sweep else []
    weights = {f"weight_{kind}": parameters["weights"][kind] for kind in sweep.get("control_weights", ())}
    # PDG has no truth values.
    values = {name: int(v) if isinstance(v := parameters[name], bool) else v for name in (*seeds, *named)}
    return {**values, **weights}


def _make_runs(folder: Path, sweep: Mapping[str, Any], engine: str, notes: list[str]) -> list[dict[str, Any]]:
    """Return the runs of a sweep as ``create-batch`` makes them; its messages are added to ``notes``."""
    with tempfile.TemporaryDirectory() as made:
        # The shot has its videos only after its cook, and create-batch checks a video for each weight.
        video = Path(made) / "video.mp4"
        video.touch()
        spec = {
            "schema": "cosmos-houdini/prompt-spec/1",
            "name": "sweep",
            "prompt": "sweep",
            "input_video": str(video),
            "controls": {kind: str(video) for kind in sweep.get("control_weights", ())},
        }
        files = {"spec.json": spec, "sweep.json": sweep}
        for name, document in files.items():
            (Path(made) / name).write_text(json.dumps(document), encoding="utf-8")
        spec_path, sweep_path, batch_path = (str(Path(made) / name) for name in (*files, "sweep.batch.yaml"))
        options = {"specs": [spec_path], "randomization": sweep_path, "output": batch_path}
        chosen = {"engine": engine} if engine else {}
        messages: list[str] = []
        try:
            document = worker.call("create-batch", {**options, **chosen}, folder=folder, on_message=messages.append)
        except WorkerError as error:
            # The artist has typed the values on the node and knows no file.
            error.problem = error.problem.removeprefix(f"{sweep_path}: ")
            raise
    notes += [message for message in messages if not message.startswith("wrote ")]
    runs: list[dict[str, Any]] = document["runs"]
    return runs


def _lines(text: str) -> list[tuple[str, str]]:
    pairs = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            pairs.append((match[1], match[2]))
        elif line.strip():
            raise BadInput(f"Further Parameters: {line.strip()!r}", allowed="KEY = values, one parameter a line")
    return pairs


def _values(name: str, text: str) -> dict[str, float] | list[str | int | float | bool]:
    """Return the range or the list of values of a text.

    >>> _values("guidance", "5-12"), _values("weight_depth", "0.1-0.9:0.2"), _values("num_steps", "20, 35")
    ({'min': 5, 'max': 12}, {'min': 0.1, 'max': 0.9, 'step': 0.2}, [20, 35])

    Raises:
        BadInput: the text holds no values.
    """
    words = text.replace(",", " ").split()
    match = _RANGE.fullmatch(words[0]) if len(words) == 1 else None
    if match:
        parts = zip(("min", "max", "step"), match.groups(), strict=True)
        return {part: _number(number) for part, number in parts if number}
    if not words:
        raise BadInput(f"{name}: {text!r} holds no values", allowed="0.2 0.5 0.8, or 5-12, or 0.1-0.9:0.1")
    return [_value(word) for word in words]


def _number(word: str) -> int | float:
    return int(word) if word.isdecimal() else float(word)


def _value(word: str) -> str | int | float | bool:
    if word in {"true", "false"}:
        return word == "true"
    try:
        return _number(word)
    except ValueError:
        return word
