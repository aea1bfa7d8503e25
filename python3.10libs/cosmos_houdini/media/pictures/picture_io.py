"""Reads the pixels of picture files as arrays, exactly as they are stored, in the size of the display window.

The OpenEXR binding reads EXR, because it is 1.5 to 4 times faster than OpenImageIO and lets threads run in parallel.
OpenImageIO reads all other formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.layers import Channel, Layer, Unreadable, Window, open_exr, window
from cosmos_houdini.media.sequences.formats import SUFFIXES, Damaged, exif, inspect
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture

Array = NDArray[Any]

# Pixels outside the data window show no object: they are infinitely far, black, and without an id.
FILLS = {Pass.DEPTH: np.inf}
_PICTURES = frozenset({Pass.COLOR, Pass.VIS})
# Orientation of EXIF -> quarter turns to the left, after those in _MIRRORED were mirrored left to right.
_QUARTERS = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}
_MIRRORED = frozenset({2, 4, 5, 7})


def read_passes(path: Path, layers: Mapping[Pass, Layer]) -> dict[Pass, Array]:
    """Read the layers of several passes from one EXR.

    Args:
        path: the file; its data window may differ from that of the frame whose layers were chosen.
        layers: the result of ``choose_layers``.

    Returns:
        For each pass an array of the file's own type (float16, float32 or uint32), with the height and width of the
        display window. It has a third axis if the layer has more than one channel. Pixels outside the data window are
        0, but infinite in the depth pass.

    Raises:
        BadInput: the file is missing, damaged or truncated, or lacks a channel.
    """
    announced = open_exr(path, header_only=True).parts
    parts = open_exr(path).parts
    if len(parts) != len(announced):
        raise Unreadable(path, f"is cut short or damaged: {len(parts)} of {len(announced)} parts are complete")
    pixels = {pass_: _layer_pixels(path, parts, layer, FILLS.get(pass_, 0.0)) for pass_, layer in layers.items()}
    return {pass_: _colored(array) if pass_ in _PICTURES else array for pass_, array in pixels.items()}


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
    shown = np.asarray(pixels).reshape(spec.height, spec.width, spec.nchannels)
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


def pixel_aspect(path: Path) -> float:
    """Return the width of a pixel divided by its height; 1 if the file does not give it."""
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        raise BadInput(f"{path} cannot be read: {OpenImageIO.geterror().strip()}", allowed="PNG, JPEG, TIFF, DPX, EXR")
    aspect = float(file.spec().get_float_attribute("PixelAspectRatio", 1.0)) or 1.0
    sideways = int(file.spec().get_int_attribute("Orientation", exif.UPRIGHT)) >= exif.SIDEWAYS
    file.close()
    return 1 / aspect if sideways else aspect


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


def _colored(pixels: Array) -> Array:
    """Return a picture with red, green and blue; grey is copied to all three, and an alpha beside it left out."""
    channels = pixels[..., None] if pixels.ndim == 2 else pixels  # noqa: PLR2004 - height, width
    return channels if channels.shape[-1] >= len("RGB") else np.repeat(channels[..., :1], 3, axis=-1)


def _layer_pixels(path: Path, parts: list[Any], layer: Layer, fill: float) -> Array:
    planes = [_plane(path, parts, channel, fill) for channel in layer.channels]
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


def _plane(path: Path, parts: list[Any], channel: Channel, fill: float) -> Array:
    found = parts[channel.part].channels.get(channel.name) if channel.part < len(parts) else None
    if found is None:
        raise BadInput(
            f"{path} has no channel {channel.name!r} in part {channel.part}",
            action="render every frame of the shot with the same layers",
        )
    header = parts[channel.part].header
    pixels: Array = found.pixels
    # An integer cannot be infinite. Only ids are integers, and 0 belongs to no object.
    empty = fill if pixels.dtype.kind == "f" else 0
    return on_display(pixels, window(header["dataWindow"]), window(header["displayWindow"]), empty)
