"""Cosmos Transfer: an inference for each work item above, whose attributes go before the node's parameters."""

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
        given = find_videos(item) or values["videos"]
        set_work_order(item, order(project, values, attributes, words, given))
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


def order(
    project: Project, values: Mapping[str, Any], attributes: Mapping[str, Any], words: ParameterNames, videos: str
) -> WorkOrder:
    """Return the order of a work item.

    Args:
        project: where it belongs.
        values: of the node's parameters.
        attributes: of the work item, by the parameter that each sets.
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
    arguments = [videos, "--prompt", str(chosen["prompt"])]
    for option, name in _OPTIONS.items():
        if chosen[name] != TRANSFER[name].default:
            arguments += [option, str(chosen[name])]
    for name, value in _settings(values, attributes, words).items():
        arguments += ["--set", f"{name}={words.text(name, value)}"]
    if values["measure"]:
        arguments.append("--measure")
    weights = {kind: float(chosen[f"weight_{kind}"]) for kind in CONTROLS}
    asked = [kind for kind in CONTROLS if f"weight_{kind}" in attributes or weights[kind] != DEFAULT_WEIGHT]
    return WorkOrder(
        kind=KIND,
        folder=project.folder,
        project=project.root,
        arguments=(*arguments, *split_options(values["options"])),
        details={"weights": weights, "asked": asked},
    )


_OPTIONS = {"--negative-prompt": "negative_prompt", "--engine": "engine", "--host": "host", "--num-gpu": "num_gpu"}


def _settings(values: Mapping[str, Any], attributes: Mapping[str, Any], words: ParameterNames) -> dict[str, Value]:
    """Return the parameters that are asked for: those of fields that were touched, of the text, and of attributes."""
    fields = {words.engine_name(name): values[name] for name in NUMBERS if values[name] != TRANSFER[name].default}
    return {
        **fields,
        **{words.engine_name(name): value for name, value in _pairs(values["parameters"])},
        **{name: value for name, value in attributes.items() if name in words.parameters},
    }


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a text such as ``fps=24 blur_strength=low``."""
    pairs = []
    for word in split_options(text):
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise BadInput(f"Further Parameters: {shlex.quote(word)} is no pair", allowed="KEY=VALUE, KEY=VALUE ...")
        pairs.append((name, value))
    return pairs


def weights_option(details: Mapping[str, Any], controls: Sequence[str]) -> list[str]:
    """Return the ``--weights`` of an order, now that it is known which controls the shot has.

    A control without a video takes no part, unless a weight was asked for it: then the worker says what is missing.
    """
    weights, asked = details["weights"], details["asked"]
    if not asked:
        return []
    return ["--weights", *(repr(weights[kind] if kind in controls or kind in asked else 0.0) for kind in CONTROLS)]
