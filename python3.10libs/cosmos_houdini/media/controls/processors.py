"""How each pass of a shot goes from a file's pixels to the frames of its video.

A track sees every frame twice: once as it comes from the file, to make it small and to learn what only the whole shot
tells (a depth range, the objects), and once from disk, when that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import DepthKind, DepthSettings, Lens
from cosmos_houdini.media.controls import depth
from cosmos_houdini.media.controls.depth import DepthRange, RangeSurvey
from cosmos_houdini.media.controls.masks import mask_from_cryptomatte, mask_from_picture
from cosmos_houdini.media.pictures.color import DisplayTransform, display_bytes, finite_light
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.videos.spool import Spool
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]
Frames = Iterator[NDArray[np.uint8]]

NORMALISED = frozenset({DepthKind.NEAR_BRIGHT, DepthKind.NEAR_DARK})
# Frames at their very own levels: a share of 128/255 must not come out as 127.
_FULL = (0.0, 100.0)


class PassProcessor(Protocol):
    """One pass on its way."""

    grey: bool

    def prepare(self, number: int, pixels: Array) -> Array:
        """Return what is kept of a frame until the whole shot is known; several threads call it at a time."""

    def observe(self, prepared: Array) -> None:
        """Look at what was kept of the next frame; the frames come in their order, in one thread."""

    def frames(self, spool: Spool) -> Frames:
        """Yield the frames of the video, when all of them have been learnt from."""

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""

    def details(self) -> dict[str, object]:
        """Return what making the pass again takes, for ``metadata.json``."""


@dataclass(kw_only=True)
class PictureProcessor:
    """Colour, or anything else for the eye.

    Attributes:
        transform: shows scene-linear light on a display; None for pictures that are meant for a display already.
    """

    pass_: Pass
    geometry: Geometry
    transform: DisplayTransform | None = None
    grey: bool = False

    def prepare(self, number: int, pixels: Array) -> Array:  # noqa: ARG002 - the protocol's signature
        """Return the frame as the video shows it.

        Light is brought to size before the display sees it, as if it had been rendered in that size.
        """
        if self.transform is None:
            return self.geometry.forward(display_bytes(pixels), self.pass_)
        return self.transform.apply(self.geometry.forward(finite_light(pixels), self.pass_))

    def observe(self, prepared: Array) -> None:
        """Nothing is to be learnt."""

    def frames(self, spool: Spool) -> Frames:
        """Yield the frames as they were kept."""
        yield from spool

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        if self.transform is None:
            return ("alpha left aside",)
        return (f"shown by OpenColorIO: {self.transform.input_space} on {self.transform.display}",)

    def details(self) -> dict[str, object]:
        """Return the display transform."""
        return {"display": self.transform.document()} if self.transform else {}


@dataclass(kw_only=True)
class DepthProcessor:
    """Depth as disparity, near bright.

    Attributes:
        kind: what the numbers mean.
        evidence: why they mean it, in a sentence.
    """

    geometry: Geometry
    choice: DepthSettings
    kind: DepthKind
    evidence: str
    grey: bool = True
    _survey: RangeSurvey = field(default_factory=RangeSurvey)

    def prepare(self, number: int, pixels: Array) -> Array:
        """Return disparity: the nearest of the pixels that become one."""
        lens = self._lens(number) if self.kind is DepthKind.RAY_DISTANCE else None
        near = depth.disparity(pixels, self.kind, lens=lens, far=self.choice.far)
        return self.geometry.forward(near, Pass.DEPTH)

    def observe(self, prepared: Array) -> None:
        """Count the disparities of the frame."""
        self._survey.add(prepared)

    def frames(self, spool: Spool) -> Frames:
        """Yield bytes, all of one range."""
        if self.kind in NORMALISED and self.choice.frozen is None:
            for frame in spool:
                yield np.rint(frame * 255).astype(np.uint8)
            return
        depth_range = self.depth_range()
        for frame in spool:
            yield depth.to_8bit(frame, depth_range)

    def depth_range(self) -> DepthRange:
        """Return the range of the shot, or the one that was frozen before.

        Raises:
            BadInput: the frozen range is none, or of depth of another kind; or the shot is nothing but sky.
        """
        if self.choice.frozen is not None:
            frozen = DepthRange.from_document(self.choice.frozen)
            if frozen.kind is not self.kind:
                raise BadInput(
                    f"the depth range to reuse is one of {frozen.kind} depth, the pass is {self.kind}",
                    action="convert without --depth-range, or say with --depth-kind what the pass means",
                )
            return frozen
        if self.kind in NORMALISED:
            return DepthRange(kind=self.kind, far=0.0, near=1.0, percentiles=_FULL, frames=self._survey.frames)
        low, high = self.choice.percentiles
        return self._survey.range(self.kind, low_percent=low, high_percent=high)

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        if self.kind is DepthKind.NEAR_BRIGHT:
            return ("normalised near-bright depth kept",)
        if self.kind is DepthKind.NEAR_DARK:
            return ("normalised near-dark depth inverted",)
        return (f"{self.kind} to disparity, near bright, one range over the shot",)

    def details(self) -> dict[str, object]:
        """Return the range and why the numbers were read so."""
        return {"depth_range": self.depth_range().document(), "depth_evidence": self.evidence}

    def _lens(self, number: int) -> Lens:
        """Return the lens at a frame; one that never changes is that of frames outside the scene's range, too."""
        lenses = self.choice.lenses
        if number in lenses:
            return lenses[number]
        if len(set(lenses.values())) == 1:
            return next(iter(lenses.values()))
        action = "name the scene with --hip, and with --camera the camera where it has several"
        if lenses:
            action = f"its lens changes, and is known in the scene's range {min(lenses)}-{max(lenses)} alone"
        raise BadInput(f"the depth pass holds ray distances, and no camera is known at frame {number}", action=action)


@dataclass(kw_only=True)
class MaskProcessor:
    """White where a mask pass lies above one half, or where objects of these ids cover more than half of a pixel."""

    geometry: Geometry
    names: Mapping[int, str] | None = None
    grey: bool = True

    def prepare(self, number: int, pixels: Array) -> Array:  # noqa: ARG002 - the protocol's signature
        """Return the mask."""
        small = self.geometry.forward(pixels, Pass.MASK)
        return mask_from_picture(small) if self.names is None else mask_from_cryptomatte(small, self.names)

    def observe(self, prepared: Array) -> None:
        """Nothing is to be learnt."""

    def frames(self, spool: Spool) -> Frames:
        """Yield the masks as they were kept."""
        yield from spool

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        return ("black or white at one half",)

    def details(self) -> dict[str, object]:
        """Return the objects that the mask shows."""
        return {} if self.names is None else {"objects": sorted(self.names.values())}
