"""The use case: a caption for a video, or for a folder of converted videos."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.caption.answers import Answer, Words, merge_answers
from cosmos_houdini.caption.environment import find_python
from cosmos_houdini.caption.frames import MOST_FRAMES, pick_frames, write_frames
from cosmos_houdini.caption.models import LocalModel, find_model, refuse_too_large
from cosmos_houdini.caption.process import run_captioner
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_metadata
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.whole_file import write_whole

QUESTION = (
    "These are frames of one shot, in order. Describe the shot in one paragraph of at most 80 words: the subjects, the "
    "setting, the light, the weather and what happens. Then write a line 'Tags:' with up to 12 words, and a line "
    "'Name:' with a short name for the shot."
)
LONGEST_ANSWER = 200
_MOST_ALLOWED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionOptions:
    """How a shot is described.

    Attributes:
        model: folder or name of a model; None for the configuration's.
        most_frames: the most frames that the model sees, 1 to 64.
        max_tokens: the most tokens of one answer, 1 to 2000.
    """

    model: str | None = None
    most_frames: int = MOST_FRAMES
    max_tokens: int = LONGEST_ANSWER

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 1 <= self.most_frames <= _MOST_ALLOWED:
            raise BadInput(f"frames = {self.most_frames}", allowed=f"1 to {_MOST_ALLOWED}")
        if not 1 <= self.max_tokens <= 2000:  # noqa: PLR2004 - the limit of the docstring
            raise BadInput(f"max_tokens = {self.max_tokens}", allowed="1 to 2000")


DEFAULT_CAPTION = CaptionOptions()


def caption_path(
    config: Config, path: Path, reporter: Reporter, options: CaptionOptions = DEFAULT_CAPTION
) -> dict[str, Any]:
    """Describe a video, or the colour video of a folder, and return the caption's document.

    A folder's ``metadata.json`` gets it under ``caption``.

    Args:
        config: names the model and its Python.
        path: a video file, or a folder with ``metadata.json``.
        reporter: takes progress and warnings.
        options: how it is described.

    Raises:
        BadInput: the video cannot be decoded, there is no model or no environment for it, or the model is broken.
        ToolError: the captioner died.
    """
    if not path.is_dir():
        return caption_video(config, path, reporter, options)
    videos = read_metadata(path)["videos"]
    if "color" not in videos:
        raise BadInput(f"{path} holds no video of the colour pass", allowed=", ".join(videos))
    found = caption_video(config, Path(videos["color"]["path"]), reporter, options)
    _enter(path / FILE_NAME, found)
    return found


def caption_video(
    config: Config, video: Path, reporter: Reporter, options: CaptionOptions = DEFAULT_CAPTION
) -> dict[str, Any]:
    """Describe a video file; arguments and errors are those of ``caption_path``."""
    model = find_model(options.model or config.settings.caption.model)
    python = find_python(config)
    refuse_too_large(model)
    numbers = pick_frames(video, ffmpeg=config.ffmpeg, most=options.most_frames)
    with tempfile.TemporaryDirectory(prefix="cosmos-frames-") as folder:
        files = write_frames(video, numbers, Path(folder), ffmpeg=config.ffmpeg)
        request = {
            "action": "describe",
            "model": str(model.folder),
            "frames": [str(file) for file in files],
            "question": QUESTION,
            "max_new_tokens": options.max_tokens,
            "device": config.settings.caption.device,
        }
        result = run_captioner(python, request, reporter)
    words = merge_answers([Answer(text=one["text"], confidence=one["confidence"]) for one in result["answers"]])
    if not words.text:
        reporter.say(f"warning: the model {model.name} said nothing of {video.name}")
    if words.is_foreign:
        reporter.say(f"warning: the caption seems to be in another language than English: {words.text[:80]}")
    return _document(words, model, numbers, result, options)


def add_caption(
    config: Config, conversion: Conversion, reporter: Reporter, options: CaptionOptions = DEFAULT_CAPTION
) -> dict[str, Any] | None:
    """Describe a conversion that is done; a caption that fails is a warning, and the conversion stays as it is."""
    try:
        return caption_path(config, conversion.folder, reporter, options)
    except CosmosError as error:
        reporter.say(f"warning: {conversion.name} has no caption: {error}")
        return None


def _document(
    words: Words, model: LocalModel, numbers: tuple[int, ...], result: dict[str, Any], options: CaptionOptions
) -> dict[str, Any]:
    return {
        "text": words.text,
        "tags": list(words.tags),
        "name": words.name,
        "confidence": None if words.confidence is None else round(words.confidence, 4),
        "model": model.name,
        "revision": model.revision,
        "settings": {
            "frames": list(numbers),
            "question": QUESTION,
            "max_tokens": options.max_tokens,
            **{key: result[key] for key in ("device", "architecture", "transformers", "torch")},
        },
    }


def _enter(path: Path, caption: dict[str, Any]) -> None:
    """Put a caption into ``metadata.json``, whole or not at all."""
    document = read_json_file(path)
    document["caption"] = caption
    write_whole(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
