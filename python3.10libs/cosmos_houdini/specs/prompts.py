"""Prompts as people give them and as an engine reads them: text, a caption as JSON, or a file with either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.captions import reads_captions
from cosmos_houdini.engines.cosmos3.buckets import find_aspect_ratio
from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json
from cosmos_houdini.model.caption import (
    LARGEST_CAPTION,
    Caption,
    ShotFacts,
    check_caption,
    describe_shot,
    parse_caption,
    plain_prompt,
    write_caption,
)
from cosmos_houdini.model.request import InferenceRequest
from cosmos_houdini.text_file import read_text

FILE_MARK: Final = "@"
_FILES: Final = (".json", ".txt")
_LONGEST_PATH: Final = 1024
_LONGEST_WARNING: Final = 200


def read_prompt(given: str) -> str:
    """Return the prompt that an option names: the text itself, or the content of a file.

    ``@FILE`` names a file, and so does the path of an existing .json or .txt file. The line break at its end is left
    out. A file may also hold the document of ``write-prompt --json``.

    Raises:
        BadInput: the file cannot be read, or is a JSON file and no caption.
    """
    path = Path(given.removeprefix(FILE_MARK))
    marked = given.startswith(FILE_MARK) and len(given) > 1
    if not marked and not (len(given) < _LONGEST_PATH and path.suffix.lower() in _FILES and path.is_file()):
        return given
    text = read_text(path, LARGEST_CAPTION).strip()
    if path.suffix.lower() != ".json":
        return text
    document = read_json(text, str(path))
    if isinstance(document, dict) and isinstance(document.get("prompt"), str):
        return str(document["prompt"])
    check_caption(document, str(path))
    return text


def fit_prompt(request: InferenceRequest) -> tuple[InferenceRequest, tuple[str, ...]]:
    """Return a request with the prompt in the form that its engine reads, and warnings.

    A caption gets the size, the length and the rate of the plan. An engine that reads no captions gets its words.

    Raises:
        BadInput: a caption is broken, and the engine would read it.
    """
    if reads_captions(request.engine, request.parameters):
        caption = parse_caption(request.prompt, f"the prompt of {request.name}")
        return (replace(request, prompt=_described(caption, request)) if caption else request), ()
    prompt, negative = _words(request.prompt), _words(request.negative_prompt)
    if prompt is None and negative is None:
        return request, ()
    fitted = replace(
        request,
        prompt=request.prompt if prompt is None else prompt,
        negative_prompt=request.negative_prompt if negative is None else negative,
    )
    said = f"{request.engine} reads words alone, so it gets those of the caption: {prompt or negative}"
    return fitted, (said if len(said) <= _LONGEST_WARNING else f"{said[:_LONGEST_WARNING]}...",)


def _described(caption: Caption, request: InferenceRequest) -> str:
    plan = find_engine(request.engine).plan(request)
    facts = ShotFacts(
        size=plan.size,
        aspect_ratio=find_aspect_ratio(plan.size),
        frames=plan.frames,
        fps=float(request.parameters.get("fps", request.video.fps)),
    )
    return write_caption(describe_shot(caption, facts))


def _words(prompt: str) -> str | None:
    """Return the words of a caption; None for a text that is none, which is sent as it is."""
    try:
        caption = parse_caption(prompt)
    except BadInput:
        return None
    return plain_prompt(caption) or None if caption else None
