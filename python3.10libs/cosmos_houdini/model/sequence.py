"""A sequence of numbered picture files, and the results of its verification."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.model.color_encoding import ColorEncoding
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.text_enum import TextEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The facts in the header of one picture file.

    Attributes:
        format: ``png``, ``jpeg``, ``tiff``, ``exr`` or ``dpx``.
        size: width and height in pixels (of the display window, for EXR), as a viewer shows them upright.
        bit_depth: bits per channel.
        channels: number of channels.
        channel_type: ``uint``, ``half`` or ``float``.
        pixel_aspect: width of a pixel divided by its height, from the header of an EXR; 1 for other formats.
        alpha: ``straight``, ``premultiplied``, or ``unsaid`` for a fourth channel whose meaning the format does not
            say; empty without one.
        encoding: how the colours are encoded; None for those of an sRGB display, and where the file says nothing.
        layout: the ways in which the file is stored that FFmpeg reads wrongly or not at all; empty if there are none.
            Frames may differ in it, because every other reader gives the same pixels.
        turn: how the stored picture is turned to be upright, 1 to 8 as in EXIF; frames may differ in it.
        is_white_zero: whether 0 is white; frames may differ in it.
        refusal: why no reader here gives the right pixels; empty if one does.
    """

    format: str
    size: tuple[int, int]
    bit_depth: int
    channels: int
    channel_type: str = "uint"
    pixel_aspect: float = 1.0
    alpha: str = ""
    encoding: ColorEncoding | None = None
    layout: str = field(default="", compare=False)
    turn: int = field(default=1, compare=False)
    is_white_zero: bool = field(default=False, compare=False)
    refusal: str = ""

    def __str__(self) -> str:
        """Return the facts in the order that people use: `1920x1080 16-bit half EXR with 4 channels`."""
        width, height = self.size
        kind = "" if self.channel_type == "uint" else f" {self.channel_type}"
        plural = "" if self.channels == 1 else "s"
        wide = "" if self.pixel_aspect == 1 else f" of pixel aspect {self.pixel_aspect:g}"
        said = f"{width}x{height} {self.bit_depth}-bit{kind} {self.format.upper()}{wide}"
        said += f" with {self.channels} channel{plural}"
        said += f" and {self.alpha} alpha" if self.alpha else ""
        return f"{said}, encoded as {self.encoding}" if self.encoding else said

    def document(self) -> dict[str, Any]:
        """Return the facts as ``metadata.json`` holds them."""
        return {
            "format": self.format,
            "size": list(self.size),
            "bit_depth": self.bit_depth,
            "channels": self.channels,
            "channel_type": self.channel_type,
            "pixel_aspect": self.pixel_aspect,
            "alpha": self.alpha or None,
            "encoding": str(self.encoding) if self.encoding else None,
            "layout": self.layout or None,
        }


class Evidence(TextEnum):
    """The kinds of evidence for the pass of a sequence, from the strongest to the weakest."""

    NAMED = "named"
    LAYER = "layer"
    NAME = "name"
    FOLDER = "folder"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One file of a sequence."""

    number: int
    file: Path


@dataclass(frozen=True, slots=True)
class Aside:
    """Files that are no frames although they look like some, with the reason as the end of a sentence."""

    files: tuple[Path, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptFrame:
    """A file that exists but cannot be used, with the reason."""

    frame: int
    file: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Verified files whose names differ only in the frame number.

    Attributes:
        pattern: the files' common path, with ``#`` for each digit of padding (``shot.####.png``).
        shot: the name that sequences of one shot share.
        pass_: what the pictures show.
        frames: the files in order of frame number, no number twice.
        step: the distance between frame numbers.
        missing: frame numbers between first and last for which there is no file.
        duplicates: files whose frame number another file has too (``a.1.png`` beside ``a.0001.png``).
        corrupt: files that cannot be read to their end.
        mismatched: frames whose size, depth, channels or format differ from most of the sequence.
        picture: the facts that most of the sequence's headers share; None if no file could be read.
        differences: how the mismatched frames differ, one sentence for each kind.
        layer: the layer of EXR files that shows the pass; empty if the whole picture shows it.
        evidence: what told the pass.
        why: the evidence in words.
        aside: copies, unfinished files and sub-frames beside the frames; none of them is used.
    """

    pattern: str
    shot: str
    pass_: Pass
    frames: tuple[Frame, ...]
    step: int
    missing: tuple[int, ...]
    duplicates: tuple[Path, ...]
    corrupt: tuple[CorruptFrame, ...]
    mismatched: tuple[int, ...]
    picture: Picture | None
    differences: tuple[str, ...] = ()
    layer: str = ""
    evidence: Evidence = Evidence.NAME
    why: str = ""
    aside: tuple[Aside, ...] = ()

    @property
    def first(self) -> int:
        """The lowest frame number."""
        return self.frames[0].number

    @property
    def last(self) -> int:
        """The highest frame number."""
        return self.frames[-1].number

    @property
    def ok(self) -> bool:
        """Whether every frame from first to last exists, is complete, and matches the others."""
        return not (self.missing or self.duplicates or self.corrupt or self.mismatched) and self.picture is not None

    def taken_document(self) -> dict[str, Any]:
        """Return the pass that is taken from the sequence, from which layer and why, as ``check --json`` prints it."""
        return {
            "shot": self.shot,
            "pass": str(self.pass_),
            "pattern": self.pattern,
            "layer": self.layer or None,
            "why": self.why,
        }

    def document(self) -> dict[str, Any]:
        """Return the sequence as ``check --json`` prints it."""
        picture = self.picture
        return {
            "pattern": self.pattern,
            "shot": self.shot,
            "pass": str(self.pass_),
            "why": self.why,
            "first": self.first,
            "last": self.last,
            "step": self.step,
            "count": len(self.frames),
            "missing": list(self.missing),
            "duplicates": [str(path) for path in self.duplicates],
            "corrupt": [{"frame": c.frame, "file": str(c.file), "reason": c.reason} for c in self.corrupt],
            "size": list(picture.size) if picture else None,
            "mismatched": list(self.mismatched),
            "bit_depth": picture.bit_depth if picture else None,
            "channels": picture.channels if picture else None,
            "format": picture.format if picture else None,
            "aside": [str(path) for each in self.aside for path in each.files],
            "ok": self.ok,
        }
