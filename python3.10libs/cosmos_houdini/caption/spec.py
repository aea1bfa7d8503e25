"""A prompt spec from a folder of converted videos, with a first prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosmos_houdini.caption.prompt import PromptFormat, WrittenPrompt, write_prompt
from cosmos_houdini.caption.shot_words import known_of_folder
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.specs.create import create_prompt_spec


def spec_from_metadata(
    folder: Path,
    *,
    ffmpeg: FFmpeg,
    name: str | None = None,
    prompt: str | None = None,
    style: str = "",
    format_: PromptFormat = "text",
    negative_prompt: str = "",
    extras: Mapping[str, object] | None = None,
) -> tuple[PromptSpec, WrittenPrompt | None]:
    """Return a prompt spec for the videos of a folder, and the first prompt where none was given.

    Args:
        folder: holds ``metadata.json``, as convert-sequence or submit --prepare made it.
        ffmpeg: decodes the videos.
        name: of the spec; None for the shot's own.
        prompt: a prompt; None for a first prompt from caption, facts and ``style``.
        style: the user's own words.
        format_: of the first prompt.
        negative_prompt: what to avoid; empty for the engine's own.
        extras: further keys of the spec, as for ``create_prompt_spec``.

    Raises:
        BadInput: the folder holds no colour video, or as for ``write_prompt`` and ``create_prompt_spec``.
    """
    document = read_metadata(folder)
    videos = {kind: Path(video["path"]) for kind, video in document["videos"].items()}
    if "color" not in videos:
        raise BadInput(f"{folder} holds no video of the colour pass", allowed=", ".join(videos))
    written = None
    if prompt is None:
        written = write_prompt(known_of_folder(document, ffmpeg=ffmpeg, style=style), format_)
        prompt = written.text
    controls = {Control(kind): path for kind, path in videos.items() if kind in {str(one) for one in Control}}
    name = name or portable_name(document["name"]) or "shot"
    spec = create_prompt_spec(
        name, prompt, videos["color"], controls, ffmpeg=ffmpeg, negative_prompt=negative_prompt, extras=extras
    )
    return spec, written
