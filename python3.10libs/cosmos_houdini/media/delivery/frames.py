"""The frames of a result in the plate's size and position, with 16 bits a channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import VideoFacts, input_arguments
from cosmos_houdini.media.videos.restore import restore_filters

# FFmpeg scales 8 bits to 16 by a shift.
_FFMPEG_WHITE, _WHITE = 255 << 8, 65535

Planes = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Red, green and blue, height x width each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFrames:
    """A result, and its way back to the plate.

    Attributes:
        facts: of the video.
        geometry: of the shot.
        count: how many frames the plate has.
        rate: frames a second of a movie, as FFmpeg takes it (``24000/1001``).
    """

    facts: VideoFacts
    geometry: Geometry
    count: int
    rate: str

    @property
    def input(self) -> list[str]:
        """The arguments that open the video."""
        return ["-xerror", *input_arguments(self.facts.clip.path)]

    def filters(self, *, is_deep: bool = True) -> list[str]:
        """Return the FFmpeg filters that give RGB over the plate; with 16 bits, FFmpeg's white is 65280.

        Raises:
            BadInput: as for ``restore_filters``.
        """
        return restore_filters(self.geometry, self.facts, frames=self.count, is_deep=is_deep)

    def full_scale_filters(self) -> list[str]:
        """Return the FFmpeg filters that give RGB of 16 bits over the plate, with white at 65535 as in files."""
        white = f"{_FFMPEG_WHITE / _WHITE:.9f}"
        return [*self.filters(), f"colorlevels=rimax={white}:gimax={white}:bimax={white}"]

    def decode(self, ffmpeg: FFmpeg, how: Run) -> Iterator[Planes]:
        """Yield every frame as planes of uint16, 0 to 65535.

        Raises:
            ToolError: FFmpeg failed, or gave another number of frames.
        """
        width, height = self.geometry.plate
        graph = ",".join([*self.full_scale_filters(), "format=gbrp16le"])
        arguments = [*self.input, "-map", "0:v:0", "-vf", graph, "-fps_mode", "passthrough"]
        done = 0
        for data in ffmpeg.raw_frames(arguments, how, frame_bytes=width * height * 6):
            green, blue, red = np.frombuffer(data, "<u2").reshape(3, height, width)
            done += 1
            yield red, green, blue
        if done != self.count:
            raise ToolError(f"{how.task} gave {done} frames", detail=f"{self.count} were expected")
