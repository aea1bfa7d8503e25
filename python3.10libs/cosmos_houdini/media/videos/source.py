"""The sources of videos: picture files that FFmpeg reads itself, or frames that were computed.

FFmpeg reads picture files through numbered links in a folder of our own. So steps, negative numbers, held frames and
hostile names need no special case. Each file is also decoded only once: a concat list opens each file twice, and
decodes it each time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.alpha import STRAIGHT
from cosmos_houdini.model.sequence import Picture

if TYPE_CHECKING:
    # Importing numpy takes a tenth of a second, and only reading frames needs it.
    import numpy as np
    from numpy.typing import NDArray

# The file name endings by which FFmpeg's image reader picks a decoder.
_ENDINGS = {"png": "png", "jpeg": "jpg", "tiff": "tif", "dpx": "dpx"}
_MOST_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFiles:
    """Picture files in the order of the video; a file may occur several times.

    Attributes:
        label: their name in errors (the pattern).
        files: one file for each frame.
        picture: the facts in their headers.
        is_data: whether the numbers are data, whose alpha is left aside.
    """

    label: str
    files: tuple[Path, ...]
    picture: Picture
    is_data: bool = False

    @property
    def is_multiplied(self) -> bool:
        """Whether the colours have to be multiplied by the alpha, so that they are over black."""
        return self.picture.alpha == STRAIGHT and not self.is_data

    def expected(self, index: int) -> NDArray[np.uint8]:
        """Return a frame as OpenImageIO reads its file, over black where that is what its alpha means.

        Raises:
            BadInput: the file cannot be read.
        """
        # Imported only here: the picture library loads while FFmpeg encodes, or not at all.
        from cosmos_houdini.media.pictures.shown_picture import show_picture  # noqa: PLC0415

        return show_picture(self.files[index], self.picture.alpha if self.is_multiplied else "")

    def named(self, index: int) -> str:
        """Return the name of a frame's file."""
        return self.files[index].name

    @property
    def count(self) -> int:
        """How many frames the video will have."""
        return len(self.files)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures in pixels."""
        return self.picture.size

    @property
    def ending(self) -> str:
        """The file name ending by which FFmpeg recognizes the format."""
        return _ENDINGS[self.picture.format]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedFrames:
    """Frames that Python computes: display-referred RGB or grey, 8 bits, full range.

    Attributes:
        label: their name in errors.
        frames: yields from the first frame at each call; arrays are (height, width, 3) RGB, or (height, width) grey.
        count: number of frames that ``frames`` yields.
        size: width and height in pixels.
        grey: whether the arrays are (height, width).
        applied: the changes to the pixels, in words, for ``metadata.json``.
        details: values that are needed to compute the pass again (depth range, palette), for ``metadata.json``.
        problem: takes the encoded video and a decoder, and returns which frames lost something; None if none did.
        expected: takes the index of a frame, and returns it as computed from a second reading of its file by another
            reader; None if the frames have no files.
        files: one file for each frame; empty if they have none.
    """

    label: str
    frames: Callable[[], Iterator[NDArray[np.uint8]]]
    count: int
    size: tuple[int, int]
    grey: bool = False
    applied: tuple[str, ...] = ()
    details: dict[str, object] | None = None
    problem: Callable[[Path, FFmpeg], str | None] | None = None
    expected: Callable[[int], NDArray[np.uint8]] | None = None
    files: tuple[Path, ...] = ()

    def named(self, index: int) -> str:
        """Return the name of a frame's file, or its number if it has none."""
        return self.files[index].name if self.files else f"frame {index}"

    def raw(self) -> Iterator[memoryview]:
        """Yield each frame as the bytes that FFmpeg receives.

        Raises:
            BadInput: a frame has another size, shape or type than announced.
        """
        width, height = self.size
        shape = (height, width) if self.grey else (height, width, 3)
        for index, frame in enumerate(self.frames()):
            if frame.shape != shape or frame.dtype != "uint8":
                raise BadInput(
                    f"frame {index} of {self.label} is {frame.dtype} of shape {frame.shape}",
                    allowed=f"uint8 of shape {shape}",
                )
            yield (frame if frame.flags.c_contiguous else frame.copy(order="C")).data


VideoSource = PictureFiles | ComputedFrames


def is_readable_by_ffmpeg(picture: Picture) -> bool:
    """Return whether FFmpeg reads such files as they are meant: sRGB integers in a layout that it knows."""
    plain = picture.format in _ENDINGS and picture.channel_type == "uint" and picture.bit_depth <= _MOST_BITS
    # FFmpeg's premultiplication is off by up to 7 levels of 255 in 16 bits.
    is_exact = picture.alpha != STRAIGHT or picture.bit_depth <= 8  # noqa: PLR2004 - bits
    return plain and is_exact and not picture.layout and picture.encoding is None


def from_files(label: str, files: Sequence[Path], picture: Picture, *, is_data: bool = False) -> PictureFiles:
    """Return picture files that FFmpeg can read as they are.

    Args:
        label: their name in errors.
        files: one file for each frame.
        picture: the facts in their headers.
        is_data: whether the numbers are data, which keep their values where the alpha is low.

    Raises:
        BadInput: FFmpeg does not read the pictures as they are meant, so they need a conversion first.
    """
    if not is_readable_by_ffmpeg(picture):
        raise BadInput(
            f"{label} holds {picture} ({picture.layout or picture.channel_type}), which have to be turned into 8 bit "
            "pictures before they can be encoded",
            allowed="plain PNG, JPEG, TIFF or DPX of 8 or 16 bit integers",
            action="write the pass as PNG",
        )
    return PictureFiles(label=label, files=tuple(files), picture=picture, is_data=is_data)


def place(source: PictureFiles, folder: Path) -> str:
    """Link the files into ``folder``, numbered from 0; return their pattern, relative to the parent of ``folder``."""
    folder.mkdir()
    for index, file in enumerate(source.files):
        _link(file.absolute(), folder / f"{index:08d}.{source.ending}")
    return f"{folder.name}/%08d.{source.ending}"


def _link(file: Path, link: Path) -> None:
    """Make ``link`` a link to ``file``; if the system allows no links (plain Windows users), copy the file."""
    for make in (os.symlink, os.link):
        try:
            make(file, link)
        except OSError:
            continue
        return
    shutil.copyfile(file, link)
