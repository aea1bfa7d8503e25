"""The scene's file as the worker reads it: every tool offers to save, and takes the name that saving gave the scene.

An Indie or Apprentice licence saves a scene under another ending, so that the name from before names an old file.
"""

from __future__ import annotations

from pathlib import Path

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.seen_color import note_seen_color

SAVE, CANCEL = "Save and Continue", "Cancel"
WATERMARK = "This is Houdini Apprentice: renders carry a watermark, and so do the results made of them"


def scene_path() -> Path:
    """Return the open scene's file.

    Raises:
        BadInput: the scene has never been saved.
    """
    if hou.hipFile.isNewFile():
        raise BadInput("this scene has no file yet", action="save it; the jobs of a shot belong to its scene's folder")
    return Path(hou.hipFile.path())


def saved_scene(title: str) -> Path | None:
    """Return the scene's file with all that is in the session, or None where the artist does not want to save.

    The colours that the artist looks through are noted too: work that begins now shows the same.

    Args:
        title: of the question.

    Raises:
        BadInput: the scene has never been saved.
    """
    scene_path()
    if hou.hipFile.hasUnsavedChanges():
        answer = hou.ui.displayMessage(
            "The scene has unsaved changes, and the saved file is what the work is done from.",
            buttons=(SAVE, CANCEL),
            close_choice=1,
            title=title,
        )
        if answer != 0:
            return None
        hou.hipFile.save()
    note_seen_color()
    if hou.isApprentice():
        hou.ui.setStatusMessage(WATERMARK, hou.severityType.Warning)
    # Saving may have given the scene another ending.
    return scene_path()
