"""``submit`` for Houdini's side: typed options, and further ones that an artist typed as on a command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from cosmos_houdini.config import Config, load
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.follow import raise_failure
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.schemas import schema_id
from cosmos_houdini.shots.options import (
    EncodeOptions,
    FrameOptions,
    ShotSource,
    SubmitOptions,
    shapes_videos,
)
from cosmos_houdini.shots.run import plan_document
from cosmos_houdini.shots.submit import encode_videos, plan_shot, run_shot
from cosmos_houdini.worker.options import decode_fields
from cosmos_houdini.worker.request import Request

Part = TypeVar("Part")

COMMAND = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How far a submission goes, and where its videos are.

    Attributes:
        videos: a folder of videos that were encoded before, instead of a scene and renders.
        range: first and last frame as ``A-B``, for ``frame_range``.
        prepare: encode the videos, and stop there.
        dry_run: plan the job and return the plan, without reaching a host.
        detach: return when the job runs on its host.
        measure: compare the result with its source.
    """

    videos: Path | None = None
    range: str | None = None
    prepare: bool = False
    dry_run: bool = False
    detach: bool = False
    measure: bool = False


PARTS = (Course, ShotSource, FrameOptions, EncodeOptions, SubmitOptions)
"""An option of ``submit`` is a field of one of these; no two have a field of the same name."""


def submit(request: Request, reporter: Reporter) -> Mapping[str, Any]:
    """Submit a shot and return its job, its plan (``dry_run``) or its videos (``prepare``) as JSON data.

    Raises:
        BadInput: an option cannot be used.
        JobError: the job did not succeed.
        CosmosError: as for ``plan_shot`` and ``run_shot``.
    """
    config = load()
    values = _decode(request.options)
    if text := values.pop("range", None):
        values["frame_range"] = _parse_range(text)
    values |= _read_words(request.words, values, config)
    course = _part(Course, values)
    frames, encoding = _part(FrameOptions, values), _part(EncodeOptions, values)
    options = _part(SubmitOptions, values)
    if course.prepare:
        videos = encode_videos(config, _part(ShotSource, values), options, reporter, frames=frames, encoding=encoding)
        return {"schema": schema_id("conversion"), **videos.document}
    source = course.videos or _part(ShotSource, values)
    if course.videos and (named := [each.name for each in fields(ShotSource) if each.name in values]):
        raise shapes_videos(f"--{named[0]}")
    plan = plan_shot(config, source, options, reporter, frames=frames, encoding=encoding)
    if course.dry_run:
        return {"schema": schema_id("dry-run"), **plan_document(plan.prepared, config)}
    with open_client(config) as client:
        result = run_shot(client, plan, reporter, detach=course.detach, measure=course.measure)
    raise_failure([result.record], reporter)
    return {"schema": schema_id("submit"), **result.record.job.document(), **result.measures}


def _decode(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the options of a request, each in the type of its field."""
    owner = {each.name: part for part in PARTS for each in fields(part)}
    for name in given:
        if name not in owner:
            raise BadInput(
                f"{COMMAND} has no option {name!r}", allowed=", ".join(owner), action=did_you_mean(name, owner)
            )
    return {
        name: value
        for part in PARTS
        for name, value in decode_fields(
            part, {name: value for name, value in given.items() if owner[name] is part}, COMMAND
        ).items()
    }


def _read_words(words: tuple[str, ...], values: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Return the options that were typed; parameters and weights are added to those of the request."""
    if not words:
        return {}
    # Imported here: an artist rarely types options.
    from cosmos_houdini.cli.assignments import parse_parameters, parse_weights  # noqa: PLC0415
    from cosmos_houdini.cli.submit import submit as command  # noqa: PLC0415
    from cosmos_houdini.engines import find_engine  # noqa: PLC0415
    from cosmos_houdini.worker.command_line import parse_words  # noqa: PLC0415

    found = parse_words(command, COMMAND, words, ["--", "shot"])
    found.pop("shot_path", None)
    found.pop("as_json", None)
    typed = {_FIELDS.get(name, name): value for name, value in found.items()}
    four, named, settings = (typed.pop(name, ()) for name in ("four", "named", "settings"))
    if four or named:
        typed["weights"] = {**values.get("weights", {}), **parse_weights(four or None, named)}
    if settings:
        engine = find_engine(typed.get("engine") or values.get("engine") or config.settings.defaults.engine)
        typed["parameters"] = {**values.get("parameters", {}), **parse_parameters(settings, engine.parameters)}
    return typed


_FIELDS = {"node": "output", "engine_name": "engine"}
"""Parameters of the command line that have another name than the field."""


def _part(kind: type[Part], values: Mapping[str, Any]) -> Part:
    names = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # all of PARTS are dataclasses
    return kind(**{name: value for name, value in values.items() if name in names})


def _parse_range(text: str) -> tuple[int, int]:
    from cosmos_houdini.media.sequences import span  # noqa: PLC0415 - loaded where frames are encoded

    return span.parse(text)
