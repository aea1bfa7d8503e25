"""Reads the pixels of PNG, JPEG, TIFF and DPX by OpenImageIO, upright and with 0 for black."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.media.pictures.window import Window
from cosmos_houdini.media.sequences.formats import SUFFIXES, Damaged, inspect
from cosmos_houdini.model.sequence import Picture

Array = NDArray[Any]

# Orientation of EXIF -> quarter turns to the left, after those in _MIRRORED were mirrored left to right.
_QUARTERS = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}
_MIRRORED = frozenset({2, 4, 5, 7})


def read_picture(path: Path) -> Array:
    """Read a PNG, JPEG, TIFF or DPX.

    Returns:
        Height x width x channels in the file's own depth: uint8, uint16 (10 and 12 bits are spread over 16), uint32,
        float16, float32 or float64. The picture is upright, and 0 is black. Alpha stays as it is stored; colours are
        not multiplied by it.

    Raises:
        BadInput: the file is missing, truncated, or of a format or layout that this program does not read.
    """
    if not path.is_file():
        raise BadInput(f"{path} is no file", action="check the path")
    stored = _facts(path)
    config = OpenImageIO.ImageSpec()
    config["oiio:UnassociatedAlpha"] = 1
    file = OpenImageIO.ImageInput.open(str(path), config)
    if file is None:
        raise BadInput(f"{path} cannot be read: {OpenImageIO.geterror().strip()}", allowed="PNG, JPEG, TIFF, DPX, EXR")
    try:
        spec = file.spec()
        pixels = file.read_image(0, 0, 0, spec.nchannels, spec.format)
        if pixels is None or file.has_error:
            raise Unreadable(path, f"is cut short or damaged: {file.geterror().strip()}")
    finally:
        file.close()
    shown: Array = np.asarray(pixels).reshape(spec.height, spec.width, spec.nchannels)
    if stored.format == "exr":
        # In the other formats this is the size of a film or of a page, which may be any number.
        display = Window(x=spec.full_x, y=spec.full_y, width=spec.full_width, height=spec.full_height)
        shown = on_display(shown, Window(x=spec.x, y=spec.y, width=spec.width, height=spec.height), display, 0)
    # OpenImageIO inverts bytes itself, and no other type.
    if stored.is_white_zero and shown.dtype.kind == "u" and shown.dtype != np.uint8:
        shown[..., 0] = np.iinfo(shown.dtype).max - shown[..., 0]
    return turned(shown, stored.turn)


def turned(pixels: Array, turn: int) -> Array:
    """Return a stored picture upright; ``turn`` is 1 to 8 as in EXIF.

    >>> turned(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    mirrored = pixels[:, ::-1] if turn in _MIRRORED else pixels
    return np.rot90(mirrored, _QUARTERS[turn])


def _facts(path: Path) -> Picture:
    """Return what the headers say, which OpenImageIO does not give in every format.

    Raises:
        BadInput: the file is damaged, or of a layout that no reader here knows.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{path} cannot be read: its name says no format", allowed="PNG, JPEG, TIFF, DPX, EXR")
    try:
        found = inspect(path, checksums=False)
    except Damaged as damage:
        raise Unreadable(path, str(damage)) from damage
    if found.refusal:
        raise BadInput(f"{path} {found.refusal}")
    return found


def on_display(pixels: Array, data: Window, display: Window, fill: float) -> Array:
    """Return the pixels of the display window, taken from an array that covers the data window.

    >>> one = np.ones((1, 1))
    >>> on_display(one, Window(x=1, y=0, width=1, height=1), Window(x=0, y=0, width=2, height=1), 0).tolist()
    [[0.0, 1.0]]
    """
    if data == display:
        return pixels
    result = np.full((display.height, display.width, *pixels.shape[2:]), fill, pixels.dtype)
    left, right = max(data.x, display.x), min(data.x + data.width, display.x + display.width)
    top, bottom = max(data.y, display.y), min(data.y + data.height, display.y + display.height)
    if left < right and top < bottom:
        inside = pixels[top - data.y : bottom - data.y, left - data.x : right - data.x]
        result[top - display.y : bottom - display.y, left - display.x : right - display.x] = inside
    return result
