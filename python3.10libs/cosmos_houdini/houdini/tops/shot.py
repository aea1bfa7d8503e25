"""Cosmos Shot: a work item for each camera or take that was rendered, whose cook makes its videos."""

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
from cosmos_houdini.model.render_node import WINDOWS

KIND = "shot"
VIDEOS = "shot_videos"
"""The attribute that names the folder of a shot's videos."""
_INPUTS = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One work item to be.

    Attributes:
        name: of the shot; names its folder.
        renders: the options of ``submit`` that find its frames.
        facts: attributes.
    """

    name: str
    renders: tuple[str, ...]
    facts: Mapping[str, str | int | float]


def generate(node: Node, holder: Holder, upstream: Sequence[WorkItem]) -> None:
    """Add the work items of a Cosmos Shot, each of which waits for all above: they render its frames.

    Raises:
        CosmosError: there is no scene, no node that matches, or no worker.
    """
    values = evaluate_parms(SHOT, node, upstream[0] if upstream else None)
    project = find_project(values["folder"])
    hip = Path(values["hip"])
    if not hip.is_file():
        raise BadInput(f"the scene {hip} is not there", action="save the scene: it is read from its file")
    scene = worker.call("scene", str(hip), folder=project.folder)
    for index, shot in enumerate(shots(scene, hip, values)):
        item = pdg_calls.add_below_all(holder, index, upstream)
        results = project.results(shot.name)
        folder = results / _INPUTS
        set_attributes(item, {**shot.facts, VIDEOS: folder.as_posix()})
        arguments = (str(hip), "--prepare", *shot.renders, "--name", shot.name, *_making(values), "-o", str(results))
        set_work_order(item, WorkOrder(kind=KIND, folder=project.folder, project=project.root, arguments=arguments))


def shots(scene: Mapping[str, Any], hip: Path, values: Mapping[str, Any]) -> list[Shot]:
    """Return what has work items.

    Args:
        scene: as ``cosmos-houdini scene --json`` prints it.
        hip: the scene's file.
        values: of the node's parameters.

    Raises:
        BadInput: no render node or camera matches.
    """
    base = portable_name(values["name"] or hip.stem) or "shot"
    if values["renders"]:
        return [_shot(scene, hip, base, ("--renders", values["renders"]), {})]
    outputs = _matching(scene, values)
    takes = values["takes"].split() or [""]
    found = []
    for output, take in ((output, take) for output in outputs for take in takes):
        words = [base]
        words += [output["path"].strip("/").replace("/", "_")] if len(outputs) > 1 else []
        words += [take] if take else []
        renders = ("--output", output["path"], *(("--take", take) if take else ()))
        facts = {"shot_node": output["path"], "shot_camera": output["camera"] or "", "shot_take": take}
        found.append(_shot(scene, hip, portable_name("_".join(words)), renders, facts))
    return found


def _shot(
    scene: Mapping[str, Any], hip: Path, name: str, renders: tuple[str, ...], facts: Mapping[str, str | int | float]
) -> Shot:
    first, last = scene["frame_range"]
    known: dict[str, str | int | float] = {
        "shot_name": name,
        "shot_hip": hip.as_posix(),
        "shot_fps": float(scene["fps"]),
        "shot_first": first,
        "shot_last": last,
    }
    camera = next((camera for camera in scene["cameras"] if camera["path"] == facts.get("shot_camera")), None)
    return Shot(name=name, renders=renders, facts={**known, **facts, **_camera_facts(camera or {})})


def _camera_facts(camera: Mapping[str, Any]) -> dict[str, str | int | float]:
    facts: dict[str, str | int | float] = {}
    if camera.get("resolution"):
        facts["shot_width"], facts["shot_height"] = camera["resolution"]
    facts.update({f"shot_{key}": float(camera[key]) for key in ("focal_mm", "aperture_mm") if camera.get(key)})
    return facts


def _matching(scene: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the render nodes that write pictures and match the patterns, in the order of the scene."""
    writing = [o for o in scene["outputs"] if o["picture"] and o["picture"] not in WINDOWS]
    nodes, cameras = values["nodes"], values["cameras"]
    found = [o for o in writing if _fits(o["path"], nodes) and (o["camera"] is None or _fits(o["camera"], cameras))]
    if not found:
        paths = [output["path"] for output in writing]
        raise BadInput(
            f"{scene['path']} has no render node {nodes!r} with a camera {cameras!r}",
            allowed=", ".join(f"{o['path']} ({o['camera'] or 'no camera'})" for o in writing) or "none writes pictures",
            action=did_you_mean(nodes, paths) or "or name the frames under Rendered Frames",
        )
    return found


def _fits(path: str, patterns: str) -> bool:
    """Whether a path, or its last part, matches one of the patterns."""
    last = path.rpartition("/")[2]
    return any(fnmatchcase(path, pattern) or fnmatchcase(last, pattern) for pattern in patterns.split())


def _making(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of ``submit`` that shape the videos."""
    given = {
        "--range": values["frame_range"],
        "--fps": repr(values["fps"]) if values["fps"] else "",
        "--on-gap": values["on_gap"],
        "--edge": "" if values["edge"] == "auto" else values["edge"],
        "--vis": "" if values["vis"] == "auto" else values["vis"],
    }
    return (*(word for pair in given.items() if pair[1] for word in pair), *split_options(values["options"]))
