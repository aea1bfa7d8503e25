"""The position of a plate in the engine's frame, and whether the videos are resized to that frame beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.engines.cosmos.frame_size import generated_size, stretch
from cosmos_houdini.media.control_settings import Fit
from cosmos_houdini.media.pictures.geometry import Geometry, Placement, plan_geometry
from cosmos_houdini.media.pictures.rectangle import Size

NOTICEABLE_STRETCH = 0.05
"""The engines' own resize stretches every 1920x1080 video by 2.3 %. It cannot be seen, and restoring undoes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The mapping from the plate to the engine's frame.

    Attributes:
        geometry: of the mapping.
        applied: whether the videos have the engine's size; else they have the plate's, and the engine resizes them.
        sentence: a message for people; empty where there is nothing to report.
    """

    geometry: Geometry
    applied: bool
    sentence: str = ""

    @property
    def of_videos(self) -> Geometry | None:
        """From the plate to the videos; None where they have the plate's size."""
        return self.geometry if self.applied else None

    def document(self) -> Mapping[str, Any]:
        """Return the framing as in ``metadata.json``."""
        return {**self.geometry.document(), "applied": self.applied}


def plan_framing(
    plate: Size,
    *,
    pixel_aspect: float = 1.0,
    fit: Fit = "auto",
    exact: bool = False,
    frame_size: Callable[[Size], Size] | None = None,
) -> Framing:
    """Return the framing of a plate.

    Args:
        plate: width and height in pixels.
        pixel_aspect: width of a pixel divided by its height.
        fit: how a plate of another aspect is put into the engine's frame. ``none`` leaves it to the engine, which
            scales width and height independently: every video has the plate's size, also those of computed passes.
            ``auto`` does so where the aspect changes by 5 % or less, or where the plate is less than half as large as
            the engine's frame; otherwise it letterboxes.
        exact: whether passes are computed, for which ``auto`` makes all videos in the engine's size.
        frame_size: tells the frame of an engine that crops videos of another size; ``auto`` makes all videos in this
            size. None for an engine that stretches them.

    Raises:
        BadInput: a size or the pixel aspect is not positive.
    """
    shown = (max(1, round(plate[0] * pixel_aspect)), plate[1])
    engine = (frame_size or generated_size)(shown)
    factor = stretch(shown, engine)
    if frame_size and fit == "none" and factor != 1:
        return _cropped_by_engine(plate, engine, pixel_aspect)
    is_close = abs(factor - 1) <= NOTICEABLE_STRETCH
    is_square = pixel_aspect == 1
    is_small = plate[0] * 2 < engine[0] and plate[1] * 2 < engine[1]
    changed = f"{plate[0]}x{plate[1]} to {engine[0]}x{engine[1]}"
    if fit == "none" or (fit == "auto" and (is_close or (is_small and is_square and not (exact or frame_size)))):
        geometry = plan_geometry(plate, engine, pixel_aspect=pixel_aspect, placement=Placement.STRETCH)
        squashed = f"the engine scales {changed}: everything becomes {factor:.2f} times as wide"
        return Framing(
            geometry=geometry,
            applied=fit == "auto" and (exact or not is_square or (frame_size is not None and plate != engine)),
            sentence="" if is_close else f"{squashed}; --fit letterbox keeps the aspect",
        )
    placement = Placement.LETTERBOX if fit == "auto" else Placement(fit)
    return Framing(
        geometry=plan_geometry(plate, engine, pixel_aspect=pixel_aspect, placement=placement),
        applied=True,
        sentence=f"{placement}: every pass is scaled from {changed}; restore undoes it",
    )


def _cropped_by_engine(plate: Size, engine: Size, pixel_aspect: float) -> Framing:
    return Framing(
        geometry=plan_geometry(plate, engine, pixel_aspect=pixel_aspect, placement=Placement.CROP),
        applied=False,
        sentence=f"the engine crops {plate[0]}x{plate[1]} to {engine[0]}x{engine[1]}; --fit letterbox keeps all of it",
    )
