"""Create prompt specs and run specs from values, and report a mistake before a file is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import IMAGE_CONTEXT, spec_extras
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.spec import PromptSpec, RunSpec, SpecValue
from cosmos_houdini.specs.files import change_paths, spec_document
from cosmos_houdini.specs.prompts import read_prompt
from cosmos_houdini.specs.request import check_alike, picture_clip, probe_videos, resolve_weights
from cosmos_houdini.specs.values import validate_spec


def create_prompt_spec(
    name: str,
    prompt: str,
    input_video: Path,
    controls: Mapping[Control, Path],
    *,
    ffmpeg: FFmpeg,
    negative_prompt: str = "",
    extras: Mapping[str, object] | None = None,
) -> PromptSpec:
    """Return a prompt spec after checking that its videos exist and match.

    Args:
        name: a name of 1 to 80 letters, digits, ``.``, ``_`` and ``-``.
        prompt: a description of the result, a caption as JSON, or a file with either; see ``read_prompt``.
        input_video: the colour video.
        controls: one video for each control.
        ffmpeg: the FFmpeg that decodes the videos.
        negative_prompt: a description of what to avoid; empty for the engine's own.
        extras: further keys of the spec: ``masks``, ``guided_generation_mask``, ``image_context``, ``regions``.

    Raises:
        BadInput: a value is invalid, a video cannot be read, or the videos differ in length, size or frame rate.
    """
    data = {
        "name": name,
        "prompt": read_prompt(prompt),
        "negative_prompt": negative_prompt,
        "input_video": input_video.absolute(),
        "controls": {str(kind): video.absolute() for kind, video in controls.items()},
        **(extras or {}),
    }
    spec = change_paths(validate_spec(PromptSpec, data, "create-spec"), Path.absolute)
    videos = {"color": spec.input_video} | {str(kind): path for kind, path in spec.controls.items()}
    further = spec_extras(spec)
    if IMAGE_CONTEXT in further:
        picture_clip(further.pop(IMAGE_CONTEXT))
    videos |= further
    check_alike(probe_videos(videos, ffmpeg=ffmpeg))
    return spec


def create_run_spec(
    spec: PromptSpec,
    engine_name: str,
    *,
    weights: Mapping[Control, float],
    parameters: Mapping[str, SpecValue],
    spec_file: Path | None = None,
) -> RunSpec:
    """Return a run spec after checking its parameters and weights.

    Args:
        spec: the prompt spec of the shot.
        engine_name: the name of an engine.
        weights: the weights of the controls, 0 to 1 each; a control without a weight gets 0.5.
        parameters: the engine's parameters by name; a parameter without a value keeps the engine's default.
        spec_file: the file of the prompt spec, for the error about a missing video.

    Raises:
        BadInput: a value is invalid, a weight has no video, or a video is missing.
    """
    chosen = find_engine(engine_name)
    resolve(chosen.parameters, parameters, engine=chosen.name)
    data = {
        "name": spec.name,
        "engine": chosen.name,
        "spec": spec_document(spec),
        "weights": dict(weights),
        "parameters": dict(parameters),
    }
    run = validate_spec(RunSpec, data, "create-run")
    resolve_weights(run)
    check_videos([spec.input_video, *spec.controls.values(), *spec_extras(spec).values()], spec_file or spec.name)
    return run


def check_videos(videos: Iterable[Path], origin: Path | str) -> None:
    """Refuse a prompt spec if one of its videos is missing.

    Args:
        videos: the paths in the spec.
        origin: the name of the spec in the error.

    Raises:
        BadInput: a video is missing; the error names the first one.
    """
    for video in videos:
        if not video.is_file():
            raise BadInput(f"{origin} names {video}, which is no file")
