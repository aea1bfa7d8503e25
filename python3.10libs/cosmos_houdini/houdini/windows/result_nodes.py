"""Results as File nodes of a COP network beside the shot, to be compared and comped in Houdini itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_node import base_type

PLACE, NETWORK, FILE = "/obj", "cosmos_results", "file"
KINDS: Mapping[str, str] = {"copnet": "filename", "cop2net": "filename1"}
"""The parameter of a File node in each kind of network: Copernicus from Houdini 20.5 on, and compositing before."""


ADD_PLANES, SPACE = "addaovs", "colorspace"
"""Parameters of the File node in Copernicus: the button Add AOVs from File, and Color Space."""


def load_in_cops(pictures: Mapping[str, str]) -> hou.OpNode:
    """Load pictures into the scene's network of results, a File node each; one undo takes it all back.

    Args:
        pictures: paths as a parameter holds them, with ``$F4``, by the names of their nodes. A node that is there
            already gets the pictures.

    Returns:
        The network.

    Raises:
        BadInput: this Houdini makes neither kind of network.
    """
    with hou.undos.group("Load Cosmos Results"):
        network = _network()
        parm = KINDS[base_type(network.type().name())]
        for name, path in pictures.items():
            valid = re.sub(r"\W", "_", name)
            # Not checked at run time, here and below: Houdini 20.0 has no class of this name.
            node = cast("hou.OpNode | None", hou.node(f"{network.path()}/{valid}"))
            node = node or network.createNode(FILE, valid)
            node.setParms({parm: path})
            _add_planes(node)
        network.layoutChildren()
    return network


def _add_planes(node: hou.OpNode) -> None:
    """Let a File node of Copernicus take the planes that its files have, in the colours that its names say.

    Houdini 21 presses a button of a COP only after a cook, and a node that had other files keeps their planes else.
    """
    if node.parm(ADD_PLANES) is None:
        return
    if node.parm(SPACE) is not None:
        # The file rules of the OpenColorIO configuration: a PNG is a picture of a display.
        node.setParms({SPACE: "ocio"})
    with suppress(hou.OperationFailed):
        # Without planes the first cook may fail, and adds nothing wrong.
        node.cook(force=True)
    if (planes := node.parm("aovs")) is not None:
        planes.set(0)
    for name in ("reload", ADD_PLANES):
        if (button := node.parm(name)) is not None:
            button.pressButton()


def _network() -> hou.OpNode:
    network = cast("hou.OpNode | None", hou.node(f"{PLACE}/{NETWORK}"))
    if network is not None and base_type(network.type().name()) in KINDS:
        return network
    kind = next((kind for kind in KINDS if hou.nodeType(hou.objNodeTypeCategory(), kind)), None)
    if kind is None:
        raise BadInput(
            f"{PLACE} takes no network of pictures", allowed=" or ".join(KINDS), action="use Set as Background"
        )
    return cast("hou.OpNode", hou.node(PLACE)).createNode(kind, NETWORK)
