"""Which nodes are wired into another, and which object carries another."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cosmos_houdini.model.render_node import base_type

_INPUTS = re.compile(r"^inputs\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_INPUT = re.compile(r'^\d+[ \t]+"?([^"\s]+)"?[ \t]', re.MULTILINE)
_OBJECTS = "/obj"


def parent_path(path: str, definition: str, types: Mapping[str, str]) -> str | None:
    """Return the object whose movement a node follows: the object wired into it, else the subnet around it.

    Args:
        path: the node.
        definition: the text of its ``.def``.
        types: the type of every node, by path.
    """
    folder = path.rpartition("/")[0]
    if wired := wired_paths(path, definition):
        return wired[0]
    around = types.get(folder)
    return folder if around is not None and base_type(around) != "objnet" else None


def wired_paths(path: str, definition: str) -> tuple[str, ...]:
    """Return the paths of the nodes that are wired into one, from the text of its ``.def``."""
    block = _INPUTS.search(definition)
    folder = path.rpartition("/")[0]
    return tuple(f"{folder}/{name}" for name in _INPUT.findall(block[1])) if block else ()


def is_object(path: str, types: Mapping[str, str]) -> bool:
    """Whether a node is an object: directly below ``/obj``, or in subnets there.

    >>> is_object("/obj/rig/cam1", {"/obj/rig": "subnet"}), is_object("/obj/geo1/box1", {"/obj/geo1": "geo"})
    (True, False)
    """
    folder = path.rpartition("/")[0]
    while folder != _OBJECTS:
        if base_type(types.get(folder, "")) != "subnet":
            return False
        folder = folder.rpartition("/")[0]
    return True
