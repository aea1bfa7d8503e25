"""A lens in millimetres and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

FULL_FRAME_MM = 36.0
"""Width of the film that photographers' words for lenses refer to."""

# Focal length on full frame below which each word holds; https://en.wikipedia.org/wiki/35_mm_equivalent_focal_length
_WORDS = (
    (24.0, "ultra-wide-angle lens"),
    (35.0, "wide-angle lens"),
    (70.0, "standard lens"),
    (135.0, "short telephoto lens"),
    (300.0, "telephoto lens"),
    (math.inf, "super-telephoto lens"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LensFact:
    """A lens.

    Attributes:
        focal_mm: its focal length.
        full_frame_mm: the focal length with the same view on film of 36 mm width; None if the film is unknown.
        view_deg: the horizontal angle of view; None likewise.
        words: what photographers call it; empty likewise.
    """

    focal_mm: float
    full_frame_mm: float | None
    view_deg: float | None
    words: str

    def document(self) -> dict[str, Any]:
        """Return the lens as ``scene --facts --json`` prints it."""
        return {
            "focal_mm": _rounded(self.focal_mm),
            "full_frame_mm": None if self.full_frame_mm is None else _rounded(self.full_frame_mm),
            "view_deg": None if self.view_deg is None else _rounded(self.view_deg),
            "words": self.words,
        }


def describe_lens(focal_mm: float | None, aperture_mm: float | None) -> LensFact | None:
    """Return a lens in numbers and words; None if its focal length is unknown.

    >>> describe_lens(50.0, 41.4214).words
    'standard lens'
    """
    if focal_mm is None or focal_mm <= 0:
        return None
    if aperture_mm is None or aperture_mm <= 0:
        return LensFact(focal_mm=focal_mm, full_frame_mm=None, view_deg=None, words="")
    full_frame_mm = focal_mm * FULL_FRAME_MM / aperture_mm
    return LensFact(
        focal_mm=focal_mm,
        full_frame_mm=full_frame_mm,
        view_deg=math.degrees(2 * math.atan(aperture_mm / (2 * focal_mm))),
        words=next(word for limit, word in _WORDS if full_frame_mm < limit),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
