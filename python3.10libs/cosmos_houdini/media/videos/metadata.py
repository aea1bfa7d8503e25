"""The file ``metadata.json``, which describes a folder of converted videos."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.video import SCHEMA, Conversion

FILE_NAME = "metadata.json"


def write_metadata(conversion: Conversion) -> Path:
    """Write ``metadata.json`` into the conversion's folder, whole or not at all, and return its path."""
    path = conversion.folder / FILE_NAME
    unfinished = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    try:
        text = json.dumps(conversion.document(), indent=2, ensure_ascii=False)
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return the document of a folder of converted videos, with the paths of the files in this folder.

    The folder may have been moved or copied since the file was written, so only the names of the files count.

    Raises:
        BadInput: there is no ``metadata.json``, or it has another kind.
    """
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{folder} holds no {FILE_NAME}", action="make one with convert-sequence") from error
    except ValueError as error:
        raise BadInput(f"{path} is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadInput(f"{path} is of another kind", allowed=f"schema {SCHEMA}")
    for video in document["videos"].values():
        video["path"] = str(folder / Path(video["path"]).name)
    return document


def verified_clips(document: Mapping[str, Any]) -> dict[Path, Clip]:
    """Return the videos that have not changed by a byte since they were made and decoded; do not decode them again.

    Args:
        document: the document from ``read_metadata``.
    """
    clips = (
        Clip(
            path=Path(video["path"]),
            sha256=video["sha256"],
            frames=video["frames"],
            size=(video["size"][0], video["size"][1]),
            fps=video["fps"],
        )
        for video in document["videos"].values()
    )
    return {clip.path: clip for clip in clips if clip.path.is_file() and sha256_of(clip.path) == clip.sha256}
