"""The entries of Houdini's own menus: on nodes (OPmenu.xml) and on parameters (PARMmenu.xml).

Houdini evaluates the condition of each entry whenever a menu opens. The conditions here look at the one node alone, and
nothing that needs Qt is imported for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hou

from cosmos_houdini.houdini.alert import explain_errors
from cosmos_houdini.houdini.tops.parms import TRANSFER
from cosmos_houdini.model.render_node import RENDER_NODES, base_type

_CAMERAS = {"Object": "cam", "Lop": "camera"}


def is_render_node(kwargs: Mapping[str, Any]) -> bool:
    """Whether the node renders pictures: in ``/out``, in Solaris or in Copernicus."""
    node = kwargs.get("node")
    return node is not None and base_type(node.type().name()) in RENDER_NODES


def is_camera(kwargs: Mapping[str, Any]) -> bool:
    """Whether the node is a camera, of objects or of a stage."""
    node = kwargs.get("node")
    if node is None:
        return False
    return base_type(node.type().name()) == _CAMERAS.get(node.type().category().name())


def is_on_transfer(kwargs: Mapping[str, Any]) -> bool:
    """Whether the parameter belongs to a node that takes the parameters of a result."""
    parms = kwargs.get("parms") or ()
    node = parms[0].node() if parms else None
    return node is not None and all(node.parm(parm.name) is not None for parm in TRANSFER.parms if parm.limits)


def submit_node(kwargs: Mapping[str, Any]) -> None:
    """Show the form of a submission with this render node."""
    from cosmos_houdini.houdini import shelf  # noqa: PLC0415 - loads Qt

    path = kwargs["node"].path()
    explain_errors(lambda: shelf.open_submit_form(path))()


def load_result(kwargs: Mapping[str, Any]) -> None:
    """Show the results of the project, to be set behind this camera."""
    from cosmos_houdini.houdini import shelf  # noqa: PLC0415 - likewise
    from cosmos_houdini.houdini.windows.result_actions import background_action  # noqa: PLC0415 - likewise

    node: hou.OpNode = kwargs["node"]
    explain_errors(lambda: shelf.show_results(f"Load Result behind {node.path()}", (background_action(node),)))()


def copy_parameters(kwargs: Mapping[str, Any]) -> None:
    """Show the results of the project, whose parameters can be copied to the parameter's node."""
    from cosmos_houdini.houdini.tops.asset_buttons import copy_from_result  # noqa: PLC0415 - likewise

    copy_from_result({"node": kwargs["parms"][0].node()})
