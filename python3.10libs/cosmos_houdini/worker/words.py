"""Facts of the scene that is open in Houdini, which hands over what it evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.facts.scene_facts import describe_scene
from cosmos_houdini.model.contents import SceneContents
from cosmos_houdini.worker.request import Request


def tell_facts(request: Request) -> Mapping[str, Any]:
    """Return the facts of a session: ``contents`` as ``SceneContents.document`` writes it, and the ``camera``.

    Raises:
        BadInput: the contents have another form.
    """
    try:
        contents = SceneContents.from_document(request.options["contents"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"facts: the contents of the scene cannot be read: {error!r}") from error
    return {"facts": describe_scene(contents, request.options.get("camera")).document()}
