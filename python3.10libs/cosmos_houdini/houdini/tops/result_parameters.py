"""The parameters of a result, as a Cosmos Transfer takes them: from ``result.json`` to the fields of a node."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, TRANSFER
from cosmos_houdini.houdini.tops.project import Project

RESULT = "result.json"
SCHEMA = "cosmos-houdini/result/1"

Value = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultParameters:
    """How a result was made.

    Attributes:
        job: its id.
        name: of its shot.
        request: as it was sent to the engine.
    """

    job: str
    name: str
    request: Mapping[str, Any]


def read_result(path: Path) -> ResultParameters:
    """Return how a result was made.

    Raises:
        BadInput: the file is missing, or no ``result.json``.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        request = document["request"]
        found = ResultParameters(job=document["job"], name=request["name"], request=request)
        is_result = document["schema"] == SCHEMA
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refuse(path) from error
    if not is_result:
        raise _refuse(path)
    return found


def _refuse(path: Path) -> BadInput:
    return BadInput(f"{path} does not say how a result was made", allowed=f"the {RESULT} beside a result.mp4")


def transfer_values(result: ResultParameters, project: Project) -> dict[str, Value]:
    """Return the value of every field of a Cosmos Transfer that makes this result again.

    Controls that took no part get the weight 0. Parameters without a field are in Further Parameters where they are
    not as the engine has them by default.
    """
    request = result.request
    parameters = dict(request["parameters"])
    names = {name: project.synonyms.get(name, name) for name in NUMBERS}
    numbers = {field: parameters.pop(name) for field, name in names.items() if name in parameters}
    defaults = project.parameters.get(request["engine"], {})
    further = {name: value for name, value in parameters.items() if name not in defaults or value != defaults[name]}
    weights = {f"weight_{kind}": float(request["controls"].get(kind, {}).get("weight", 0.0)) for kind in CONTROLS}
    return {
        "prompt": request["prompt"],
        "negative_prompt": request.get("negative_prompt", ""),
        **weights,
        **{field: _in_type_of(TRANSFER[field].default, value) for field, value in numbers.items()},
        "parameters": " ".join(shlex.quote(f"{name}={_word(value)}") for name, value in further.items()),
        "engine": request["engine"],
        "num_gpu": int(request.get("num_gpu", 1)),
    }


def apply_values(node: hou.OpNode, values: Mapping[str, Value]) -> list[str]:
    """Set the fields of a node as one step of undo, and return those that it does not have."""
    missing = []
    with hou.undos.group("Copy Cosmos Parameters"):
        for name, value in values.items():
            parm = node.parm(name)
            if parm is None:
                missing.append(name)
            else:
                parm.set(value)
    return missing


def _in_type_of(default: Value, value: float) -> Value:
    return int(value) if isinstance(default, int) else float(value)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
