"""Small pictures of videos for the windows in Houdini: one each, made once and kept in the project."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.errors import CosmosError
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.media.videos.ffmpeg import Run
from cosmos_houdini.media.videos.scratch import scratch_folder
from cosmos_houdini.reporter import Reporter

WIDTH = 320
"""Pixels: twice the size in which they are shown, for screens of high density."""
_PICTURE = "picture.jpg"


def make_thumbnails(config: Config, videos: Iterable[Path], reporter: Reporter) -> dict[Path, Path]:
    """Return a small JPEG of the middle of each video; a video that cannot be read has none.

    Args:
        config: names FFmpeg and the project, whose folder keeps the pictures.
        videos: paths of videos on this machine.
        reporter: takes a sentence for each video that cannot be read.
    """
    folder = config.project / FOLDER / "thumbnails"
    made = {video: _make_or_say(config, video, folder, reporter) for video in videos}
    return {video: picture for video, picture in made.items() if picture is not None}


def _make_or_say(config: Config, video: Path, folder: Path, reporter: Reporter) -> Path | None:
    try:
        return _make(config, video, folder)
    except (CosmosError, OSError) as error:
        reporter.say(f"{video.name} has no picture: {error}")
        return None


def _make(config: Config, video: Path, folder: Path) -> Path:
    facts = video.stat()
    # A video that was made anew has another picture.
    key = f"{video.absolute()}\0{facts.st_size}\0{facts.st_mtime_ns}\0{WIDTH}"
    out = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.jpg"
    if out.is_file():
        return out
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_folder(out) as scratch:
        # "thumbnail" takes the most typical one of the first frames, which is never a black one by chance.
        filters = f"thumbnail=n=25,scale={WIDTH}:-2:flags=area"
        arguments = ["-i", str(video.absolute()), "-map", "0:v:0", "-vf", filters, "-frames:v", "1", "-q:v", "4"]
        config.ffmpeg.run(
            [*arguments, "-update", "1", _PICTURE], Run(task=f"taking a picture of {video}", cwd=scratch, timeout_s=60)
        )
        (scratch / _PICTURE).replace(out)
    return out
