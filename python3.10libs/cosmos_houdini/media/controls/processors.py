"""Processes each pass of a shot from the pixels of its files to the frames of its video.

A processor sees every frame twice. First it gets the frame from its file. It resizes the frame and collects the facts
that depend on the whole shot (a depth range, the objects). Once these are known, it reads the resized frame from disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import DepthKind, DepthSettings, Lens
from cosmos_houdini.media.controls import depth
from cosmos_houdini.media.controls.depth import DepthRange, RangeSurvey
from cosmos_houdini.media.controls.masks import mask_from_cryptomatte, mask_from_picture
from cosmos_houdini.media.pictures.alpha import over_black
from cosmos_houdini.media.pictures.color import DisplayTransform, finite_light
from cosmos_houdini.media.pictures.display_levels import display_bytes
from cosmos_houdini.media.pictures.encoded_color import EncodedDisplay, shown_words
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.model.alpha import WORDS
from cosmos_houdini.model.control import Pass

Array = NDArray[Any]
Frames = Iterator[NDArray[np.uint8]]

NORMALISED = frozenset({DepthKind.NEAR_BRIGHT, DepthKind.NEAR_DARK})
# Percentiles of a range that keeps a frame's own levels: a share of 128/255 must not come out as 127.
_FULL = (0.0, 100.0)


class PassProcessor(Protocol):
    """The steps that turn the pictures of one pass into the frames of its video."""

    grey: bool

    def prepare(self, number: int, pixels: Array) -> Array:
        """Return the data to keep of a frame until the whole shot is known; several threads call this at once."""

    def observe(self, prepared: Array) -> None:
        """Examine the kept data of the next frame; one thread calls this in the order of the frames."""

    def frames(self, spool: Iterable[Array]) -> Frames:
        """Yield the frames of the video; call this after ``observe`` got all frames."""

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""

    def details(self) -> dict[str, object]:
        """Return the data that is needed to make the pass again, for ``metadata.json``."""


@dataclass(kw_only=True)
class PictureProcessor:
    """Processes colour, or another pass that is a picture to look at.

    Attributes:
        transform: shows scene-linear light, or the colours of another display; None for pictures that are already
            meant for a display.
        alpha: what the alpha of the files means, as in ``Picture``.
    """

    pass_: Pass
    geometry: Geometry
    transform: DisplayTransform | EncodedDisplay | None = None
    alpha: str = ""
    grey: bool = False

    def prepare(self, number: int, pixels: Array) -> Array:  # noqa: ARG002 - the protocol's signature
        """Return the frame as the video shows it.

        Light is resized before the display transform, as if it had been rendered in the video's size.
        """
        colors = over_black(pixels, self.alpha)
        if isinstance(self.transform, DisplayTransform):
            return self.transform.apply(self.geometry.forward(finite_light(colors), self.pass_))
        shown = display_bytes(colors) if self.transform is None else self.transform.apply(colors)
        return self.geometry.forward(shown, self.pass_)

    def observe(self, prepared: Array) -> None:
        """Do nothing: the frames do not depend on the whole shot."""

    def frames(self, spool: Iterable[Array]) -> Frames:
        """Yield the frames as they were kept."""
        yield from spool

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        alpha = (WORDS[self.alpha],) if self.alpha else ()
        return (*alpha, *([shown_words(self.transform)] if self.transform else []))

    def details(self) -> dict[str, object]:
        """Return the display transform."""
        return {"display": self.transform.document()} if self.transform else {}


@dataclass(kw_only=True)
class DepthProcessor:
    """Processes depth into disparity, near bright.

    Attributes:
        kind: what the numbers mean.
        evidence: the reason for this meaning, in words.
        sky: the numbers that stand for sky in the frames that were looked at before.
        zero_is_sky: whether 0 is sky in near-dark depth.
    """

    geometry: Geometry
    choice: DepthSettings
    kind: DepthKind
    evidence: str
    sky: tuple[str, ...] = ()
    zero_is_sky: bool = False
    grey: bool = True
    _survey: RangeSurvey = field(default_factory=RangeSurvey)

    def prepare(self, number: int, pixels: Array) -> Array:
        """Return disparity; where several pixels become one, the nearest is kept."""
        lens = self._lens(number) if self.kind is DepthKind.RAY_DISTANCE else None
        near = depth.disparity(pixels, self.kind, lens=lens, far=self.choice.far, zero_is_sky=self.zero_is_sky)
        return self.geometry.forward(near, Pass.DEPTH)

    def observe(self, prepared: Array) -> None:
        """Count the disparities of the frame."""
        self._survey.add(prepared)

    def frames(self, spool: Iterable[Array]) -> Frames:
        """Yield frames of bytes that all have the same range."""
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
            BadInput: the frozen range cannot be read or belongs to depth of another kind; or the shot shows only sky.
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

    def sentence(self) -> str:
        """Return what the pass was taken for, the range of the shot and the sky, in one sentence."""
        taken = f"depth counts as {self.kind} ({self.evidence})"
        frames = f"all {self._survey.frames} frames" if self._survey.frames > 1 else "the frame"
        sky = f"{self._survey.sky_share:.0%} of the pixels are sky"
        distance = self._survey.sky_distance
        numbers = [*self.sky, *([f"{distance:g}"] if distance is not None else [])]
        words = f" ({', '.join(dict.fromkeys(numbers))})" if numbers else ""
        if self.kind in NORMALISED:
            zero = "; 0 is sky" if self.zero_is_sky and self.kind is DepthKind.NEAR_DARK else ""
            return f"{taken}: its own range is kept in {frames}{zero}"
        found = self.depth_range()
        near, far = (f"{1 / found.near:.4g}", f"{1 / found.far:.4g}")
        return f"{taken}: {near} to {far} scene units become white to black in {frames}; {sky}{words}"

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        if self.kind is DepthKind.NEAR_BRIGHT:
            return ("normalised near-bright depth kept",)
        if self.kind is DepthKind.NEAR_DARK:
            return ("normalised near-dark depth inverted",)
        return (f"{self.kind} to disparity, near bright, one range over the shot",)

    def details(self) -> dict[str, object]:
        """Return the range, and the reason why the numbers have this meaning."""
        return {"depth_range": self.depth_range().document(), "depth_evidence": self.evidence, "taken": self.sentence()}

    def _lens(self, number: int) -> Lens:
        """Return the lens at a frame; a lens that never changes also applies outside the scene's frame range."""
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
    """Makes a mask: white where the pass is above one half, or where the named objects cover over half of a pixel."""

    geometry: Geometry
    names: Mapping[int, str] | None = None
    grey: bool = True

    def prepare(self, number: int, pixels: Array) -> Array:  # noqa: ARG002 - the protocol's signature
        """Return the mask."""
        small = self.geometry.forward(pixels, Pass.MASK)
        return mask_from_picture(small) if self.names is None else mask_from_cryptomatte(small, self.names)

    def observe(self, prepared: Array) -> None:
        """Do nothing: the frames do not depend on the whole shot."""

    def frames(self, spool: Iterable[Array]) -> Frames:
        """Yield the masks as they were kept."""
        yield from spool

    def applied(self) -> tuple[str, ...]:
        """Return what was done to the pixels, in words."""
        return ("black or white at one half",)

    def details(self) -> dict[str, object]:
        """Return the objects that the mask shows."""
        return {} if self.names is None else {"objects": sorted(self.names.values())}
