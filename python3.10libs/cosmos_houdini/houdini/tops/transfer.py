"""Cosmos Transfer: an inference for each work item above; its attributes override the node's parameters."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.submission import split_options
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops.node import evaluate_parms, set_work_order
from cosmos_houdini.houdini.tops.parameter_names import ParameterNames, Value
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, TRANSFER
from cosmos_houdini.houdini.tops.pdg_calls import Holder, Node, WorkItem
from cosmos_houdini.houdini.tops.project import Project, find_project
from cosmos_houdini.houdini.tops.shot import VIDEOS
from cosmos_houdini.houdini.tops.work_order import WorkOrder
from cosmos_houdini.model.control import DEFAULT_WEIGHT

KIND = "transfer"


def generate(node: Node, holder: Holder, upstream: Sequence[WorkItem]) -> None:
    """Add one work item for each above, or a single one.

    Raises:
        CosmosError: no prompt, no videos, a parameter that the engine does not have, or no worker.
    """
    misspelt: dict[str, str] = {}
    items = []
    for above in upstream or (None,):
        item = pdg_calls.add_below(holder, above.index if above is not None else 0, above)
        values = evaluate_parms(TRANSFER, node, item)
        project = find_project(values["folder"])
        names = pdg_calls.attribute_names(item) if above is not None else []
        engine = str(item.attribValue("engine")) if "engine" in names else values["engine"]
        words = read_parameter_names(project, engine)
        misspelt |= words.find_misspelt(names)
        attributes = {meant: item.attribValue(name) for name in names if (meant := words.find_parameter(name))}
        videos = find_videos(item) or values["videos"]
        set_work_order(item, make_work_order(project, values, attributes, words, videos))
        items.append(item)
    for name, near in misspelt.items():
        pdg_calls.warn(node, items[0], f"the attribute {name!r} sets no parameter; did you mean {near!r}?")


def read_parameter_names(project: Project, engine: str) -> ParameterNames:
    """Return the names that mean something for an engine, or for the configured one.

    Raises:
        BadInput: there is no such engine.
    """
    engine = engine or project.engine
    if engine not in project.parameters:
        raise BadInput(f"there is no engine {engine!r}", allowed=", ".join(project.parameters))
    return ParameterNames(parameters=project.parameters[engine], synonyms=project.synonyms)


def find_videos(item: WorkItem) -> str:
    """Return the folder of the videos of the Cosmos Shot above, or nothing."""
    return str(item.attribValue(VIDEOS)) if item.hasAttrib(VIDEOS) else ""


def make_work_order(
    project: Project, values: Mapping[str, Any], attributes: Mapping[str, Any], words: ParameterNames, videos: str
) -> WorkOrder:
    """Return the order of a work item.

    Args:
        project: the project of the scene.
        values: the node's parameters.
        attributes: of the work item, by the parameter that each of them overrides.
        words: the engine's parameters.
        videos: folder of the shot's videos.

    Raises:
        BadInput: no prompt, no videos, or a parameter that the engine does not have.
    """
    chosen = {**values, **attributes}
    if not str(chosen["prompt"]).strip():
        raise BadInput("there is no prompt", action="type one on the node, or give each work item an attribute prompt")
    if not videos:
        raise BadInput("there is no shot", action="put a Cosmos Shot above, or name a folder under Videos")
    options: dict[str, object] = {"videos": videos, "prompt": str(chosen["prompt"])}
    for name in _OPTIONS:
        default = TRANSFER[name].default
        if chosen[name] != default:
            options[name] = type(default)(chosen[name])
    if parameters := _parameters(values, attributes, words):
        options["parameters"] = parameters
    weights = {kind: float(chosen[f"weight_{kind}"]) for kind in CONTROLS}
    # A control without a weight takes part where the shot has a video of it. One that was asked for has to be there.
    asked = {kind: w for kind, w in weights.items() if f"weight_{kind}" in attributes or w != DEFAULT_WEIGHT}
    if asked:
        options["weights"] = asked
    if values["measure"]:
        options["measure"] = True
    return WorkOrder(
        kind=KIND,
        folder=project.folder,
        project=project.root,
        options=options,
        words=split_options(values["options"]),
    )


_OPTIONS = ("negative_prompt", "engine", "host", "num_gpu")
"""Parameters of the node that are options of ``submit`` under the same names."""


def _parameters(values: Mapping[str, Any], attributes: Mapping[str, Any], words: ParameterNames) -> dict[str, Value]:
    """Return the engine's parameters that were asked for: changed fields, then the text, then attributes."""
    fields = {words.engine_name(name): values[name] for name in NUMBERS if values[name] != TRANSFER[name].default}
    chosen = {
        **fields,
        **{words.engine_name(name): value for name, value in _pairs(values["parameters"])},
        **{name: value for name, value in attributes.items() if name in words.parameters},
    }
    return {name: words.convert(name, value) for name, value in chosen.items()}


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a text such as ``fps=24 blur_strength=low``."""
    pairs = []
    for word in split_options(text):
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise BadInput(f"Further Parameters: {shlex.quote(word)} is no pair", allowed="KEY=VALUE, KEY=VALUE ...")
        pairs.append((name, value))
    return pairs
