"""Convert a scene file to a Scene."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.model.contents import SceneContents
from cosmos_houdini.model.render_node import OUTPUT_TYPES
from cosmos_houdini.model.scene import License, Scene
from cosmos_houdini.scene.archive import open_archive
from cosmos_houdini.scene.camera import CAMERA_TYPES, read_cameras
from cosmos_houdini.scene.nodes import Contents, read_contents
from cosmos_houdini.scene.output import read_outputs
from cosmos_houdini.scene.timeline import Timeline, parse_timeline
from cosmos_houdini.scene.variables import parse_variables, saved_at


def read_scene(path: Path) -> Scene:
    """Read a ``.hip``, ``.hiplc`` or ``.hipnc`` without Houdini; nothing in it is evaluated or run.

    Raises:
        BadInput: the file is missing, unreadable, no scene, cut off or damaged.
    """
    with open_archive(path) as archive:
        contents = read_contents(archive, CAMERA_TYPES | OUTPUT_TYPES)
    return _scene(path, archive.license, contents, parse_timeline(contents.start, path))


def read_scene_contents(path: Path) -> tuple[Scene, SceneContents]:
    """Read a scene file as ``read_scene`` does, and in the same walk the cameras' ways, lights, materials and objects.

    Raises:
        BadInput: as for ``read_scene``.
    """
    # Imported here: most calls need frame rate and cameras alone.
    from cosmos_houdini.scene.contents import CONTENT_TYPES, describe_contents  # noqa: PLC0415

    with open_archive(path) as archive:
        contents = read_contents(archive, CAMERA_TYPES | OUTPUT_TYPES | CONTENT_TYPES, with_objects=True)
    timeline = parse_timeline(contents.start, path)
    scene = _scene(path, archive.license, contents, timeline)
    return scene, describe_contents(contents, scene, timeline)


def _scene(path: Path, license_: License, contents: Contents, timeline: Timeline) -> Scene:
    variables = parse_variables(contents.variables or "")
    return Scene(
        path=path,
        license=license_,
        houdini_version=variables.get("_HIP_SAVEVERSION"),
        saved_at=saved_at(variables, contents.saved_s),
        fps=timeline.fps,
        current_frame=timeline.current,
        frame_range=(timeline.first, timeline.last),
        playback_range=timeline.playback,
        cameras=read_cameras(contents.nodes, contents.types, timeline),
        outputs=read_outputs(contents.nodes, contents.inputs, timeline),
        variables=variables,
    )
