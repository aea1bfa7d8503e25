"""The render nodes of the open scene, in the form of the offline reader."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import cast

import hou

from cosmos_houdini.model.render_node import (
    OF_STAGES,
    OUTPUT_TYPES,
    PRODUCT_LISTS,
    RENDER_NODES,
    STAGE_PRODUCTS,
    STAGE_RENDERERS,
    TEXT_EXPRESSION,
    base_type,
    expand_own_name,
    list_products,
)
from cosmos_houdini.model.render_outputs import CURRENT_TAKE, StageNode, link_outputs, offered_outputs, var_names
from cosmos_houdini.model.scene import RenderOutput, whole


def all_nodes() -> list[hou.OpNode]:
    """Return the nodes that the scene's file holds: the inside of a locked asset is not saved in it."""
    return [cast("hou.OpNode", node) for node in hou.root().allSubChildren(recurse_in_locked_nodes=False)]


def read_open_outputs(nodes: Iterable[hou.OpNode] | None = None) -> tuple[RenderOutput, ...]:
    """Return the nodes that name pictures.

    Args:
        nodes: of the scene; without them, all are read.
    """
    writing = [node for node in (all_nodes() if nodes is None else nodes) if type_name(node) in OUTPUT_TYPES]
    stage = {node.path(): _stage_node(node) for node in writing if type_name(node) in OF_STAGES}
    return link_outputs([output for node in writing for output in _outputs(node)], stage, _inputs)


def output_paths() -> tuple[str, ...]:
    """Return the nodes from which an artist chooses: each writes pictures, and no two stand for the same render."""
    return tuple(output.path for output in offered_outputs(read_open_outputs()))


def type_name(node: hou.OpNode) -> str:
    """Return a node's type without namespace and version."""
    return base_type(node.type().name())


def read_text(node: hou.OpNode, name: str) -> str | None:
    """Return a text as the artist wrote it, with its variables; None where it is empty or the node lacks it."""
    parm = node.parm(name)
    if parm is None:
        return None
    try:
        return parm.unexpandedString() or None
    except hou.OperationFailed:
        # Driven by a channel. One that is nothing but a quoted text is that text, as the artist wrote it.
        literal = TEXT_EXPRESSION.fullmatch(parm.expression())
        return (literal[1] if literal else parm.evalAsString()) or None


def _outputs(node: hou.OpNode) -> Iterator[RenderOutput]:
    """Yield the pictures that a node names: one, or one for each product in its list."""
    if type_name(node) not in PRODUCT_LISTS:
        yield _output(node)
        return
    for parm, picture, camera, prims in list_products(lambda name: read_text(node, name)):
        yield RenderOutput(
            path=f"{node.path()}/{parm}",
            type=node.type().name(),
            picture=picture,
            camera=camera,
            frame_range=None,
            vars=var_names(prims or ""),
        )


def _output(node: hou.OpNode) -> RenderOutput:
    type_ = type_name(node)
    parms = RENDER_NODES[type_]
    take = read_text(node, "take")
    return RenderOutput(
        path=node.path(),
        type=node.type().name(),
        picture=read_text(node, parms.picture),
        camera=read_text(node, parms.camera) if parms.camera else None,
        frame_range=_range(node),
        delegate=read_text(node, "renderer") if type_ in STAGE_RENDERERS else None,
        take=None if take == CURRENT_TAKE else take,
        vars=var_names(read_text(node, "orderedVars") or "") if type_ in STAGE_PRODUCTS else (),
    )


def _stage_node(node: hou.OpNode) -> StageNode:
    if type_name(node) not in STAGE_RENDERERS:
        prim = read_text(node, "primpath")
        return StageNode(prim=expand_own_name(prim, node.path()) if prim else None)
    named = read_text(node, "loppath")
    head = posixpath.normpath(posixpath.join(node.path(), named)) if named else None
    return StageNode(heads=(head,) if head else _inputs(node.path()), prim=read_text(node, "rendersettings"))


def _inputs(path: str) -> tuple[str, ...]:
    # Not checked at run time: Houdini 20.0 has no class of this name.
    node = cast("hou.OpNode | None", hou.node(path))
    return tuple(other.path() for other in node.inputs() if other is not None) if node is not None else ()


def _range(node: hou.OpNode) -> tuple[float, float, float] | None:
    mode, span = node.parm("trange"), node.parmTuple("f")
    if mode is None or span is None or mode.evalAsString() in {"off", "0"}:
        return None
    first, last, step = span.evalAsFloats()
    return (whole(first), whole(last), whole(step))
