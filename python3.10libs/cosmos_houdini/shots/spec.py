"""Write the prompt spec of a shot from values, from a conversion, or from a spec of NVIDIA's programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.caption.prompt import PromptFormat
from cosmos_houdini.caption.spec import spec_from_metadata
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import GUIDED_MASK, IMAGE_CONTEXT
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.create import create_prompt_spec
from cosmos_houdini.specs.files import save_prompt_spec, save_run_spec
from cosmos_houdini.specs.upstream import import_upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecOptions:
    """The source of a prompt spec: ``from_upstream``, or ``from_metadata``, or a prompt and a colour video.

    Attributes:
        name: of the spec.
        prompt: text, a caption as JSON, or ``@FILE``.
        input_video: the colour video.
        from_metadata: a folder of converted videos.
        from_upstream: a spec of NVIDIA's.
        style: with ``from_metadata``, the user's own words for the first prompt.
        format_: with ``from_metadata``, the format of the first prompt; None for ``text``.
        controls: a video for each control.
        masks: a video for each control, white where it applies.
        keep: a video, white where the plate is kept.
        image_context: a picture with the look.
        regions: for each prompt of a region, its mask.
        negative_prompt: things to avoid; empty for the engine's own.
    """

    name: str | None = None
    prompt: str | None = None
    input_video: Path | None = None
    from_metadata: Path | None = None
    from_upstream: Path | None = None
    style: str = ""
    format_: PromptFormat | None = None
    controls: Mapping[Control, Path] = field(default_factory=dict)
    masks: Mapping[Control, Path] = field(default_factory=dict)
    keep: Path | None = None
    image_context: Path | None = None
    regions: Mapping[str, Path] = field(default_factory=dict)
    negative_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSpec:
    """The files that were written.

    Attributes:
        spec: the prompt spec.
        path: its file.
        run: the run spec of a spec of NVIDIA's, else None.
        run_path: its file, else None.
    """

    spec: PromptSpec
    path: Path
    run: RunSpec | None = None
    run_path: Path | None = None


_WORDS = {
    "name": "NAME",
    "prompt": "PROMPT",
    "keep": "--keep",
    "controls": "--control",
    "masks": "--mask",
    "regions": "--region",
    "format_": "--format",
}
"""The options whose words on the command line are not the names of their fields."""
_UNSET: tuple[object, ...] = (None, "", {})


def write_spec(options: SpecOptions, reporter: Reporter, *, ffmpeg: FFmpeg, output: Path | None = None) -> WrittenSpec:
    """Write a prompt spec, and for a spec of NVIDIA's also its run spec.

    Args:
        options: the source and the values.
        reporter: takes a warning for each key of a spec of NVIDIA's that cannot be expressed.
        ffmpeg: decodes the videos.
        output: the file; None for ``NAME.spec.json`` in the working folder. A run spec is written beside it.

    Raises:
        BadInput: an option does not go with the source, a value cannot be used, or a video cannot be read. Nothing is
            written then.
    """
    if options.from_upstream:
        return _write_upstream(options, options.from_upstream, reporter, output)
    spec = _from_metadata(options, options.from_metadata, ffmpeg) if options.from_metadata else _made(options, ffmpeg)
    path = output or Path(f"{spec.name}.spec.json")
    save_prompt_spec(spec, path)
    return WrittenSpec(spec=spec, path=path)


def _write_upstream(options: SpecOptions, file: Path, reporter: Reporter, output: Path | None) -> WrittenSpec:
    others = [name for name in SpecOptions.__dataclass_fields__ if name != "from_upstream"]
    _refuse(options, others, "--from-upstream: the file has all values")
    imported = import_upstream(file)
    for sentence in imported.left_out:
        reporter.say(f"warning: {file.name}: {sentence}")
    path = output or Path(f"{imported.spec.name}.spec.json")
    run_path = path.parent / f"{imported.run.name}.run.json"
    save_run_spec(imported.run, run_path)
    save_prompt_spec(imported.spec, path)
    return WrittenSpec(spec=imported.spec, path=path, run=imported.run, run_path=run_path)


def _from_metadata(options: SpecOptions, folder: Path, ffmpeg: FFmpeg) -> PromptSpec:
    _refuse(options, ("input_video", "controls"), "--from-metadata: the folder has the videos")
    if options.prompt is not None:
        _refuse(options, ("style", "format_"), "PROMPT: they are for a first prompt")
    spec, _ = spec_from_metadata(
        folder,
        ffmpeg=ffmpeg,
        name=options.name,
        prompt=options.prompt,
        style=options.style,
        format_=options.format_ or "text",
        negative_prompt=options.negative_prompt,
        extras=_extras(options),
    )
    return spec


def _made(options: SpecOptions, ffmpeg: FFmpeg) -> PromptSpec:
    _refuse(options, ("style", "format_"), "a prompt of your own: they go with --from-metadata")
    if options.name is None or options.prompt is None or options.input_video is None:
        raise BadInput("give NAME, PROMPT and --input-video, or --from-metadata DIR, or --from-upstream FILE")
    return create_prompt_spec(
        options.name,
        options.prompt,
        options.input_video,
        options.controls,
        ffmpeg=ffmpeg,
        negative_prompt=options.negative_prompt,
        extras=_extras(options),
    )


def _extras(options: SpecOptions) -> dict[str, Any]:
    return {
        "masks": {str(kind): path for kind, path in options.masks.items()},
        GUIDED_MASK: options.keep,
        IMAGE_CONTEXT: options.image_context,
        "regions": dict(options.regions),
    }


def _refuse(options: SpecOptions, names: Iterable[str], source: str) -> None:
    """Refuse options that a source cannot use.

    Raises:
        BadInput: one of them is given; the error names each.
    """
    given = [_WORDS.get(name, f"--{name.replace('_', '-')}") for name in names if getattr(options, name) not in _UNSET]
    if given:
        raise BadInput(f"{', '.join(given)} cannot be used with {source}", action="leave one of the two out")
