"""The render nodes of a scene together: which node writes the pictures that another one names.

In Solaris, a Karma Render Settings node or a Render Product node names a picture, and a USD Render node below it writes
the picture and has the frame range. All functions here are pure; both readers of scenes use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cosmos_houdini.model.render_node import STAGE_PRODUCTS, STAGE_RENDERERS, STAGE_SETTINGS, WINDOWS, base_type
from cosmos_houdini.model.scene import Camera, RenderOutput, Scene

CURRENT_TAKE = "_current_"
"""The value of a node's parameter ``take`` that means the scene's current take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNode:
    """The facts of a node of a USD stage about its rendering.

    Attributes:
        heads: of a renderer, the nodes whose stage it renders: its ``loppath``, else its inputs.
        prim: of settings, the path of their prim; of a renderer, the path of the settings that it takes.
    """

    heads: tuple[str, ...] = ()
    prim: str | None = None


def link_outputs(
    outputs: Iterable[RenderOutput], stage: Mapping[str, StageNode], inputs: Callable[[str], Sequence[str]]
) -> tuple[RenderOutput, ...]:
    """Return outputs that know which of them render which.

    Args:
        outputs: of a scene, in its order.
        stage: the nodes of USD stages among them, by path.
        inputs: returns the paths that are wired into a node, for any node of a stage.
    """
    by_path = {output.path: output for output in outputs}
    renderers = [path for path in by_path if base_type(by_path[path].type) in STAGE_RENDERERS and path in stage]
    renders = {path: _named_above(by_path, stage, path, inputs) for path in renderers}
    rendered_by: dict[str, str] = {}
    for renderer, named in renders.items():
        for path in named:
            rendered_by.setdefault(path, renderer)
    return tuple(
        replace(output, renders=renders.get(path, ()), rendered_by=rendered_by.get(path))
        for path, output in by_path.items()
    )


def has_picture(output: RenderOutput) -> bool:
    """Whether a node itself names a picture file."""
    return output.picture is not None and output.picture not in WINDOWS


def find_named(output: RenderOutput, outputs: Iterable[RenderOutput]) -> tuple[RenderOutput, ...]:
    """Return the nodes that name the pictures which a node writes, the main one first; nothing where there is none."""
    by_path = {other.path: other for other in outputs}
    named = [by_path[path] for path in output.renders if path in by_path and has_picture(by_path[path])]
    if not has_picture(output):
        return () if output.picture in WINDOWS else tuple(named)
    # The node's own path replaces that of the settings, and the products keep theirs.
    return (output, *(other for other in named if base_type(other.type) in STAGE_PRODUCTS))


def resolve_output(output: RenderOutput, outputs: Iterable[RenderOutput]) -> RenderOutput:
    """Return a node with picture, camera, range and take as they hold when it, or the node below it, renders."""
    known = tuple(outputs)
    renderer = next((other for other in known if other.path == output.rendered_by), output)
    named = find_named(output, known)
    cameras = [renderer.camera, output.camera, *(other.camera for other in named)]
    return replace(
        output,
        picture=named[0].picture if named else output.picture,
        camera=next(filter(None, cameras), None),
        frame_range=renderer.frame_range or output.frame_range,
        delegate=renderer.delegate,
        take=renderer.take or output.take,
    )


def rendering_camera(scene: Scene, output: str = "") -> Camera | None:
    """Return the camera of a render node, or that which all render nodes name, or the only one; None where it is open.

    Args:
        scene: cameras and render nodes.
        output: path of the render node; empty for all of them.
    """
    asked = [each for each in scene.outputs if each.path == output] or scene.outputs
    named = {resolve_output(each, scene.outputs).camera for each in asked}
    rendered = [camera for camera in scene.cameras if camera.path in named or (camera.prim and camera.prim in named)]
    if len(rendered) == 1:
        return rendered[0]
    return scene.cameras[0] if len(scene.cameras) == 1 else None


def offered_outputs(outputs: Iterable[RenderOutput]) -> tuple[RenderOutput, ...]:
    """Return the nodes that an artist chooses from: each writes a picture, and no two stand for the same render."""
    known = tuple(outputs)
    writing = {output.path for output in known if find_named(output, known)}
    return tuple(
        resolve_output(output, known)
        for output in known
        if output.path in writing and output.rendered_by not in writing
    )


def var_names(text: str) -> tuple[str, ...]:
    """Return the names of the render vars that a product lists by their prims; patterns name none.

    >>> var_names("/Render/Products/Vars/depth /Render/Products/Vars/N"), var_names("/Render/Products/Vars/*")
    (('depth', 'N'), ())
    """
    names = [prim.rpartition("/")[2] for prim in text.replace(",", " ").split()]
    return tuple(name for name in names if name.isidentifier())


def _named_above(
    by_path: Mapping[str, RenderOutput],
    stage: Mapping[str, StageNode],
    renderer: str,
    inputs: Callable[[str], Sequence[str]],
) -> tuple[str, ...]:
    """Return the settings that a renderer takes, and the products above it, nearest first."""
    of_nodes: dict[str, list[str]] = {}
    for path, output in by_path.items():
        of_nodes.setdefault(output.node_path, []).append(path)
    above = [path for node in _walk(stage[renderer].heads, inputs) for path in of_nodes.get(node, ())]
    settings = [path for path in above if base_type(by_path[path].type) in STAGE_SETTINGS]
    wanted = stage[renderer].prim
    chosen = [path for path in settings if wanted and path in stage and stage[path].prim == wanted] or settings
    return (*chosen[:1], *(path for path in above if base_type(by_path[path].type) in STAGE_PRODUCTS))


def _walk(heads: Sequence[str], inputs: Callable[[str], Sequence[str]]) -> list[str]:
    """Return nodes and everything above them, each once, nearest first."""
    seen: dict[str, None] = {}
    waiting = list(heads)
    while waiting:
        path = waiting.pop(0)
        if path not in seen:
            seen[path] = None
            waiting += inputs(path)
    return list(seen)
