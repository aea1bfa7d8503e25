"""Gives each object one flat colour, as the models know it, in all frames and all shots of a show.

A pass first becomes codes: one int64 a pixel, equal where the file's numbers are equal, 0 for background. A survey of
the whole shot finds the codes that are objects. An object shows flat areas; an antialiased edge between two objects
does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.palette import BACKGROUND, Color, all_colors

SCHEMA = "cosmos-houdini/segmentation-colors/1"
EMPTY = 0
# A code is an object if at least this many rows of the shot hold a flat block of 2 x 2 of its pixels.
LEAST_ROWS = 2
ROUNDING = 1e-3

Codes = NDArray[np.int64]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorTable:
    """The colour of each object of a show, by the object's key; a key that has a colour keeps it."""

    colors: Mapping[str, Color] = field(default_factory=dict)

    def extend(self, keys: Iterable[str], wishes: Mapping[str, Color] | None = None) -> ColorTable:
        """Return a table with colours for more keys, in natural order (``car2`` before ``car10``).

        Args:
            keys: keys of the objects; those that have a colour keep it.
            wishes: the colour that each new key should get, if ``all_colors`` has it and no other object uses it.

        Raises:
            BadInput: there are more objects than distinct colours.
        """
        new = sorted(set(keys) - set(self.colors), key=_natural)
        used = set(self.colors.values())
        free = [color for color in all_colors() if color not in used]
        if len(new) > len(free):
            raise BadInput(
                f"the segmentation has {len(new)} objects that have no colour yet",
                allowed=f"at most {len(free)}, one for each distinct colour that is free",
                action="render a Cryptomatte and name the objects that matter with --objects",
            )
        given: dict[str, Color] = {}
        for key in new:
            wish = (wishes or {}).get(key)
            if wish in free:
                free.remove(wish)
                given[key] = wish
        given |= dict(zip((key for key in new if key not in given), free, strict=False))
        return ColorTable(colors={**self.colors, **given})

    def document(self) -> dict[str, Any]:
        """Return the table as JSON data that the other shots of the show can reuse."""
        return {"schema": SCHEMA, "colors": {key: list(value) for key, value in self.colors.items()}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ColorTable:
        """Return the table that ``document`` wrote.

        Raises:
            BadInput: the document has another schema, or a value is not a colour.
        """
        if document.get("schema") != SCHEMA:
            raise BadInput(f"a table of segmentation colours has schema {document.get('schema')!r}", allowed=SCHEMA)
        try:
            return cls(colors={str(key): _color(value) for key, value in document["colors"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"a table of segmentation colours cannot be read: {error!r}") from error


class CodeSurvey:
    """Finds the objects of a shot frame by frame; its memory grows only with the number of different codes."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}

    def add(self, codes: Codes) -> None:
        """Look for flat areas in one frame."""
        flat = (codes[:-1, :-1] == codes[:-1, 1:]) & (codes[:-1, :-1] == codes[1:, :-1])
        flat &= codes[:-1, :-1] == codes[1:, 1:]
        # Count one block of each run, so that sorting stays cheap even for large objects.
        flat[:, 1:] &= ~(flat[:, :-1] & (codes[:-1, :-2] == codes[:-1, 1:-1]))
        for code, rows in zip(*np.unique(codes[:-1, :-1][flat], return_counts=True), strict=True):
            self._rows[int(code)] = self._rows.get(int(code), 0) + int(rows)

    def objects(self) -> tuple[int, ...]:
        """Return the codes of the objects in all frames so far, without the background, in rising order."""
        return tuple(sorted(code for code, rows in self._rows.items() if rows >= LEAST_ROWS and code != EMPTY))


def codes_of_ids(values: NDArray[Any]) -> Codes:
    """Return the codes of an id pass of integers or floats; 0, negative numbers and NaN are background.

    A float id becomes its float32 bit pattern, so that hashes and averaged ids also stay distinct.
    """
    plane = values[..., 0] if values.ndim == 3 else values  # noqa: PLR2004 - height, width, channels
    if plane.dtype.kind != "f":
        return np.maximum(plane.astype(np.int64), EMPTY)
    ids = np.where(plane > 0, plane.astype(np.float32), np.float32(0))
    # A pixel filter may change 5 to 4.9999995 even where it covers only one object.
    whole = np.rint(ids)
    return np.where((np.abs(ids - whole) < ROUNDING) & (whole > 0), whole, ids).view(np.uint32).astype(np.int64)


def codes_of_colors(rgb: NDArray[Any]) -> Codes:
    """Return the codes of a flat-colour pass; black is background.

    The pass is height x width x 3 or more, in uint8, uint16, uint32 (of which the upper half counts) or float.
    """
    colors = rgb[..., :3] >> 16 if rgb.dtype == np.uint32 else rgb[..., :3]
    bits = colors.astype(np.float16).view(np.uint16) if rgb.dtype.kind == "f" else colors
    packed = bits[..., 0].astype(np.int64)
    for channel in (1, 2):
        packed = (packed << 16) | bits[..., channel]
    return packed


def id_key(code: int, dtype: np.dtype[Any]) -> str:
    """Return the key of an id: the number as a pass of that type holds it.

    >>> id_key(17, np.dtype(np.uint32))
    '17'
    """
    return f"{np.array([code], np.uint32).view(np.float32)[0]:.9g}" if dtype.kind == "f" else str(code)


def color_key(code: int, dtype: np.dtype[Any]) -> str:
    """Return the key of a flat colour: its red, green and blue as a pass of that type holds them.

    >>> color_key(0x00FF_0000_0007, np.dtype(np.uint8))
    '255,0,7'
    """
    bits = np.array([code >> 32, code >> 16 & 0xFFFF, code & 0xFFFF], np.uint16)
    return ",".join(f"{value:g}" for value in (bits.view(np.float16) if dtype.kind == "f" else bits))


def paint(codes: Codes, colors: Mapping[int, Color]) -> Picture:
    """Return a height x width x 3 picture of the codes in flat colours.

    A code without a colour is an edge between objects. Its pixel takes the colour of the nearest pixel that has one.
    """
    known = np.array(sorted({EMPTY, *colors}), np.int64)
    flat = codes.ravel()
    starts = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1])))
    found = np.searchsorted(known, flat[starts]).clip(max=len(known) - 1)
    found[known[found] != flat[starts]] = len(known)
    index = np.repeat(found.astype(np.int32), np.diff(np.append(starts, flat.size))).reshape(codes.shape)
    unknown = index == len(known)
    if unknown.any() and not unknown.all():
        index = _spread(index, unknown)
    rows = [(*colors.get(int(code), BACKGROUND), 0) for code in [*known, EMPTY]]
    # Four bytes are fetched at once; three would be copied one by one.
    picked = np.array(rows, np.uint8).view(np.uint32).ravel().take(index)
    return np.asarray(cv2.cvtColor(picked.view(np.uint8).reshape(*index.shape, 4), cv2.COLOR_RGBA2RGB), np.uint8)


def misread_pixels(painted: Picture, decoded: Picture, colors: Iterable[Color]) -> int:
    """Return how many pixels of a decoded frame are nearer to another colour than to the painted one.

    Args:
        painted: the painted frame, height x width x 3.
        decoded: the same frame of the encoded video, height x width x 3.
        colors: all colours of the shot except the background; distances are Euclidean in RGB.
    """
    known = np.array([BACKGROUND, *colors], np.int32)
    gaps = np.square(known[:, None] - known[None]).sum(axis=-1)
    # Within half the least distance between two colours, no other colour can be nearer.
    near = int(gaps[gaps > 0].min(initial=np.iinfo(np.int32).max))
    if int(cv2.absdiff(decoded, painted).max()) ** 2 * 3 * 4 < near:
        return 0
    own = np.square(decoded.astype(np.int32) - painted).sum(axis=-1)
    doubtful = own * 4 >= near
    distances = np.square(decoded[doubtful].astype(np.int32)[:, None] - known[None]).sum(axis=-1)
    return int(np.count_nonzero(distances.min(axis=1) < own[doubtful]))


def _spread(index: NDArray[np.int32], unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    _, nearest = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # OpenCV numbers the known pixels in its own order. Find the index that belongs to each number.
    numbered = np.zeros(int(nearest.max()) + 1, np.int32)
    numbered[nearest[~unknown]] = index[~unknown]
    spread: NDArray[np.int32] = numbered[nearest]
    return spread


def _color(value: Iterable[int]) -> Color:
    red, green, blue = (int(level) for level in value)
    if not all(0 <= level <= 255 for level in (red, green, blue)):  # noqa: PLR2004 - 8 bits
        raise ValueError(f"{value} is no 8-bit colour")
    return red, green, blue


def _natural(key: str) -> tuple[tuple[int, int, str], ...]:
    words = re.split(r"(\d+)", key)
    return tuple((0, int(word), word) if word.isdigit() else (1, 0, word) for word in words)
