"""Results as File nodes of a COP network beside the shot, to be compared and comped in Houdini itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_node import base_type

PLACE, NETWORK, FILE = "/obj", "cosmos_results", "file"
ADD_PLANES = "addaovs"
KINDS: Mapping[str, str] = {"copnet": "filename", "cop2net": "filename1"}
"""The parameter of a File node in each kind of network: Copernicus from Houdini 20.5 on, and compositing before."""


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
            file = node or network.createNode(FILE, valid)
            file.setParms({parm: path})
            # In Copernicus a File node has no planes before this button is pressed.
            if planes := file.parm(ADD_PLANES):
                planes.pressButton()
        network.layoutChildren()
    return network


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
