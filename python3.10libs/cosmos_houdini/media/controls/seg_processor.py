"""Processes the segmentation pass from ids, flat colours or a Cryptomatte to the colours of the show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.controls.palette import Color
from cosmos_houdini.media.controls.palette_file import assign_colors
from cosmos_houdini.media.controls.segmentation import (
    CodeSurvey,
    codes_of_colors,
    codes_of_ids,
    color_key,
    id_key,
    misread_pixels,
    paint,
)
from cosmos_houdini.media.pictures.cryptomatte import Manifest, strongest
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import rgb_arguments
from cosmos_houdini.media.videos.spool import Spool
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the numbers of a segmentation pass become codes, and how codes become the keys of objects.

    Attributes:
        codes: returns the codes of a picture.
        key: returns the key of a code.
        words: name of the kind of pass, for people.
        notes: what a person should know about names and ranks that are missing.
    """

    codes: Callable[[Array], Array]
    key: Callable[[int], str]
    words: str
    notes: tuple[str, ...] = ()


def cryptomatte_reading(manifest: Manifest, ids: frozenset[int] | None, rank_note: str = "") -> Reading:
    """Return how to read a Cryptomatte; objects outside ``ids`` are background, and None keeps all objects."""
    unnamed = f"{manifest.trouble}; such objects are called by their ids" if manifest.trouble else ""

    def codes(ranks: Array) -> Array:
        strong = strongest(ranks)
        return strong if ids is None else np.where(np.isin(strong, np.array(sorted(ids), np.int64)), strong, 0)

    notes = tuple(note for note in (unnamed, rank_note) if note)
    return Reading(codes=codes, key=manifest.key, words=f"Cryptomatte {manifest.layer}", notes=notes)


def plain_reading(sample: Array) -> Reading:
    """Return how to read an id pass (one or two channels) or a flat-colour pass, judged by one of its pictures."""
    dtype = sample.dtype
    if sample.ndim == 3 and sample.shape[2] >= len("RGB"):  # noqa: PLR2004 - height, width, channels
        return Reading(codes=codes_of_colors, key=lambda code: color_key(code, dtype), words="flat colours")
    return Reading(codes=codes_of_ids, key=lambda code: id_key(code, dtype), words="ids")


@dataclass(kw_only=True)
class SegProcessor:
    """Processes segmentation into flat colours.

    Attributes:
        palette: file of the show's colours; None to use no file.
    """

    geometry: Geometry
    reading: Reading
    palette: Path | None
    grey: bool = False
    _survey: CodeSurvey = field(default_factory=CodeSurvey)
    _colors: dict[int, Color] = field(default_factory=dict)

    def prepare(self, number: int, pixels: Array) -> Array:  # noqa: ARG002 - the protocol's signature
        """Return codes in the video's size; each is the code of one pixel, never a mixture."""
        return self.reading.codes(self.geometry.forward(pixels, Pass.SEG))

    def observe(self, prepared: Array) -> None:
        """Look for objects in the frame."""
        self._survey.add(prepared)

    def give_colors(self) -> None:
        """Give every object its colour after all frames were observed; errors are those of ``assign_colors``."""
        keys = {code: self.reading.key(code) for code in self._survey.objects()}
        table = assign_colors(self.palette, keys.values(), _wishes(keys.values()))
        self._colors = {code: table[key] for code, key in keys.items()}

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know about the objects that were found."""
        if self._colors:
            return self.reading.notes
        return (
            *self.reading.notes,
            "the seg pass shows no object in any frame: nothing in it is flat and no background",
        )

    def frames(self, spool: Iterable[Array]) -> Iterator[Picture]:
        """Yield the painted frames."""
        for codes in spool:
            yield paint(codes, self._colors)

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        return (f"{self.reading.words} to flat colours of the show's table",)

    def details(self) -> dict[str, object]:
        """Return the object of each colour."""
        named = sorted((self.reading.key(code), color) for code, color in self._colors.items())
        return {"colors": {",".join(map(str, color)): key for key, color in named}}

    def problem(self, spool: Spool, video: Path, ffmpeg: FFmpeg) -> str | None:
        """Return in words how many decoded pixels are nearer to another object's colour; None if there are none."""
        colors = list(self._colors.values())
        misread = 0
        how = Run(task=f"decoding {video.name} of the seg pass")
        width, height = self.geometry.engine
        even = (height + height % 2, width + width % 2, 3)
        decoded = ffmpeg.raw_frames(rgb_arguments(video), how, frame_bytes=int(np.prod(even)))
        for painted, data in zip(self.frames(spool), decoded, strict=True):
            frame = np.frombuffer(data, np.uint8).reshape(even)[:height, :width]
            misread += misread_pixels(painted, frame, colors)
        return f"{misread} decoded pixels are nearer to another object's colour" if misread else None


def _wishes(keys: Iterable[str]) -> dict[str, Color]:
    """Return the colours that the objects of an 8-bit flat-colour pass already have."""
    wishes: dict[str, Color] = {}
    for key in keys:
        levels = key.split(",")
        if len(levels) == len("RGB") and all(level.isdecimal() for level in levels):
            red, green, blue = map(int, levels)
            wishes[key] = (red, green, blue)
    return wishes
