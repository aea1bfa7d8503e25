"""Read Houdini scene files without Houdini: a .hip becomes a Scene."""

from cosmos_houdini.scene.camera import sample_cameras
from cosmos_houdini.scene.output import find_output
from cosmos_houdini.scene.picture import expand_picture, picture_pattern
from cosmos_houdini.scene.reader import read_scene

__all__ = ["expand_picture", "find_output", "picture_pattern", "read_scene", "sample_cameras"]
