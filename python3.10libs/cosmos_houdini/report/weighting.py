"""The weighting by which results are ranked: a sum of measures that whoever judges them chooses and states."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.report.measure_kinds import MEASURE_KINDS
from cosmos_houdini.report.measures import FLICKER_WEIGHT, FORMULA


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """A sum of measures.

    Attributes:
        weights: factor of each measure, by its name; below 0 for one of which less is better.
    """

    weights: Mapping[str, float]

    def score(self, figures: Mapping[str, float]) -> float | None:
        """Return the sum for a result; None where it lacks a measure."""
        if not all(name in figures for name in self.weights):
            return None
        return round(sum(weight * figures[name] for name, weight in self.weights.items()), 4)

    @property
    def text(self) -> str:
        """The formula in words."""
        if self == DEFAULT:
            return FORMULA
        terms = " ".join(f"{'-' if weight < 0 else '+'} {abs(weight):g} x {n}" for n, weight in self.weights.items())
        return f"score = {terms.removeprefix('+ ')}: the weighting that this report was asked for"


DEFAULT = Weighting(weights={"structure": 1.0, "flicker": -FLICKER_WEIGHT})


def parse_weighting(words: Iterable[str]) -> Weighting:
    """Return the weighting of words such as ``edge_f1=1``; the usual one without any.

    Raises:
        BadInput: an unknown measure, or a factor that is no number.
    """
    weights = {}
    known = [name for name in MEASURE_KINDS if name != "score"]
    for word in words:
        name, _, factor = word.partition("=")
        if name not in known:
            raise BadInput(f"no measure is called {name!r}", allowed=", ".join(known), action=did_you_mean(name, known))
        try:
            weights[name] = float(factor)
        except ValueError:
            weights[name] = math.nan
        if not math.isfinite(weights[name]):
            raise BadInput(f"the weight {factor!r} of {name} is no number", allowed=f"as in {name}=1 or {name}=-2.5")
    return Weighting(weights=weights) if weights else DEFAULT
