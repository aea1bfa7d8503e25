"""From the plate's frame to the engine's and back: one placement for every pass, and never a squashed picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Pass

SCHEMA = "cosmos-houdini/geometry/1"

Array = NDArray[Any]
Size = tuple[int, int]


class Placement(str, Enum):
    """How a picture of another aspect is put into the engine's frame."""

    FIT = "fit"
    LETTERBOX = "letterbox"
    CROP = "crop"

    def __str__(self) -> str:
        return self.value


class Method(str, Enum):
    """How a pass is resampled."""

    SMOOTH = "area or linear"
    NEAREST = "nearest"
    CLOSEST = "closest"

    def __str__(self) -> str:
        return self.value


# Ids and masks must not mix; of depth and of lines the nearer and the brighter survives.
METHODS = {
    Pass.SEG: Method.NEAREST,
    Pass.MASK: Method.NEAREST,
    Pass.DEPTH: Method.CLOSEST,
    Pass.EDGE: Method.CLOSEST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Pixels from the upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of a picture's rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where a plate lies in the engine's frame.

    Attributes:
        plate: width and height of the rendered picture.
        pixel_aspect: width of a pixel of the plate divided by its height; the engine's pixels are square.
        engine: width and height of the engine's frame.
        placement: ``fit`` shows the whole plate between margins that mirror it, ``letterbox`` between black bars;
            ``crop`` fills the frame and loses what lies outside.
        source: the part of the plate that the engine sees.
        target: where that part lies in the engine's frame.
    """

    plate: Size
    pixel_aspect: float
    engine: Size
    placement: Placement
    source: Rectangle
    target: Rectangle

    def forward(self, frame: Array, pass_: Pass) -> Array:
        """Return a plate-sized frame in the engine's size.

        Args:
            frame: height x width, or height x width x channels. Depth as disparity or as bytes: near is greater.
            pass_: decides how pixels are combined.

        Raises:
            BadInput: the frame has another size than the plate.
        """
        self._check(frame, self.plate, f"the {pass_} pass")
        inside = _resize(
            frame[self.source.slices], (self.target.width, self.target.height), METHODS.get(pass_, Method.SMOOTH)
        )
        return self._padded(inside)

    def restore(self, frame: Array, pass_: Pass = Pass.COLOR, *, under: Array | None = None) -> Array:
        """Return a frame of the engine in the plate's size and position.

        Args:
            frame: what the engine made.
            pass_: decides how pixels are combined.
            under: plate-sized; seen where the engine's frame did not reach. Black without it.

        Raises:
            BadInput: the frame has another size than the engine's, or ``under`` than the plate's.
        """
        self._check(frame, self.engine, "the result")
        inside = _resize(
            frame[self.target.slices], (self.source.width, self.source.height), METHODS.get(pass_, Method.SMOOTH)
        )
        if (self.source.width, self.source.height) == self.plate:
            return inside
        if under is not None:
            self._check(under, self.plate, "the plate")
        width, height = self.plate
        result = np.zeros((height, width, *inside.shape[2:]), inside.dtype) if under is None else under.copy()
        result[self.source.slices] = inside
        return result

    def document(self) -> dict[str, Any]:
        """Return the geometry as JSON data, from which a result can be put back over its plate."""
        return {
            "schema": SCHEMA,
            "plate": list(self.plate),
            "pixel_aspect": self.pixel_aspect,
            "engine": list(self.engine),
            "placement": str(self.placement),
            "source": [self.source.x, self.source.y, self.source.width, self.source.height],
            "target": [self.target.x, self.target.y, self.target.width, self.target.height],
            "methods": {str(pass_): str(METHODS.get(pass_, Method.SMOOTH)) for pass_ in Pass},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Geometry:
        """Return the geometry that ``document`` wrote.

        Raises:
            BadInput: it is of another schema, or a value is missing.
        """
        if document.get("schema") != SCHEMA:
            raise BadInput(f"a frame geometry has schema {document.get('schema')!r}", allowed=SCHEMA)
        try:
            return plan_geometry(
                _size(document["plate"]),
                _size(document["engine"]),
                pixel_aspect=float(document["pixel_aspect"]),
                placement=Placement(document["placement"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"a frame geometry cannot be read: {error!r}") from error

    def _padded(self, inside: Array) -> Array:
        width, height = self.engine
        before = (self.target.y, self.target.x)
        after = (height - self.target.y - self.target.height, width - self.target.x - self.target.width)
        if not any((*before, *after)):
            return inside
        margins = [(b, a) for b, a in zip(before, after, strict=True)] + [(0, 0)] * (inside.ndim - 2)
        return np.pad(inside, margins, mode="reflect" if self.placement is Placement.FIT else "constant")

    @staticmethod
    def _check(frame: Array, size: Size, what: str) -> None:
        height, width = frame.shape[:2]
        if (width, height) != size:
            raise BadInput(
                f"a frame of {what} is {width}x{height}",
                allowed=f"{size[0]}x{size[1]}",
                action="render all passes of the shot in one size",
            )


def plan_geometry(
    plate: Size, engine: Size, *, pixel_aspect: float = 1.0, placement: Placement = Placement.FIT
) -> Geometry:
    """Return where a plate lies in the engine's frame.

    Raises:
        BadInput: a size or the pixel aspect is not positive.

    >>> plan_geometry((1920, 1080), (1280, 704)).target
    Rectangle(x=14, y=0, width=1252, height=704)
    """
    if min(*plate, *engine) < 1 or not (math.isfinite(pixel_aspect) and pixel_aspect > 0):
        raise BadInput(f"a plate of {plate[0]}x{plate[1]} with pixel aspect {pixel_aspect:g}", allowed="positive sizes")
    width, height = plate[0] * pixel_aspect, float(plate[1])
    scales = engine[0] / width, engine[1] / height
    if placement is Placement.CROP:
        scale = max(scales)
        source = _centred((engine[0] / scale / pixel_aspect, engine[1] / scale), plate)
        target = Rectangle(x=0, y=0, width=engine[0], height=engine[1])
    else:
        scale = min(scales)
        source = Rectangle(x=0, y=0, width=plate[0], height=plate[1])
        target = _centred((width * scale, height * scale), engine)
    return Geometry(
        plate=plate, pixel_aspect=pixel_aspect, engine=engine, placement=placement, source=source, target=target
    )


def nearest_size(plate: Size, sizes: Iterable[Size], *, pixel_aspect: float = 1.0) -> Size:
    """Return the size whose aspect is nearest to the plate's.

    >>> nearest_size((2048, 858), [(1280, 704), (960, 960), (704, 1280)])
    (1280, 704)
    """
    aspect = plate[0] * pixel_aspect / plate[1]
    return min(sizes, key=lambda size: abs(math.log(size[0] / size[1] / aspect)))


def _centred(wanted: tuple[float, float], frame: Size) -> Rectangle:
    width, height = (min(max(round(w), 1), most) for w, most in zip(wanted, frame, strict=True))
    return Rectangle(x=(frame[0] - width) // 2, y=(frame[1] - height) // 2, width=width, height=height)


def _resize(frame: Array, size: Size, method: Method) -> Array:
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
    picked: Array = frame[rows[:, None], columns[None, :]]
    return picked


def _size(value: Iterable[int]) -> Size:
    width, height = (int(number) for number in value)
    return width, height
