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
from cosmos_houdini.media.pictures.layers import Channel, Layer, open_exr, window
from cosmos_houdini.media.pictures.stored_picture import on_display
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.media.sequences.formats import exif
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]

# Pixels outside the data window show no object: they are infinitely far, black, and without an id.
FILLS = {Pass.DEPTH: np.inf}
_PICTURES = frozenset({Pass.COLOR, Pass.VIS})


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


def pixel_aspect(path: Path) -> float:
    """Return the width of a pixel divided by its height; 1 if the file does not give it."""
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        raise BadInput(f"{path} cannot be read: {OpenImageIO.geterror().strip()}", allowed="PNG, JPEG, TIFF, DPX, EXR")
    aspect = float(file.spec().get_float_attribute("PixelAspectRatio", 1.0)) or 1.0
    sideways = int(file.spec().get_int_attribute("Orientation", exif.UPRIGHT)) >= exif.SIDEWAYS
    file.close()
    return 1 / aspect if sideways else aspect


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


def _colored(pixels: Array) -> Array:
    """Return a picture with red, green and blue; grey is copied to all three, and an alpha beside it left out."""
    channels = pixels[..., None] if pixels.ndim == 2 else pixels  # noqa: PLR2004 - height, width
    return channels if channels.shape[-1] >= len("RGB") else np.repeat(channels[..., :1], 3, axis=-1)
