"""The buttons of the asset Cosmos Transfer Sweep, whose module imports these functions by name."""

from __future__ import annotations

from typing import Any

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import shelf
from cosmos_houdini.houdini.alert import explain_errors
from cosmos_houdini.houdini.saving import saved_scene, scene_path
from cosmos_houdini.houdini.tops.project import find_project
from cosmos_houdini.houdini.tops.report import report_folder
from cosmos_houdini.houdini.windows.monitor import open_in_system
from cosmos_houdini.houdini.windows.result_actions import copy_action

PAGE = "index.html"


def cook(kwargs: dict[str, Any]) -> None:
    """Cook the asset in the background; the scene has to be saved, since the worker reads its file."""
    explain_errors(lambda: _cook(kwargs["node"]))()


def open_report(kwargs: dict[str, Any]) -> None:
    """Show the report of the asset's last cook in the web browser."""
    explain_errors(lambda: _open_report(kwargs["node"]))()


def open_node_report(kwargs: dict[str, Any]) -> None:
    """Show the report of the last cook of a Cosmos Report in the web browser."""
    node = kwargs["node"]
    explain_errors(lambda: _open_page(node, _text(node, "name"), _text(node, "output")))()


def copy_from_result(kwargs: dict[str, Any]) -> None:
    """Let the artist choose a result of the project, whose parameters are copied to the node."""
    node = kwargs["node"]
    explain_errors(lambda: shelf.show_results(f"Copy Parameters to {node.path()}", (copy_action(node),)))()


def job_monitor(kwargs: dict[str, Any]) -> None:
    """Show the jobs of the scene's project."""
    del kwargs
    shelf.job_monitor()


def _cook(node: hou.TopNode) -> None:
    scene_path()
    if not _text(node, "prompt").strip():
        raise BadInput("there is no prompt", action="type one in the tab Look")
    if saved_scene("Cook Cosmos Transfer Sweep") is not None:
        node.cookWorkItems()


def _open_report(node: hou.OpNode) -> None:
    _open_page(node, _text(node, "report_name"), _text(node, "report_folder"))


def _open_page(node: hou.OpNode, name: str, folder: str) -> None:
    page = report_folder(find_project(_text(node, "folder")), name, folder) / PAGE
    if not page.is_file():
        raise BadInput(f"there is no report {page} yet", action="cook the node to its end first")
    open_in_system(page)


def _text(node: hou.OpNode, name: str) -> str:
    """Return a parameter of the asset as text."""
    parm = node.parm(name)
    if parm is None:
        raise BadInput(
            f"{node.path()} has no parameter {name!r}", action="delete the node, and create it again from the TAB menu"
        )
    return parm.evalAsString()
