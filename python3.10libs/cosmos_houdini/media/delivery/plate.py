"""The plate of a result: its frames, and what their headers say that a delivery keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import OpenEXR
import OpenImageIO

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.delivery.timecode import exact_rate
from cosmos_houdini.media.pictures.layers import open_exr
from cosmos_houdini.media.pictures.rectangle import Size
from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.media.videos.rate import whole_fps
from cosmos_houdini.model.control import Pass

# They describe how the pixels of the plate are stored, or colours that the result does not have.
_OF_STORAGE = frozenset(
    {
        *("channels", "compression", "dataWindow", "displayWindow", "lineOrder", "type", "name", "view", "multiView"),
        *("chunkCount", "tiles", "version", "preview", "maxSamplesPerPixel", "deepImageState", "envmap", "idManifest"),
        *("pixelAspectRatio", "dwaCompressionLevel", "zipCompressionLevel", "originalDataWindow"),
        *("chromaticities", "colorInteropID", "adoptedNeutral", "renderingTransform", "lookModTransform"),
        *("acesImageContainerFlag", "whiteLuminance"),
    }
)
_NO_COPY = ("cryptomatte/", "oiio:", "openexr:", "cosmos/")
_RATES = ("framesPerSecond", "FramesPerSecond")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFrame:
    """The header of one frame of the plate.

    Attributes:
        attributes: those of an EXR that describe the frame and not its storage, in the types of the OpenEXR binding.
        timecode: ``HH:MM:SS:FF``; empty if there is none.
        rate: frames a second; None if the header says none.
        corner: the upper left corner of an EXR's display window.
        size: width and height of an EXR's display window; None if the file was not read.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    timecode: str = ""
    rate: Fraction | None = None
    corner: tuple[int, int] = (0, 0)
    size: Size | None = None


NO_HEADER = PlateFrame()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """The frames of a plate, as the conversion of a shot names them.

    Attributes:
        name: what the names of its files have in common, without number and ending.
        padding: digits of the numbers in its names.
        numbers: of the frames that the result shows, held ones included.
        held: numbers of the frames that have no usable file.
        size: width and height in pixels.
        pattern: the files' common path, with ``#`` for the digits.
        fps: the rate that the scene had, or else the videos.
        step: the distance between frame numbers.
    """

    name: str
    padding: int
    numbers: tuple[int, ...]
    held: tuple[int, ...]
    size: Size
    pattern: str
    fps: float
    step: int

    @property
    def pictured(self) -> tuple[int, ...]:
        """The numbers of the frames that have a picture."""
        held = set(self.held)
        return tuple(number for number in self.numbers if number not in held)

    def file(self, number: int) -> Path | None:
        """Return the file of a frame; None if it is held, or the plate is not on this machine any more."""
        path = Path(self.pattern)
        named = pattern.parse(path.name)
        file = path.with_name(named.name(number)) if named else path
        return file if number not in self.held and file.is_file() else None

    def rate(self, header: PlateFrame) -> Fraction:
        """Return the frames a second of a movie: those of the header where they fit the videos, else the scene's.

        A shot that is rendered on every second frame lasts as long as the others.
        """
        found = header.rate if header.rate and abs(header.rate - Fraction(self.fps)) < 1 else exact_rate(self.fps)
        return found / self.step


def plate_of(conversion: Mapping[str, Any]) -> Plate:
    """Return the plate of a conversion's colour pass.

    Raises:
        BadInput: the conversion does not say where the plate was in the engine's frame, or its files.
    """
    sources = conversion["sources"]
    source = sources.get(str(Pass.COLOR)) or next(iter(sources.values()))
    frame = conversion.get("frame")
    if not isinstance(frame, Mapping) or "pattern" not in source:
        raise BadInput("the conversion does not say how it was framed", action="make it again with convert-sequence")
    path = Path(source["pattern"])
    named = pattern.parse(path.name)
    step, count = int(source["step"]), int(conversion["frames"])
    numbers = tuple(int(source["first"]) + index * step for index in range(count))
    width, height = frame["plate"]
    return Plate(
        name=(named.prefix if named else path.stem).rstrip("._- ") or str(conversion["name"]),
        padding=named.padding if named else 4,
        numbers=numbers,
        held=tuple(number for number in source.get("held", ()) if number in set(numbers)),
        size=(int(width), int(height)),
        pattern=str(source["pattern"]),
        fps=_rate(conversion),
        step=step,
    )


def read_header(path: Path) -> PlateFrame:
    """Return what the header of a plate's frame says; nothing where the file cannot be read."""
    try:
        return _read_exr(path) if path.suffix.lower() == ".exr" else _read_other(path)
    except (BadInput, ValueError):
        return NO_HEADER


def _rate(conversion: Mapping[str, Any]) -> float:
    """Return the scene's rate where the videos have it, rounded; else that of the videos."""
    scene, fps = conversion.get("scene"), float(conversion["fps"])
    said = scene.get("fps") if isinstance(scene, Mapping) else None
    return float(said) if said and whole_fps(said) == fps else fps


def _read_exr(path: Path) -> PlateFrame:
    header = open_exr(path, header_only=True).parts[0].header
    kept = {
        name: value
        for name, value in header.items()
        if name not in _OF_STORAGE and not name.startswith(_NO_COPY) and name not in _RATES
    }
    rate = next((header[name] for name in _RATES if isinstance(header.get(name), Fraction)), None)
    code = header.get("timeCode")
    corner, end = header["displayWindow"]
    return PlateFrame(
        attributes=kept,
        timecode=_exr_timecode(code) if isinstance(code, OpenEXR.TimeCode) else "",
        rate=rate,
        corner=(int(corner[0]), int(corner[1])),
        size=(int(end[0] - corner[0]) + 1, int(end[1] - corner[1]) + 1),
    )


def _exr_timecode(code: Any) -> str:  # noqa: ANN401 - the binding has no types
    return f"{code.hours:02}:{code.minutes:02}:{code.seconds:02}:{code.frame:02}"


def _read_other(path: Path) -> PlateFrame:
    """Return the timecode and rate of a DPX, in which each digit of the time has four bits."""
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        OpenImageIO.geterror()
        return NO_HEADER
    spec = file.spec()
    file.close()
    size = (int(spec.full_width), int(spec.full_height))
    code, rate = spec.getattribute("smpte:TimeCode"), spec.get_float_attribute("dpx:FrameRate", 0.0)
    digits = f"{int(code[0]) & 0x3F7F7F3F:08x}" if isinstance(code, tuple) and code else ""
    timecode = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) if digits.isdigit() else ""
    return PlateFrame(timecode=timecode, rate=exact_rate(rate) if rate > 0 else None, size=size)
