"""Files that are dropped onto Houdini: a ``result.json``, a result's video, or the picks of a report's page.

Each becomes a Cosmos Transfer with the parameters of the result. All other files are Houdini's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.alert import explain_errors
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import SHOT, TRANSFER
from cosmos_houdini.houdini.tops.project import find_project
from cosmos_houdini.houdini.tops.result_parameters import (
    RESULT,
    ResultParameters,
    apply_values,
    read_result,
    transfer_values,
)
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.ratings import SCHEMA, key_of

TASKS, NETWORK = "/tasks", "cosmos_results"
_VIDEOS = ("result.mp4", "restored.mp4")


def accept(files: Sequence[str]) -> bool:
    """Build a node for each result among dropped files, and return whether there was one.

    An error is shown in a window. Then too, the files are not offered to Houdini, which would open them as scenes.
    """
    paths = [path for file in files for path in _results_of(local_path(file))]
    if not paths:
        return False
    explain_errors(lambda: _build(paths))()
    return True


def local_path(text: str) -> Path:
    """Return a dropped file's path; some systems hand over a URL.

    >>> local_path("file:///a/result%20one.json").as_posix()
    '/a/result one.json'
    """
    if not text.startswith("file:"):
        return Path(text)
    path = unquote(urlparse(text).path)
    # file:///C:/shot has a slash before the drive.
    return Path(path[1:] if path[2:3] == ":" else path)


def _results_of(path: Path) -> list[Path]:
    """Return the ``result.json`` of each result that a file stands for; nothing for a file that is none of ours."""
    if path.name in _VIDEOS and path.with_name(RESULT).is_file():
        return [path.with_name(RESULT)]
    if path.suffix != ".json":
        return []
    document = _read(path)
    schema = document.get("schema", "") if isinstance(document, dict) else ""
    if path.name == RESULT or schema.startswith("cosmos-houdini/result/"):
        return [path]
    return find_picked(document, Path(hou.hipFile.path()).parent) if schema == SCHEMA else []


def find_picked(ratings: Mapping[str, Any], folder: Path) -> list[Path]:
    """Return the ``result.json`` of each picked run of a report, as far as its result is in a project."""
    runs = [run for run in ratings.get("runs", ()) if isinstance(run, dict)]
    wanted = {str(run.get("key")) for run in runs if run.get("picked")}
    # A browser saves the file into its own folder of downloads, so that only the project tells where results are.
    return [path for path in sorted(folder.glob(f"{RESULTS}/**/{RESULT}")) if _key_of(path) in wanted]


def _key_of(path: Path) -> str:
    document = _read(path)
    return key_of(str(document.get("job")) if isinstance(document, dict) else "")


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON is whatever the file holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _build(paths: Sequence[Path]) -> None:
    results = [read_result(path) for path in paths]
    project = find_project(str(Path(hou.hipFile.path()).parent))
    with hou.undos.group("Build Cosmos Nodes"):
        network = _network()
        nodes = [_node(network, result) for result in results]
        missing = [apply_values(node, transfer_values(r, project)) for node, r in zip(nodes, results, strict=True)]
        network.layoutChildren()
    nodes[-1].setCurrent(True, clear_all_selected=True)
    names = ", ".join(node.name() for node in nodes)
    rest = sorted({name for each in missing for name in each})
    hou.ui.setStatusMessage(f"{network.path()}: {names}" + (f"; not taken: {', '.join(rest)}" if rest else ""))


def _network() -> hou.OpNode:
    """Return the TOP network under the mouse, or the one of dropped results in ``/tasks``."""
    pane = hou.ui.paneTabUnderCursor()
    if isinstance(pane, hou.NetworkEditor):
        shown = cast("hou.OpNode", pane.pwd())
        kind = shown.childTypeCategory()
        if kind is not None and kind.name() == "Top":
            return shown
    path = f"{TASKS}/{NETWORK}"
    network = cast("hou.OpNode | None", hou.node(path))
    tasks = cast("hou.OpNode | None", hou.node(TASKS))
    if network is None and tasks is None:
        raise BadInput(f"this Houdini has no {TASKS}", action="drop the file onto a TOP network")
    return network or cast("hou.OpNode", tasks).createNode("topnet", NETWORK)


def _node(network: hou.OpNode, result: ResultParameters) -> hou.OpNode:
    """Return a new transfer below a shot of the same network."""
    name = result.job.replace("-", "_").replace(".", "_")
    node = network.createNode(operator_of(TRANSFER), name, force_valid_node_name=True)
    shots = [each for each in network.children() if each.type().name() == operator_of(SHOT)]
    shot = shots[0] if shots else network.createNode(operator_of(SHOT), "shot")
    node.setInput(0, shot)
    return node
