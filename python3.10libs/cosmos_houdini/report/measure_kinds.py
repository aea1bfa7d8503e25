"""The measures that a report knows by name: meaning, direction in which results are better, range, published values.

A measure that an entry has and that is not described here is shown too, without direction and range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cosmos_houdini.report.measures import FORMULA


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureKind:
    """One measure.

    Attributes:
        title: as people read it.
        better: the direction in which results are better; empty where the measure only describes.
        range: the least and the most that it can be; None where it has no bounds.
        text: what it is, with its formula, its source, and what it misses.
        typical: what was published of models, and where; empty where nothing was.
        digits: behind the point, where it is shown.
        unit: behind the number; may be empty.
    """

    title: str
    better: Literal["higher", "lower", ""]
    range: tuple[float, float] | None
    text: str
    typical: str = ""
    digits: int = 3
    unit: str = ""

    @property
    def explanation(self) -> str:
        """The text with what was published, as sentences."""
        typical = f" Published: {self.typical}." if self.typical else ""
        return f"{self.text[:1].upper()}{self.text[1:]}{typical}"


_SHARE = (0.0, 1.0)

MEASURE_KINDS: Mapping[str, MeasureKind] = {
    "score": MeasureKind(title="score", better="higher", range=(-1.0, 1.0), text=FORMULA),
    "structure": MeasureKind(
        title="structure",
        better="higher",
        range=(-1.0, 1.0),
        text="Correlation of the edges (Sobel) of result and source, at 8 moments from pictures of 256x144. It says "
        "nothing of colour, light or detail.",
    ),
    "flicker": MeasureKind(
        title="flicker",
        better="lower",
        range=_SHARE,
        text="Change of brightness from frame to frame that the source does not have, as a share of white, over 16x9 "
        "blocks. It misses flicker of small parts.",
        digits=4,
    ),
    "edge_f1": MeasureKind(
        title="Edge-F1",
        better="higher",
        range=_SHARE,
        text="F1 of Canny's edges (100, 200) of result and source, pixel by pixel, pooled over all frames, as in "
        "PAI-Bench-C (arXiv 2512.01989). An edge that lies one pixel beside counts as missed.",
        typical="Transfer1 0.11 to 0.38, Transfer2.5 0.14 to 0.49 by control (arXiv 2511.00062), Cosmos 3 up to 0.50; "
        "third parties measured 0.15 to 0.39 of Transfer2.5",
    ),
    "blur_ssim": MeasureKind(
        title="Blur-SSIM",
        better="higher",
        range=(-1.0, 1.0),
        text="SSIM of result and source after a bilateral filter (d 30, 150, 100), as in PAI-Bench-C, at some frames. "
        "It says whether large shapes and colours stayed, which a new look is meant to change.",
        typical="Transfer1 0.62 to 0.96, Transfer2.5 0.67 to 0.90 by control (arXiv 2503.14492, 2511.00062)",
    ),
    "depth_edges": MeasureKind(
        title="depth edges",
        better="higher",
        range=_SHARE,
        text="Share of the borders of the rendered depth pass with an edge of the result at most 2 pixels beside, "
        "divided by the same share of the plate, in every fourth frame. Edges of texture may stand in for a border.",
    ),
    "seg_borders": MeasureKind(
        title="segmentation borders",
        better="higher",
        range=_SHARE,
        text="As depth edges, for the borders of the rendered segmentation.",
    ),
    "warping_error": MeasureKind(
        title="warping error",
        better="lower",
        range=_SHARE,
        text="Difference of each frame and the one before it, moved by the plate's optical flow (DIS), above that of "
        "the plate, as a share of white, where the flow holds (after Lai et al. 2018). It misses what flickers slowly.",
        digits=4,
    ),
    "seam_jump": MeasureKind(
        title="seam jump",
        better="lower",
        range=_SHARE,
        text="The most by which that difference is higher than usual where a further chunk of the engine begins.",
        digits=4,
    ),
    "first_frame_jump": MeasureKind(
        title="first-frame jump",
        better="lower",
        range=_SHARE,
        text="The same for the second frame: models often begin with a frame of another look.",
        digits=4,
    ),
    "repeated_frames": MeasureKind(
        title="repeated frames",
        better="lower",
        range=_SHARE,
        text="Share of frames that repeat the one before them although the plate moves.",
    ),
    "black_frames": MeasureKind(
        title="black frames",
        better="lower",
        range=_SHARE,
        text="Share of frames that are black although those of the plate are not.",
    ),
    "exposure_drift": MeasureKind(
        title="exposure drift",
        better="lower",
        range=_SHARE,
        text="Change of mean brightness from the first tenth of the frames to the last that the plate does not have, "
        "as a share of white. It misses what comes and goes in between.",
        digits=4,
    ),
    "color_drift": MeasureKind(
        title="colour drift",
        better="lower",
        range=None,
        text="The same for the two differences of colour, as the length of both.",
        digits=4,
    ),
    "sharpness": MeasureKind(
        title="sharpness",
        better="higher",
        range=None,
        text="Variance of the Laplacian of the result divided by that of the plate: 1 is as sharp. Noise counts as "
        "sharp too.",
        digits=2,
    ),
    "sameness": MeasureKind(
        title="sameness",
        better="",
        range=_SHARE,
        text="1 minus the mean difference of RGB from the plate, as a share of white: 1 for a copy. A result that is "
        "too like its input has not followed the prompt.",
    ),
}


def kind_of(name: str) -> MeasureKind:
    """Return the description of a measure; one that nobody described has its name alone."""
    return MEASURE_KINDS.get(name) or MeasureKind(title=name.replace("_", " "), better="", range=None, text="")
