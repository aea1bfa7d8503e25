"""Resizes pictures, each pass with a method that keeps its meaning."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.pictures.method import Method
from cosmos_houdini.media.pictures.rectangle import Rectangle, Size

Array = NDArray[Any]


def resize(frame: Array, size: Size, method: Method) -> Array:
    """Return a frame (height x width, with or without channels) in another size."""
    height, width = frame.shape[:2]
    if (width, height) == size:
        return frame
    if method is Method.SMOOTH:
        smaller = size[0] * size[1] < width * height
        source = frame.astype(np.float32) if frame.dtype == np.float16 else np.ascontiguousarray(frame)
        smooth: Array = cv2.resize(source, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        return smooth
    if method is Method.CLOSEST:
        reach = max(1, math.ceil(height / size[1])), max(1, math.ceil(width / size[0]))
        frame = cv2.dilate(np.ascontiguousarray(frame), np.ones(reach, np.uint8))
    rows = ((np.arange(size[1]) + 0.5) * height / size[1]).astype(np.intp)
    columns = ((np.arange(size[0]) + 0.5) * width / size[0]).astype(np.intp)
    picked: Array = frame.take(rows, axis=0).take(columns, axis=1)
    return picked


def pad(inside: Array, size: Size, place: Rectangle, *, mirrored: bool) -> Array:
    """Return a frame of ``size`` with a picture at ``place``, between black or mirrored margins."""
    before = (place.y, place.x)
    after = (size[1] - place.y - place.height, size[0] - place.x - place.width)
    if not any((*before, *after)):
        return inside
    margins = [(b, a) for b, a in zip(before, after, strict=True)] + [(0, 0)] * (inside.ndim - 2)
    return np.pad(inside, margins, mode="reflect" if mirrored else "constant")
