"""Encoded videos, and the conversion of a shot's sequences that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.sequence import Picture

SCHEMA = "cosmos-houdini/conversion/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorTags:
    """The colour tags of a video, in FFmpeg's words; ``unknown`` for a missing tag.

    Attributes:
        matrix: the conversion from RGB to YUV (``bt709``).
        primaries: the primaries of the RGB (``bt709``).
        transfer: the transfer curve (``bt709``).
        range: ``tv`` for 16 to 235, ``pc`` for 0 to 255.
    """

    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"
    range: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlVideo:
    """One pass as a video that was encoded, decoded again and verified.

    Attributes:
        pass_: the pass that the video shows.
        clip: the file, with the facts found by decoding it.
        codec: the codec as FFmpeg names it (``h264``).
        pix_fmt: the pixel format as FFmpeg names it (``yuv420p``).
        preset: preset of the encoder.
        crf: constant rate factor of the encoder, 0 to 51; less is better.
        color: the colour tags that were read back from the file.
    """

    pass_: Pass
    clip: Clip
    codec: str
    pix_fmt: str
    preset: str
    crf: int
    color: ColorTags

    def document(self) -> dict[str, Any]:
        """Return the video as ``metadata.json`` holds it."""
        return {
            "path": str(self.clip.path),
            **self.clip.document(),
            "codec": self.codec,
            "pix_fmt": self.pix_fmt,
            "preset": self.preset,
            "crf": self.crf,
            "color": asdict(self.color),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files that a video was made from, and the changes to their pixels.

    Attributes:
        pattern: the files' common path.
        first: frame number of the first picture.
        last: frame number of the last picture.
        step: the distance between frame numbers.
        held: numbers of the frames that had no usable file and repeat the frame before.
        picture: the facts in the headers of the files.
        applied: the changes to the pixels, in words, in order.
        details: other values that are needed to compute a pass again (a depth range, a palette).
        layer: the layer of EXR files that shows the pass; None if the whole picture shows it.
        why: why these files are taken for the pass, in words.
    """

    pattern: str
    first: int
    last: int
    step: int
    held: tuple[int, ...]
    picture: Picture
    applied: tuple[str, ...]
    details: Mapping[str, Any] | None = None
    layer: str | None = None
    why: str = ""

    def document(self) -> dict[str, Any]:
        """Return the source as ``metadata.json`` holds it."""
        return {
            "pattern": self.pattern,
            "layer": self.layer,
            "why": self.why,
            "first": self.first,
            "last": self.last,
            "step": self.step,
            "held": list(self.held),
            "picture": self.picture.document(),
            "applied": list(self.applied),
            **(self.details or {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The videos of one shot: the same frames, size and rate in each.

    Attributes:
        name: the name that people give the shot.
        folder: the folder of the videos and ``metadata.json``.
        fps: frames a second, a whole number.
        frames: number of frames of each video.
        size: width and height in pixels.
        videos: one video for each pass.
        scene: the scene as ``scene --json`` prints it, if one was given.
        caption: the answer of a captioning model, if one was asked.
        frame: the position of the plate in the engine's frame.
        sources: the source of each video.
    """

    name: str
    folder: Path
    fps: int
    frames: int
    size: tuple[int, int]
    videos: tuple[ControlVideo, ...]
    sources: Mapping[Pass, Source]
    scene: Mapping[str, Any] | None = None
    caption: Mapping[str, Any] | None = None
    frame: Mapping[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return the conversion as ``metadata.json`` holds it and ``convert-sequence --json`` prints it."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "fps": self.fps,
            "frames": self.frames,
            "size": list(self.size),
            "videos": {str(video.pass_): video.document() for video in self.videos},
            "scene": dict(self.scene) if self.scene is not None else None,
            "caption": dict(self.caption) if self.caption is not None else None,
            "sources": {str(pass_): source.document() for pass_, source in self.sources.items()},
            **({"frame": dict(self.frame)} if self.frame is not None else {}),
        }
