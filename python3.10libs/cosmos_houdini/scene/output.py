"""Convert render nodes to RenderOutputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cosmos_houdini.errors import BadInput, did_you_mean
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
from cosmos_houdini.model.render_outputs import CURRENT_TAKE, StageNode, link_outputs, var_names
from cosmos_houdini.model.scene import RenderOutput, Scene, whole
from cosmos_houdini.scene.nodes import Node, stage_path
from cosmos_houdini.scene.parm import unquoted
from cosmos_houdini.scene.timeline import Timeline


def read_outputs(
    nodes: tuple[Node, ...], inputs: Mapping[str, tuple[str, ...]], timeline: Timeline
) -> tuple[RenderOutput, ...]:
    """Return the render nodes among ``nodes``, in the order of the file.

    Args:
        nodes: of the scene.
        inputs: the paths that are wired into a node, for nodes of a USD stage.
        timeline: gives the global range.
    """
    writing = [node for node in nodes if base_type(node.type) in OUTPUT_TYPES]
    stage = {node.path: _stage_node(node, inputs) for node in writing if base_type(node.type) in OF_STAGES}
    outputs = [output for node in writing for output in _outputs(node, timeline)]
    return link_outputs(outputs, stage, lambda path: inputs.get(path, ()))


def find_output(scene: Scene, node_path: str) -> RenderOutput:
    """Return the render node of a scene with the path ``node_path``.

    Raises:
        BadInput: the scene has no render node with that path; the error names the render nodes that it has.
    """
    by_path = {output.path: output for output in scene.outputs}
    if node_path not in by_path:
        raise BadInput(
            f"{scene.path} has no render node {node_path}",
            allowed=", ".join(by_path) or "none: the scene renders no pictures",
            action=did_you_mean(node_path, by_path),
        )
    return by_path[node_path]


def _stage_node(node: Node, inputs: Mapping[str, tuple[str, ...]]) -> StageNode:
    if base_type(node.type) in STAGE_RENDERERS:
        named = stage_path(node)
        return StageNode(heads=(named,) if named else inputs.get(node.path, ()), prim=_text(node, "rendersettings"))
    prim = _text(node, "primpath")
    return StageNode(prim=expand_own_name(prim, node.path) if prim else None)


def _outputs(node: Node, timeline: Timeline) -> Iterator[RenderOutput]:
    """Yield the pictures that a node names: one, or one for each product in its list."""
    if base_type(node.type) not in PRODUCT_LISTS:
        yield _output(node, timeline)
        return
    for parm, picture, camera, prims in list_products(lambda name: _text(node, name)):
        yield RenderOutput(
            path=f"{node.path}/{parm}",
            type=node.type,
            picture=picture,
            camera=camera,
            frame_range=None,
            vars=var_names(prims or ""),
        )


def _output(node: Node, timeline: Timeline) -> RenderOutput:
    renderer = RENDER_NODES[base_type(node.type)]
    return RenderOutput(
        path=node.path,
        type=node.type,
        picture=_text(node, renderer.picture),
        camera=_text(node, renderer.camera) if renderer.camera else None,
        frame_range=_range(node, timeline),
        delegate=_text(node, "renderer") if base_type(node.type) in STAGE_RENDERERS else None,
        take=None if (take := _text(node, "take")) in {None, CURRENT_TAKE} else take,
        vars=var_names(_text(node, "orderedVars") or "") if base_type(node.type) in STAGE_PRODUCTS else (),
    )


def _text(node: Node, parm: str) -> str | None:
    """Return a parameter's text: the quoted text of its only key, or else the text when the scene was saved."""
    values = node.parms.get(parm)
    if not values:
        return None
    channel = node.channels.get(values[0].channel or "")
    if channel and len(channel.segments) == 1:
        literal = TEXT_EXPRESSION.fullmatch(channel.segments[0].expression)
        if literal:
            return unquoted(literal[1])
    return values[0].text or None


def _range(node: Node, timeline: Timeline) -> tuple[float, float, float] | None:
    """Return the first frame, last frame and increment of a node; None if it renders only the current frame."""
    values, mode = node.parms.get("f", ()), node.parms.get("trange", ())
    if len(values) != 3 or not mode or mode[0].text in {"off", "0"}:  # noqa: PLR2004 - start, end, increment
        return None
    numbers = []
    for value in values:
        channel = node.channels.get(value.channel or "")
        expression = channel.segments[0].expression if channel and channel.segments else ""
        # These two variables are the global range by definition; their value is 0 in a node that never rendered.
        ends = {"$FSTART": float(timeline.first), "$FEND": float(timeline.last)}
        numbers.append(ends.get(expression, value.number))
    first, last, step = numbers
    if first is None or last is None or step is None:
        return None
    return (whole(first), whole(last), whole(step))
