"""The kinds of files in which a result goes to comp, and what is known of a finished delivery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.text_enum import TextEnum


class DeliveryFormat(TextEnum):
    """What ``deliver --to`` writes.

    ``exr`` holds the colours of the display, ``exr-linear`` light as the plate has it, both in half float. ``prores``
    is ProRes 422 HQ and ``dnxhr`` DNxHR HQX, both with 10 bits. ``png16`` and ``tiff`` have 16 bits, ``png`` has 8.
    """

    EXR = "exr"
    EXR_LINEAR = "exr-linear"
    PRORES = "prores"
    PRORES_4444 = "prores4444"
    DNXHR = "dnxhr"
    PNG16 = "png16"
    PNG = "png"
    TIFF = "tiff"
    MP4 = "mp4"

    @classmethod
    def parse(cls, text: str) -> DeliveryFormat:
        """Return a format by its name.

        Raises:
            BadInput: there is no such format; the nearest is named.
        """
        words = [str(each) for each in cls]
        if text not in words:
            raise BadInput(f"no format {text!r}", allowed=", ".join(words), action=did_you_mean(text, words))
        return cls(text)

    @property
    def is_exr(self) -> bool:
        """Whether the files are EXR."""
        return self in {DeliveryFormat.EXR, DeliveryFormat.EXR_LINEAR}

    @property
    def is_movie(self) -> bool:
        """Whether all frames are in one file."""
        return self in _MOVIES

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of names that promise this format, the usual one first."""
        return _ENDINGS[self]


_MOVIES = frozenset({DeliveryFormat.PRORES, DeliveryFormat.PRORES_4444, DeliveryFormat.DNXHR, DeliveryFormat.MP4})
_ENDINGS = {
    DeliveryFormat.EXR: (".exr",),
    DeliveryFormat.EXR_LINEAR: (".exr",),
    DeliveryFormat.PRORES: (".mov",),
    DeliveryFormat.PRORES_4444: (".mov",),
    DeliveryFormat.DNXHR: (".mov", ".mxf"),
    DeliveryFormat.PNG16: (".png",),
    DeliveryFormat.PNG: (".png",),
    DeliveryFormat.TIFF: (".tif", ".tiff"),
    DeliveryFormat.MP4: (".mp4", ".m4v"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A result as comp wants it, written and read back.

    Attributes:
        job: id of the job.
        format: the kind of the files.
        path: the movie, or the pattern of the files.
        files: one a frame, or one movie.
        frames: numbers of the frames, as the plate has them.
        held: numbers of the frames for which the plate has no picture. Numbered files leave them out. A movie shows
            the result for them too, because it would end early otherwise.
        size: width and height in pixels, those of the plate.
        rate: frames a second.
        timecode: of the first frame, ``HH:MM:SS:FF``; empty where neither the plate nor the format has one.
        color: how the numbers of the files mean colours, in words.
        remarks: sentences about what could not be brought back, or was not there.
    """

    job: str
    format: DeliveryFormat
    path: str
    files: tuple[Path, ...]
    frames: tuple[int, ...]
    held: tuple[int, ...]
    size: tuple[int, int]
    rate: float
    timecode: str
    color: str
    remarks: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Frames, size and colours, for people."""
        width, height = self.size
        numbers = f"{self.frames[0]}-{self.frames[-1]}"
        return f"{self.format}, frames {numbers}, {width}x{height}, {self.color}"

    def document(self) -> dict[str, Any]:
        """Return the delivery as ``deliver --json`` prints it."""
        return {
            "job": self.job,
            "format": str(self.format),
            "path": self.path,
            "files": [str(path) for path in self.files],
            "frames": list(self.frames),
            "held": list(self.held),
            "size": list(self.size),
            "rate": self.rate,
            "timecode": self.timecode or None,
            "color": self.color,
            "remarks": list(self.remarks),
        }
