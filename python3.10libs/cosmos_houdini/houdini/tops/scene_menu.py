"""The menus of the node assets that list what the open scene has: render nodes, cameras and takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import hou

from cosmos_houdini.houdini.open_outputs import output_paths
from cosmos_houdini.model.render_node import base_type

ALL = ("*", "All")


def render_node_items() -> list[str]:
    """Return the render nodes that name a picture, in ``/out``, in Solaris and in Copernicus, as a menu script does."""
    return _items(output_paths())


def camera_items() -> list[str]:
    """Return the cameras: those of ``/obj`` by their node, those of Solaris by their prim."""
    return _items(sorted({*_object_cameras(), *_solaris_cameras()}))


def take_items() -> list[str]:
    """Return the takes of the scene by name."""
    return [text for take in hou.takes.takes() for text in (take.name(), take.name())]


def _items(paths: Iterable[str]) -> list[str]:
    return [*ALL, *(text for path in paths for text in (path, path))]


def _object_cameras() -> Iterator[str]:
    for type_ in hou.objNodeTypeCategory().nodeTypes().values():
        if base_type(type_.name()) == "cam":
            yield from (node.path() for node in type_.instances())


def _solaris_cameras() -> Iterator[str]:
    for type_ in hou.lopNodeTypeCategory().nodeTypes().values():
        if base_type(type_.name()) == "camera":
            for node in type_.instances():
                prim = node.parm("primpath")
                if prim is not None:
                    yield prim.evalAsString()
