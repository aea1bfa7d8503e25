"""The FFmpeg that a job uses on its host: the host's own, or this machine's, which is sent once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.request import Site

FFMPEG_FILE = "in/ffmpeg"


def ffmpeg_program(site: Site) -> str:
    """Return the path of the FFmpeg on the host, where the job starts it."""
    return site.ffmpeg or str(site.folder / FFMPEG_FILE)


def brought_ffmpeg(site: Site) -> Mapping[str, Path]:
    """Return this machine's FFmpeg as an input of the job, by its path there; nothing where the host has its own.

    Raises:
        BadInput: this machine has no FFmpeg that a host can run.
    """
    if site.ffmpeg:
        return {}
    name = FFmpeg(path=site.own_ffmpeg).program
    path = Path(shutil.which(name) or name).absolute()
    if path.suffix.lower() == ".exe":
        raise BadInput(
            f"{path} cannot be sent along: hosts run no Windows programs",
            action="name an FFmpeg of the host as hosts.<name>.ffmpeg in the configuration",
        )
    return {FFMPEG_FILE: path}
