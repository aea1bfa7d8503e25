"""PNG and TIFF files of a result, one a frame: FFmpeg writes them and OpenImageIO reads them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.delivery.frames import ResultFrames
from cosmos_houdini.media.sequences.formats import Damaged, inspect
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.restore import picture_filters
from cosmos_houdini.model.delivery import DeliveryFormat

_COPY = "copy.raw"


def write_pictures(frames: ResultFrames, kind: DeliveryFormat, folder: Path, how: Run, ffmpeg: FFmpeg) -> list[Path]:
    """Write every frame into a folder, compare three of them with what FFmpeg decoded, and return the files in order.

    Args:
        frames: of the result.
        kind: ``png``, ``png16`` or ``tiff``.
        folder: gets the files; it is the working folder of ``how``.
        how: how the run is watched.
        ffmpeg: encodes and decodes.

    Raises:
        CheckFailed: a file is not whole, or shows other pixels.
        ToolError: FFmpeg failed.
    """
    is_deep = kind is not DeliveryFormat.PNG
    ending = kind.endings[0]
    codec = ["-c:v", "tiff", "-compression_algo", "deflate"] if kind is DeliveryFormat.TIFF else []
    restored = frames.full_scale_filters() if is_deep else frames.filters(is_deep=False)
    shown = [*restored, *picture_filters(frames.geometry, is_deep=is_deep)]
    proven = sorted({0, frames.count // 2, frames.count - 1})
    chosen = "+".join(f"eq(n\\,{index})" for index in proven)
    graph = f"[0:v:0]{','.join(shown)},split[pictures][more];[more]select={chosen}[copy]"
    out = ["-map", "[pictures]", "-fps_mode", "passthrough", *codec, "-f", "image2", "-start_number", "0"]
    copy = ["-map", "[copy]", "-fps_mode", "passthrough", "-f", "rawvideo", _COPY]
    ffmpeg.run([*frames.input, "-filter_complex", graph, *out, f"%08d{ending}", *copy], how)
    files = [folder / f"{index:08d}{ending}" for index in range(frames.count)]
    _compare([files[index] for index in proven], folder / _COPY, frames, is_deep=is_deep)
    refuse_damaged(files)
    return files


def refuse_damaged(files: Iterable[Path]) -> None:
    """Walk the structure of every file to its end.

    Raises:
        CheckFailed: a file is missing or not whole.
    """
    for file in files:
        if damage := _damage(file):
            raise CheckFailed(f"{file.name} cannot be read back: {damage}")


def read_pixels(file: Path, kind: str) -> NDArray[np.generic] | None:
    """Return red, green and blue as OpenImageIO reads them, in one of its types; None if it cannot."""
    opened = OpenImageIO.ImageInput.open(str(file))
    if opened is None:
        OpenImageIO.geterror()
        return None
    pixels = opened.read_image(0, 0, 0, 3, kind)
    opened.close()
    return None if pixels is None else np.asarray(pixels)


def _damage(file: Path) -> str:
    try:
        inspect(file)
    except Damaged as damage:
        return str(damage)
    return ""


def _compare(files: Sequence[Path], copy: Path, frames: ResultFrames, *, is_deep: bool) -> None:
    width, height = frames.geometry.plate
    shape = (len(files), height, width, 3)
    decoded = np.frombuffer(copy.read_bytes(), ">u2" if is_deep else "u1").reshape(shape)
    for file, expected in zip(files, decoded, strict=True):
        pixels = read_pixels(file, "uint16" if is_deep else "uint8")
        if pixels is None or not np.array_equal(pixels, expected):
            raise CheckFailed(f"{file.name} reads back otherwise than written")
