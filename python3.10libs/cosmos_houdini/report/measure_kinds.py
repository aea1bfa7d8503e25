"""The measures that a report knows by name: what each says, in which direction it is better, and within which range.

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
        text: what it is, with its formula and what it misses.
        digits: behind the point, where it is shown.
        unit: behind the number; may be empty.
    """

    title: str
    better: Literal["higher", "lower", ""]
    range: tuple[float, float] | None
    text: str
    digits: int = 3
    unit: str = ""


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
        range=(0.0, 1.0),
        text="Change of brightness from frame to frame that the source does not have, as a share of white, over 16x9 "
        "blocks. It misses flicker of small parts.",
        digits=4,
    ),
}


def kind_of(name: str) -> MeasureKind:
    """Return the description of a measure; one that nobody described has its name alone."""
    return MEASURE_KINDS.get(name) or MeasureKind(title=name.replace("_", " "), better="", range=None, text="")
