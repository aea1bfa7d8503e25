"""The second reading of a source, by another reader than the one that fed the encoder.

OpenImageIO stands against FFmpeg and against the OpenEXR binding. Pillow stands against OpenImageIO, where it reads the
same numbers: 8 bits of grey or RGB, with or without alpha. Elsewhere OpenImageIO reads once more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO
from PIL import Image

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.layers import Layer
from cosmos_houdini.media.pictures.picture_io import FILLS, Array, read_passes
from cosmos_houdini.media.pictures.stored_picture import on_display, read_picture, turned
from cosmos_houdini.media.pictures.window import Window
from cosmos_houdini.media.sequences.formats import inspect
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
_BYTE_BITS = 8


def reread_pixels(file: Path, pass_: Pass, layer: Layer | None, picture: Picture) -> Array:
    """Return the pixels of a pass as ``read_passes`` or ``read_picture`` gives them, by another reader.

    Args:
        file: the picture.
        pass_: the pass, which decides how pixels outside the data window are filled.
        layer: the layer of an EXR; None for other formats.
        picture: the facts that the files of the sequence share.

    Raises:
        BadInput: the file cannot be read.
    """
    if layer is not None:
        found = _layer_by_openimageio(file, layer, FILLS.get(pass_, 0.0))
        return read_passes(file, {pass_: layer})[pass_] if found is None else found
    found = _by_pillow(file) if picture.bit_depth == _BYTE_BITS and picture.format != "dpx" else None
    return read_picture(file) if found is None else found


def _by_pillow(file: Path) -> Array | None:
    """Return the pixels that Pillow reads, upright; None where it reads other numbers than those of the file."""
    stored = inspect(file, checksums=False)
    # Pillow turns a TIFF upright by itself, and divides its colours by the alpha that multiplied them.
    if stored.format == "tiff" and (stored.layout or stored.alpha):
        return None
    try:
        with Image.open(file) as opened:
            if _CHANNELS.get(opened.mode) != stored.channels or "transparency" in opened.info:
                return None
            pixels = np.asarray(opened)
    except (OSError, ValueError, SyntaxError):
        return None
    return turned(pixels if pixels.ndim > 2 else pixels[..., None], stored.turn)  # noqa: PLR2004 - height, width


def _layer_by_openimageio(path: Path, layer: Layer, fill: float) -> Array | None:
    """Return the channels of a layer; None where OpenImageIO opens no such file, or gives them other names."""
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        return None
    planes = []
    try:
        for channel in layer.channels:
            if not file.seek_subimage(channel.part, 0) or channel.name not in file.spec().channelnames:
                return None
            spec = file.spec()
            index = list(spec.channelnames).index(channel.name)
            kind = spec.channelformats[index] if spec.channelformats else spec.format
            pixels = file.read_image(channel.part, 0, index, index + 1, kind)
            if pixels is None:
                raise BadInput(f"{path} cannot be read: {file.geterror().strip()}")
            data = Window(x=spec.x, y=spec.y, width=spec.width, height=spec.height)
            display = Window(x=spec.full_x, y=spec.full_y, width=spec.full_width, height=spec.full_height)
            plane = np.asarray(pixels).reshape(spec.height, spec.width)
            planes.append(on_display(plane, data, display, fill if plane.dtype.kind == "f" else 0))
    finally:
        file.close()
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)
