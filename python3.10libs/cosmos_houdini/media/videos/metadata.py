"""The file ``metadata.json``, which describes a folder of converted videos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.video import SCHEMA, Conversion
from cosmos_houdini.whole_file import write_whole

FILE_NAME = "metadata.json"

_Count = Annotated[int, Meta(ge=1, le=2**31)]
_Number = Annotated[int, Meta(ge=-(2**31), le=2**31)]
_Size = tuple[_Count, _Count]
_Rate = Annotated[float, Meta(gt=0, le=1000)]


class _Video(Struct):
    path: Annotated[str, Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    frames: _Count
    size: _Size
    fps: _Rate


class _Source(Struct):
    first: _Number
    step: _Count


class _Frame(Struct):
    plate: _Size


class _Document(Struct):
    """The values that the commands of a later day use; the file has more."""

    name: str
    fps: _Rate
    frames: _Count
    size: _Size
    videos: Annotated[dict[str, _Video], Meta(min_length=1)]
    sources: Annotated[dict[str, _Source], Meta(min_length=1)]
    frame: _Frame | None = None


def write_metadata(conversion: Conversion) -> Path:
    """Write ``metadata.json`` into the conversion's folder, whole or not at all, and return its path."""
    path = conversion.folder / FILE_NAME
    write_whole(path, (json.dumps(conversion.document(), indent=2, ensure_ascii=False) + "\n").encode())
    return path


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return the document of a folder of converted videos, with the paths of the files in this folder.

    The folder may have been moved or copied since the file was written, so only the names of the files count.

    Raises:
        BadInput: there is no ``metadata.json``, it has another kind, or its values are wrong or contradict one another.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise BadInput(f"{folder} holds no {FILE_NAME}", action="make one with convert-sequence")
    document = read_conversion(path)
    for video in document["videos"].values():
        video["path"] = str(folder / Path(video["path"]).name)
    return document


def read_conversion(path: Path) -> dict[str, Any]:
    """Return the document of a file that describes videos, with the paths that it holds.

    Raises:
        BadInput: it cannot be read, has another kind, or its values are wrong or contradict one another.
    """
    document: dict[str, Any] = read_json_file(path)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadInput(f"{path} is of another kind", allowed=f"schema {SCHEMA}")
    _check(document, path)
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


def _check(document: dict[str, Any], path: Path) -> None:
    """Refuse a document that lacks a value, has a wrong one, or whose videos differ from one another."""
    action = "make it again with convert-sequence"
    try:
        found = msgspec.convert(document, _Document, strict=True)
    except msgspec.ValidationError as error:
        said, _, place = str(error).replace("`", "").partition(" - at ")
        raise BadInput(f"{path}: {place.removeprefix('$.') or 'all of it'}: {said}", action=action) from error
    for pass_, video in found.videos.items():
        if (video.frames, video.size, video.fps) != (found.frames, found.size, found.fps):
            raise BadInput(f"{path}: the video of {pass_} has other frames, size or rate than the shot", action=action)
