"""EXR files of a result: half float, one a frame, with the headers of the plate and of the run."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import OpenEXR
import OpenImageIO
from numpy.typing import NDArray

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.delivery.frames import Planes
from cosmos_houdini.media.delivery.light import ColorMeaning, InverseView
from cosmos_houdini.media.delivery.pictures import refuse_damaged
from cosmos_houdini.media.delivery.plate import PlateFrame

Compression = Literal["zip", "dwaa"]

_CONSTANTS = {"zip": OpenEXR.ZIP_COMPRESSION, "dwaa": OpenEXR.DWAA_COMPRESSION}
_TO_HALF: NDArray[np.float16] = (np.arange(65536) / 65535).astype(np.float16)
_WHITE = 65535
# DWA is lossy by intent. A difference of this share, or this much in the dark, cannot be seen.
_DWA_SHARE, _DWA_FLOOR = 0.1, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ExrFrames:
    """How the frames of a delivery become EXR files.

    Attributes:
        meaning: of the numbers.
        inverse: the way back to light; None to keep the colours of the display.
        compression: ``zip`` without loss, ``dwaa`` much smaller.
        pixel_aspect: width of a pixel divided by its height.
        run: attributes about the run, by name.
        rate: frames a second of the shot.
    """

    meaning: ColorMeaning
    compression: Compression
    pixel_aspect: float
    rate: Fraction
    run: Mapping[str, str | int | float]
    inverse: InverseView | None = None

    def header(self, plate: PlateFrame) -> dict[str, Any]:
        """Return the header of one frame; what the plate says of itself is kept where it holds for the result too."""
        x, y = plate.corner
        return {
            **plate.attributes,
            "framesPerSecond": self.rate,
            **({"chromaticities": self.meaning.chromaticities} if self.meaning.chromaticities else {}),
            **({"colorInteropID": self.meaning.interop_id} if self.meaning.interop_id else {}),
            **{f"cosmos/{name}": value for name, value in self.run.items()},
            "cosmos/color": self.meaning.words,
            "pixelAspectRatio": self.pixel_aspect,
            "compression": _CONSTANTS[self.compression],
            "type": OpenEXR.scanlineimage,
            "corner": (x, y),
        }

    def pixels(self, planes: Planes) -> dict[str, NDArray[np.float16]]:
        """Return the channels of a frame in half float."""
        found = [_TO_HALF[plane] for plane in planes] if self.inverse is None else self.inverse.apply(planes)
        return {name: np.ascontiguousarray(plane, np.float16) for name, plane in zip("RGB", found, strict=True)}


@dataclass(slots=True, kw_only=True)
class WrittenExr:
    """The facts about the written files.

    Attributes:
        white: the share of pixels with a channel at the display's white.
        kept: the channels of the frames that are read back, by file.
    """

    white: float = 0.0
    kept: dict[Path, dict[str, NDArray[np.float16]]] = field(default_factory=dict)


def write_exrs(
    frames: Iterator[Planes],
    files: Sequence[Path | None],
    how: ExrFrames,
    headers: Callable[[int], PlateFrame],
    on_frames: Callable[[int], None],
) -> WrittenExr:
    """Write frames while the next ones are decoded.

    Args:
        frames: of the result.
        files: where each frame goes; None for one that is left out.
        how: as what.
        headers: takes the index of a frame and returns what the plate says of it.
        on_frames: called with how many more frames are done.
    """
    written, white, workers = WrittenExr(), 0, os.cpu_count() or 1
    pictured = [file for file in files if file is not None]
    proven = {pictured[index] for index in (0, len(pictured) // 2, -1)} if pictured else set()
    with ThreadPoolExecutor(workers, thread_name_prefix="exr") as pool:
        under_way: deque[Future[int]] = deque()

        def write(index: int, planes: Planes, file: Path) -> int:
            channels = how.pixels(planes)
            _write(file, how.header(headers(index)), channels)
            if file in proven:
                written.kept[file] = channels
            return int((np.maximum(np.maximum(*planes[:2]), planes[2]) == _WHITE).sum())

        for index, planes in enumerate(frames):
            if (file := files[index]) is None:
                continue
            under_way.append(pool.submit(write, index, planes, file))
            while len(under_way) > workers:
                white += under_way.popleft().result()
                on_frames(1)
        for work in under_way:
            white += work.result()
            on_frames(1)
    some = next(iter(written.kept.values()))["R"]
    written.white = white / (some.size * max(1, len(pictured)))
    return written


def prove_exrs(files: Iterable[Path], written: WrittenExr, how: ExrFrames) -> None:
    """Walk every file to its end, and compare three frames as OpenImageIO reads them with what was written.

    Raises:
        CheckFailed: a file is not whole, or shows other pixels, another size or other colours.
    """
    refuse_damaged(files)
    for file, channels in written.kept.items():
        if problem := _difference(file, channels, how):
            raise CheckFailed(f"{file.name} reads back otherwise than written: {problem}")


def _write(file: Path, header: dict[str, Any], channels: Mapping[str, NDArray[np.float16]]) -> None:
    height, width = channels["R"].shape
    x, y = header.pop("corner")
    window = (np.array([x, y], np.int32), np.array([x + width - 1, y + height - 1], np.int32))
    with OpenEXR.File({**header, "dataWindow": window, "displayWindow": window}, dict(channels)) as exr:
        exr.write(str(file))


def _difference(file: Path, channels: Mapping[str, NDArray[np.float16]], how: ExrFrames) -> str:
    """Return how a file differs from its channels, in words; empty if it does not."""
    opened = OpenImageIO.ImageInput.open(str(file))
    if opened is None:
        return str(OpenImageIO.geterror())
    spec, read = opened.spec(), opened.read_image(0, 0, 0, 3, "float")
    opened.close()
    expected = np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float32)
    if read is None or read.shape != expected.shape:
        return f"{spec.width}x{spec.height} with {spec.nchannels} channels"
    share, floor = (0.0, 0.0) if how.compression == "zip" else (_DWA_SHARE, _DWA_FLOOR)
    error = np.abs(read - expected) - share * np.abs(expected)
    if error.mean() > floor / 4 or np.percentile(error, 99) > floor:
        return f"pixels differ by {float(np.abs(read - expected).max()):g}"
    named = spec.get_string_attribute("colorInteropID", "")
    return "" if named == how.meaning.interop_id else f"its colours are {named!r}"
