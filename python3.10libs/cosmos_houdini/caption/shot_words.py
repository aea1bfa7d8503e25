"""Everything that is known about a shot on disk: a scene file, or a folder of converted videos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.caption.object_sizes import measure_objects
from cosmos_houdini.caption.prompt import Known, PromptFormat, WrittenPrompt, write_prompt
from cosmos_houdini.errors import BadInput
from cosmos_houdini.facts.framing import describe_framing
from cosmos_houdini.facts.read import read_facts
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_metadata


def prompt_of(path: Path, *, ffmpeg: FFmpeg, style: str = "", format_: PromptFormat = "text") -> WrittenPrompt:
    """Return a first prompt for a shot.

    Args:
        path: a .hip, .hiplc or .hipnc file, or a folder with ``metadata.json``.
        ffmpeg: decodes the segmentation.
        style: the user's own words.
        format_: as for ``write_prompt``.

    Raises:
        BadInput: the path is neither, or cannot be read, or as for ``write_prompt``.
    """
    return write_prompt(known_of(path, ffmpeg=ffmpeg, style=style), format_)


def known_of(path: Path, *, ffmpeg: FFmpeg, style: str = "") -> Known:
    """Return what is known about a shot; arguments and errors are those of ``prompt_of``."""
    if path.is_dir():
        return known_of_folder(read_metadata(path), ffmpeg=ffmpeg, style=style)
    if path.name == FILE_NAME:
        return known_of_folder(read_metadata(path.parent), ffmpeg=ffmpeg, style=style)
    if path.exists() and not path.suffix.startswith(".hip"):
        raise BadInput(f"{path} is no shot", allowed="a .hip file, or a folder that convert-sequence made")
    return Known(facts=read_facts(path)[1].document(), style=style)


def known_of_folder(document: Mapping[str, Any], *, ffmpeg: FFmpeg, style: str = "") -> Known:
    """Return what the ``metadata.json`` of a conversion and its segmentation say.

    Args:
        document: from ``read_metadata``.
        ffmpeg: decodes the segmentation.
        style: the user's own words.
    """
    sizes = measure_objects(document, ffmpeg=ffmpeg)
    framing = describe_framing(sizes)
    scene, caption = document.get("scene") or {}, document.get("caption") or {}
    return Known(
        caption=str(caption.get("text") or ""),
        style=style,
        facts=scene.get("facts"),
        objects=tuple(one.name for one in framing.objects) if framing else (),
        framing=framing.words if framing else "",
    )
