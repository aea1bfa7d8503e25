"""Convert a scene file to a Scene."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.model.scene import Scene
from cosmos_houdini.scene.archive import open_archive
from cosmos_houdini.scene.camera import CAMERA_TYPES, read_cameras
from cosmos_houdini.scene.nodes import read_contents
from cosmos_houdini.scene.output import OUTPUT_TYPES, read_outputs
from cosmos_houdini.scene.timeline import parse_timeline
from cosmos_houdini.scene.variables import parse_variables, saved_at


def read_scene(path: Path) -> Scene:
    """Read a ``.hip``, ``.hiplc`` or ``.hipnc`` without Houdini; nothing in it is evaluated or run.

    Raises:
        BadInput: the file is missing, unreadable, no scene, cut off or damaged.
    """
    with open_archive(path) as archive:
        contents = read_contents(archive, CAMERA_TYPES | OUTPUT_TYPES)
        license_ = archive.license
    timeline = parse_timeline(contents.start, path)
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
