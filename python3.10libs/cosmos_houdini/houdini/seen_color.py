"""The display and the view of OpenColorIO through which the artist looks at the scene."""

from __future__ import annotations

import os
from typing import cast

import hou

DISPLAY, VIEW = "COSMOS_HOUDINI_OCIO_DISPLAY", "COSMOS_HOUDINI_OCIO_VIEW"
"""Variables of the worker and of TOP jobs; the configuration's own display and view go before them."""


def note_seen_color() -> None:
    """Hand on the Scene View's display and view to everything that this Houdini starts.

    Called on Houdini's own thread by the tools that start work; the configuration of ``$OCIO`` is inherited by itself.
    """
    viewer = cast("hou.SceneViewer | None", hou.ui.paneTabOfType(hou.paneTabType.SceneViewer))
    if viewer is None or not viewer.usingOCIO():
        os.environ.pop(DISPLAY, None)
        os.environ.pop(VIEW, None)
        return
    os.environ[DISPLAY], os.environ[VIEW] = viewer.getOCIODisplay(), viewer.getOCIOView()
