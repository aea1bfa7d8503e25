"""Read a scene file together with its facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.facts.scene_facts import SceneFacts, describe_scene
from cosmos_houdini.model.render_outputs import rendering_camera
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.scene.reader import read_scene, read_scene_contents


def read_facts(path: Path, camera: str | None = None) -> tuple[Scene, SceneFacts]:
    """Read a scene file, and the facts about the camera that renders.

    Args:
        path: a .hip, .hiplc or .hipnc file.
        camera: path of the camera; None for that of the only render node, or the only one.

    Raises:
        BadInput: the file cannot be read, or a part that facts are made of is damaged.
    """
    scene, contents = read_scene_contents(path)
    rendering = rendering_camera(scene)
    facts = describe_scene(contents, camera or (rendering.path if rendering else None))
    return replace(scene, facts=facts.document()), facts


def read_described_scene(path: Path) -> Scene:
    """Read a scene file with its facts; without them where only the parts that facts are made of are damaged.

    Raises:
        BadInput: as for ``read_scene``.
    """
    try:
        return read_facts(path)[0]
    except BadInput:
        return read_scene(path)
