"""The prompt of a shot: what a person says, with what the scene knows of its camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmos_houdini.caption.prompt import describe_camera
from cosmos_houdini.caption.shot_words import known_of_folder
from cosmos_houdini.engines.captions import reads_captions
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.caption import add_cinematography, caption_of_text, check_prompt, write_caption
from cosmos_houdini.model.parameter import ParameterValue


def prompt_of_shot(
    prompt: str,
    document: Mapping[str, Any],
    *,
    engine: str,
    parameters: Mapping[str, ParameterValue],
    ffmpeg: FFmpeg,
) -> str:
    """Return a prompt as a caption with the shot's camera, where the engine reads captions and the scene is known.

    Motion, framing, angle and lens of the camera come from the scene, and are never asked of a person. The words of the
    prompt itself about them stay.

    Args:
        prompt: a text, or a caption as JSON.
        document: of the conversion, as ``metadata.json`` holds it.
        engine: its name.
        parameters: of the engine, with a value for each.
        ffmpeg: decodes the segmentation, which shows how large the objects are.

    Raises:
        BadInput: the prompt is empty, or is a broken caption.
    """
    if not reads_captions(engine, parameters):
        return prompt
    caption = check_prompt(prompt)
    if not (document.get("scene") or {}).get("facts"):
        return prompt
    camera = describe_camera(known_of_folder(document, ffmpeg=ffmpeg))
    return write_caption(add_cinematography(caption or caption_of_text(prompt), camera)) if camera else prompt
