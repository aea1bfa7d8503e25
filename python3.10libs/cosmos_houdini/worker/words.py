"""The first prompt for the scene that is open in Houdini, which hands over what it evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmos_houdini.caption.prompt import Known, WrittenPrompt, write_prompt
from cosmos_houdini.errors import BadInput
from cosmos_houdini.facts.scene_facts import describe_scene
from cosmos_houdini.model.contents import SceneContents


def write_session_prompt(document: Mapping[str, Any], camera: str | None, style: str) -> WrittenPrompt:
    """Return a first prompt for a session of Houdini.

    Args:
        document: the contents as ``SceneContents.document`` writes them.
        camera: path of the camera that renders; None where that is open.
        style: the user's own words.

    Raises:
        BadInput: the contents have another form, or as for ``caption.prompt.write_prompt``.
    """
    try:
        contents = SceneContents.from_document(document)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"write-prompt: the contents of the scene cannot be read: {error!r}") from error
    return write_prompt(Known(facts=describe_scene(contents, camera).document(), style=style))
