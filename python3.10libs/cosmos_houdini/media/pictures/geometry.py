"""Moves pictures from the plate's frame to the engine's and back, with one placement for all passes of a shot.

Only the placement ``stretch`` changes the aspect of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.method import resampling_method
from cosmos_houdini.media.pictures.rectangle import Rectangle, Size
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.text_enum import TextEnum

if TYPE_CHECKING:
    # Every conversion plans a placement, but few move pixels, and OpenCV is slow to import.
    from cosmos_houdini.media.pictures.resample import Array

SCHEMA = "cosmos-houdini/geometry/1"


class Placement(TextEnum):
    """How to place a picture of another aspect in the engine's frame."""

    FIT = "fit"
    LETTERBOX = "letterbox"
    CROP = "crop"
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The placement of a plate in the engine's frame.

    Attributes:
        plate: width and height of the rendered picture.
        pixel_aspect: width of a pixel of the plate divided by its height; the engine's pixels are square.
        engine: width and height of the engine's frame.
        placement: ``fit`` shows the whole plate between margins that mirror it. ``letterbox`` shows the whole plate
            between black bars. ``crop`` fills the frame and loses the parts of the plate outside it. ``stretch`` puts
            the whole plate into the whole frame, as the engines do by default.
        source: the part of the plate that the engine sees.
        target: the position of that part in the engine's frame.
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
            frame: height x width, or height x width x channels. Depth is disparity or bytes, so that near is greater.
            pass_: the pass of the frame, which decides how pixels are combined.

        Raises:
            BadInput: the frame's size is not the plate's.
        """
        self._check(frame, self.plate, f"the {pass_} pass")
        from cosmos_houdini.media.pictures import resample  # noqa: PLC0415 - see the top

        method = resampling_method(pass_)
        inside = resample.resize(frame[self.source.slices], (self.target.width, self.target.height), method)
        return resample.pad(inside, self.engine, self.target, mirrored=self.placement is Placement.FIT)

    def restore(self, frame: Array, pass_: Pass = Pass.COLOR, *, under: Array | None = None) -> Array:
        """Return a frame of the engine in the plate's size and position.

        Args:
            frame: a frame of the engine's result.
            pass_: the pass of the frame, which decides how pixels are combined.
            under: plate-sized picture, visible where the engine's frame does not reach; black if None.

        Raises:
            BadInput: the frame's size is not the engine's, or the size of ``under`` is not the plate's.
        """
        self._check(frame, self.engine, "the result")
        from cosmos_houdini.media.pictures import resample  # noqa: PLC0415 - see the top

        method = resampling_method(pass_)
        inside = resample.resize(frame[self.target.slices], (self.source.width, self.source.height), method)
        if (self.source.width, self.source.height) == self.plate:
            return inside
        if under is None:
            return resample.pad(inside, self.plate, self.source, mirrored=False)
        self._check(under, self.plate, "the plate")
        result = under.copy()
        result[self.source.slices] = inside
        return result

    @property
    def moves_pixels(self) -> bool:
        """Whether ``forward`` changes anything."""
        return self.plate != self.engine or self.source != self.target

    def document(self) -> dict[str, Any]:
        """Return the geometry as JSON data; with it, a result can be placed over its plate again."""
        return {
            "schema": SCHEMA,
            "plate": list(self.plate),
            "pixel_aspect": self.pixel_aspect,
            "engine": list(self.engine),
            "placement": str(self.placement),
            "source": [self.source.x, self.source.y, self.source.width, self.source.height],
            "target": [self.target.x, self.target.y, self.target.width, self.target.height],
            "methods": {str(pass_): str(resampling_method(pass_)) for pass_ in Pass},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Geometry:
        """Return the geometry that ``document`` wrote.

        Raises:
            BadInput: the document has another schema, or a value is missing.
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
    """Return the placement of a plate in the engine's frame.

    Raises:
        BadInput: a size or the pixel aspect is not positive.

    >>> plan_geometry((1920, 1080), (1280, 704)).target
    Rectangle(x=14, y=0, width=1252, height=704)
    """
    if min(*plate, *engine) < 1 or not (math.isfinite(pixel_aspect) and pixel_aspect > 0):
        raise BadInput(f"a plate of {plate[0]}x{plate[1]} with pixel aspect {pixel_aspect:g}", allowed="positive sizes")
    width, height = plate[0] * pixel_aspect, float(plate[1])
    scales = engine[0] / width, engine[1] / height
    if placement is Placement.STRETCH:
        source, target = (Rectangle(x=0, y=0, width=size[0], height=size[1]) for size in (plate, engine))
    elif placement is Placement.CROP:
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
    """Return the size with the aspect nearest to the plate's.

    >>> nearest_size((2048, 858), [(1280, 704), (960, 960), (704, 1280)])
    (1280, 704)
    """
    aspect = plate[0] * pixel_aspect / plate[1]
    return min(sizes, key=lambda size: abs(math.log(size[0] / size[1] / aspect)))


def _centred(wanted: tuple[float, float], frame: Size) -> Rectangle:
    width, height = (min(max(round(w), 1), most) for w, most in zip(wanted, frame, strict=True))
    return Rectangle(x=(frame[0] - width) // 2, y=(frame[1] - height) // 2, width=width, height=height)


def _size(value: Iterable[int]) -> Size:
    width, height = (int(number) for number in value)
    return width, height
