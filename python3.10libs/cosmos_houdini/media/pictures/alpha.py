"""Shows pictures over black, whatever the meaning of their alpha is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.model.alpha import STRAIGHT

_GREY_AND_ALPHA = 2


def over_black(picture: NDArray[Any], alpha: str) -> NDArray[Any]:
    """Return the colours of a picture over black, in the type of the picture.

    Args:
        picture: height x width x channels; alpha is the second of two channels, or the fourth.
        alpha: the ``alpha`` of the file's ``Picture``. Only straight alpha changes the colours.
    """
    if alpha != STRAIGHT or picture.ndim == 2 or picture.shape[2] in {1, 3}:  # noqa: PLR2004 - height, width
        return picture
    colors = 1 if picture.shape[2] == _GREY_AND_ALPHA else len("RGB")
    most = np.iinfo(picture.dtype).max if picture.dtype.kind in "ui" else 1
    share = picture[..., colors : colors + 1] / np.float64(most)
    product = picture[..., :colors] * share
    return np.rint(product).astype(picture.dtype) if picture.dtype.kind in "ui" else product.astype(np.float32)
