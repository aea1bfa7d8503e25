"""Cosmos Shot: one work item for each rendered camera or take; its cook encodes the videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.submission import split_options
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops.node import evaluate_parms, set_attributes, set_work_order
from cosmos_houdini.houdini.tops.parms import SHOT
from cosmos_houdini.houdini.tops.pdg_calls import Holder, Node, WorkItem
from cosmos_houdini.houdini.tops.project import find_project
from cosmos_houdini.houdini.tops.work_order import WorkOrder
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.render_outputs import find_named, offered_outputs, resolve_output
from cosmos_houdini.model.scene import RenderOutput

KIND = "shot"
VIDEOS = "shot_videos"
"""The attribute that names the folder of a shot's videos."""
_INPUTS = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedShot:
    """A shot that gets a work item.

    Attributes:
        name: of the shot and its folder.
        source: the options of ``submit`` that find its frames.
        facts: attributes of the work item.
    """

    name: str
    source: Mapping[str, str]
    facts: Mapping[str, str | int | float]


def generate(node: Node, holder: Holder, upstream: Sequence[WorkItem]) -> None:
    """Add the work items of a Cosmos Shot; each waits for all above, which render its frames.

    Raises:
        CosmosError: there is no scene, no node that matches, or no worker.
    """
    values = evaluate_parms(SHOT, node, upstream[0] if upstream else None)
    project = find_project(values["folder"])
    hip = Path(values["hip"])
    if not hip.is_file():
        raise BadInput(f"the scene {hip} does not exist", action="save the scene: its file is read")
    scene = worker.call("scene", {"file": str(hip)}, folder=project.folder)
    for index, shot in enumerate(plan_shots(scene, hip, values)):
        item = pdg_calls.add_below_all(holder, index, upstream)
        results = project.results(shot.name)
        folder = results / _INPUTS
        set_attributes(item, {**shot.facts, VIDEOS: folder.as_posix()})
        options = {
            "scene": str(hip),
            "prepare": True,
            **shot.source,
            "name": shot.name,
            **_encoding(values),
            "results": str(results),
        }
        order = WorkOrder(
            kind=KIND,
            folder=project.folder,
            project=project.root,
            options=options,
            words=split_options(values["options"]),
        )
        set_work_order(item, order)


def plan_shots(scene: Mapping[str, Any], hip: Path, values: Mapping[str, Any]) -> list[PlannedShot]:
    """Return the shots of a scene that get work items.

    Args:
        scene: as ``cosmos-houdini scene --json`` prints it.
        hip: the scene's file.
        values: the node's parameters.

    Raises:
        BadInput: no render node or camera matches.
    """
    base = portable_name(values["name"] or hip.stem) or "shot"
    if values["renders"]:
        return [_shot(scene, hip, base, {"renders": values["renders"]}, {})]
    outputs = _matching(scene, values)
    takes = values["takes"].split() or [""]
    found = []
    for output, take in ((output, take) for output in outputs for take in takes):
        words = [base]
        words += [output.path.strip("/").replace("/", "_")] if len(outputs) > 1 else []
        words += [take] if take else []
        source = {"output": output.path, **({"take": take} if take else {})}
        facts: dict[str, str | int | float] = {
            "shot_node": output.path,
            "shot_camera": output.camera or "",
            "shot_take": take or output.take or "",
        }
        if output.frame_range:
            facts["shot_first"], facts["shot_last"] = round(output.frame_range[0]), round(output.frame_range[1])
        found.append(_shot(scene, hip, portable_name("_".join(words)), source, facts))
    return found


def _shot(
    scene: Mapping[str, Any], hip: Path, name: str, source: Mapping[str, str], facts: Mapping[str, str | int | float]
) -> PlannedShot:
    first, last = scene["frame_range"]
    known: dict[str, str | int | float] = {
        "shot_name": name,
        "shot_hip": hip.as_posix(),
        "shot_fps": float(scene["fps"]),
        "shot_first": first,
        "shot_last": last,
    }
    named = facts.get("shot_camera")
    # A render node of a USD stage names its camera by the prim that the camera's node makes.
    camera = next((camera for camera in scene["cameras"] if named in {camera["path"], camera.get("prim")}), None)
    return PlannedShot(name=name, source=source, facts={**known, **facts, **_camera_facts(camera or {})})


def _camera_facts(camera: Mapping[str, Any]) -> dict[str, str | int | float]:
    facts: dict[str, str | int | float] = {}
    if camera.get("resolution"):
        facts["shot_width"], facts["shot_height"] = camera["resolution"]
    facts.update({f"shot_{key}": float(camera[key]) for key in ("focal_mm", "aperture_mm") if camera.get(key)})
    return facts


def _matching(scene: Mapping[str, Any], values: Mapping[str, Any]) -> list[RenderOutput]:
    """Return the render nodes that write pictures and match the patterns, in the order of the scene."""
    outputs = [RenderOutput.of_document(output) for output in scene["outputs"]]
    offered = offered_outputs(outputs)
    nodes, cameras = values["nodes"], values["cameras"]
    named = [output for output in outputs if output.path in nodes.split() and find_named(output, outputs)]
    writing = offered + tuple(resolve_output(o, outputs) for o in named if o.path not in {x.path for x in offered})
    found = [o for o in writing if _fits(o.path, nodes) and (o.camera is None or _fits(o.camera, cameras))]
    if not found:
        paths = [output.path for output in writing]
        raise BadInput(
            f"{scene['path']} has no render node {nodes!r} with a camera {cameras!r}",
            allowed=", ".join(f"{o.path} ({o.camera or 'no camera'})" for o in writing) or "none writes pictures",
            action=did_you_mean(nodes, paths) or "or name the frames under Rendered Frames",
        )
    return found


def _fits(path: str, patterns: str) -> bool:
    """Whether a path, or its last part, matches one of the patterns."""
    last = path.rpartition("/")[2]
    return any(fnmatchcase(path, pattern) or fnmatchcase(last, pattern) for pattern in patterns.split())


def _encoding(values: Mapping[str, Any]) -> dict[str, object]:
    """Return the options of ``submit`` that say which frames become videos, and how."""
    options = {
        "range": values["frame_range"],
        "fps": values["fps"],
        "on_gap": values["on_gap"],
        "edge": "" if values["edge"] == "auto" else values["edge"],
        "vis": "" if values["vis"] == "auto" else values["vis"],
    }
    return {name: value for name, value in options.items() if value}
