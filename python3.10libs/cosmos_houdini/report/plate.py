"""The frame numbers of a plate, read from the ``metadata.json`` beside its colour video."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_metadata
from cosmos_houdini.model.request import Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """The numbers of a plate's frames: frame n of the video, from 0, has the number ``first + n * step``."""

    first: int
    step: int


def find_plate(video: Clip) -> Plate | None:
    """Return the plate of a colour video; None where no conversion beside it describes exactly this video."""
    folder = video.path.parent
    if not (folder / FILE_NAME).is_file():
        return None
    try:
        document = read_metadata(folder)
    except BadInput:
        return None
    for pass_, made in document["videos"].items():
        if made["sha256"] == video.sha256 and pass_ in document["sources"]:
            source = document["sources"][pass_]
            return Plate(first=source["first"], step=source["step"])
    return None
