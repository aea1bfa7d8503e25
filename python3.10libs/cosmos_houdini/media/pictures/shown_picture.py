"""Pictures of sRGB as OpenImageIO reads them; FFmpeg, which feeds them to the encoder, is compared with these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.pictures.alpha import over_black
from cosmos_houdini.media.pictures.display_levels import display_bytes
from cosmos_houdini.media.pictures.stored_picture import read_picture


def show_picture(file: Path, alpha: str) -> NDArray[np.uint8]:
    """Return a PNG, JPEG, TIFF or DPX of sRGB as OpenImageIO reads it, in bytes.

    Args:
        file: the picture.
        alpha: as for ``over_black``.

    Raises:
        BadInput: as for ``read_picture``.
    """
    return display_bytes(over_black(read_picture(file), alpha))
