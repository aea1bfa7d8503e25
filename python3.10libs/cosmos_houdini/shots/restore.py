"""A result goes back to the size and position of its plate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs import collect
from cosmos_houdini.jobs.conversions import CONVERSION, find_conversion
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_conversion
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter

RESULT, RESTORED = "result.mp4", "restored.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A video in the size and position of its plate.

    Attributes:
        files: one video, or one picture a frame.
        frames: how many frames it has.
        size: width and height of the plate in pixels.
    """

    files: tuple[Path, ...]
    frames: int
    size: tuple[int, int]


def restore_result(
    config: Config, record: JobRecord, reporter: Reporter, conversion: Mapping[str, Any] | None = None
) -> Path | None:
    """Bring the result of a job back to the size and position of its plate, into ``restored.mp4`` beside it.

    Args:
        config: names the FFmpeg of the project.
        record: a job; nothing is done for one that did not succeed.
        reporter: shows the progress.
        conversion: the document of the job's videos; None for the one that is found by the hash of the colour video.

    Returns:
        The restored video; None where the result has the plate's size itself, or nothing is known of the plate.
    """
    result = record.results / RESULT
    if record.state is not JobState.SUCCEEDED or not result.is_file():
        return None
    document = conversion if conversion is not None else conversion_of(config, record)
    frame = document.get("frame")
    if frame is None or list(size_of_result(record)) == frame["plate"]:
        return None
    restored = _restore(config, result, document, record.results / RESTORED, reporter)
    plate = "{}x{}".format(*restored.size)
    reporter.say(f"{restored.files[0]} is the result in the plate's size and position, {plate}")
    return restored.files[0]


def restore_video(config: Config, video: Path, metadata: Path, out: Path, reporter: Reporter) -> Restored:
    """Bring a video back to the size and position of its plate, without the frames that only filled the last chunk.

    Args:
        config: names the FFmpeg of the project.
        video: what an engine made.
        metadata: ``metadata.json`` of the conversion that the video was made of, or its folder; or the
            ``conversion.json`` beside a result.
        out: a video, or a pattern such as ``shot.####.png`` for pictures with the plate's own frame numbers.
        reporter: shows the progress.

    Raises:
        BadInput: a file cannot be used, or the conversion does not say where the plate is.
    """
    if metadata.name not in {FILE_NAME, CONVERSION} and not metadata.is_dir():
        raise BadInput(f"{metadata} is no {FILE_NAME}")
    document = read_conversion(metadata / FILE_NAME if metadata.is_dir() else metadata)
    return _restore(config, video, document, out, reporter)


def conversion_of(config: Config, record: JobRecord) -> Mapping[str, Any]:
    """Return the document of a job's videos, found by the hash of the colour video; see ``find_conversion``."""
    return find_conversion(config.project, config.project / FOLDER, record)


def size_of_result(record: JobRecord) -> tuple[int, int]:
    """Return width and height of a verified result in pixels.

    Raises:
        BadInput: the record of the result is gone or holds none.
    """
    path = record.results / collect.RESULT
    try:
        width, height = next(output["size"] for output in read_json_file(path)["outputs"] if output["path"] == RESULT)
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} holds no size of {RESULT}", action=f"fetch job {record.id} again") from error
    return width, height


def _restore(config: Config, video: Path, conversion: Mapping[str, Any], out: Path, reporter: Reporter) -> Restored:
    # Imported here: many results have the plate's size.
    from cosmos_houdini.media.videos.restore import restore  # noqa: PLC0415

    ffmpeg = config.ffmpeg
    with reporter.progress("restoring", total=conversion["frames"], unit="frames") as advance:
        files = restore(video, conversion, out, ffmpeg=ffmpeg, on_frames=advance)
    width, height = conversion["frame"]["plate"]
    return Restored(files=tuple(files), frames=conversion["frames"], size=(width, height))
