"""A job's result in the size and position of the plate, beside what the engine wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cosmos_houdini.cli.console import progress_bar, say
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs import collect
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.job import JobState

RESULT, RESTORED = "result.mp4", "restored.mp4"


def bring_back(record: JobRecord, videos: Mapping[str, Any] | None = None) -> None:
    """Bring a result that has another size than its plate back to it, and say so.

    Args:
        record: a job; nothing is done for one that did not succeed.
        videos: the conversion that it was made of; without it, the one beside its colour video, if it is still there.
    """
    result = record.results / RESULT
    if record.state is not JobState.SUCCEEDED or not result.is_file():
        return
    conversion = videos if videos is not None else _conversion_of(record)
    frame = conversion.get("frame")
    if frame is None or _size_of_result(record) == frame["plate"]:
        return
    from cosmos_houdini.media.videos.restore import restore  # noqa: PLC0415 - many results have the plate's size

    with progress_bar("restoring", total=conversion["frames"], unit="frames") as advance:
        (path,) = restore(result, conversion, record.results / RESTORED, on_frames=advance)
    plate = "{}x{}".format(*frame["plate"])
    say(f"{path} is the result in the plate's size and position, {plate}")


def _conversion_of(record: JobRecord) -> Mapping[str, Any]:
    """Return the document of the videos that a job was made of; empty where it is gone or of other videos by now."""
    clip = record.inference().video
    try:
        conversion = read_metadata(clip.path.parent)
        same = conversion["videos"][Pass.COLOR]["sha256"] == clip.sha256
    except (BadInput, OSError, KeyError):
        return {}
    return conversion if same else {}


def _size_of_result(record: JobRecord) -> list[int]:
    document = json.loads((record.results / collect.RESULT).read_text(encoding="utf-8"))
    return next(output["size"] for output in document["outputs"] if output["path"] == RESULT)
