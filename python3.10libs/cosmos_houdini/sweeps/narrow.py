"""The next sweep: the varied values of a batch, narrowed around the runs that somebody chose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cosmos_houdini.model.batch import Randomization, Range, SpecValue
from cosmos_houdini.model.control import Control

Varied = Range | tuple[SpecValue, ...]

SEEDS = "seeds"
"""The key of a batch file for listed seeds."""
_BESIDE = 0.25
"""Share of the spread of the chosen values that is kept on either side."""
_LEAST_BESIDE = 0.0625
"""Share of the old range that is kept on either side at least: equal values may lie beside a better one."""
_DIGITS = 4
_TOLERANCE = 1e-9
"""Share of a step by which a value may lie beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """The varied values of the next sweep.

    Attributes:
        weights: by control.
        parameters: by parameter, and ``seeds`` where they are listed.
        reasons: a sentence for each value: what becomes of it, and why.
    """

    weights: Mapping[Control, Varied]
    parameters: Mapping[str, Varied]
    reasons: tuple[str, ...]


def narrow(
    how: Randomization,
    weights: Sequence[Mapping[Control, float]],
    parameters: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> Narrowed:
    """Return the values around chosen runs.

    A range becomes the chosen values with some room on either side; a list keeps the chosen values.

    Args:
        how: the varied values of the earlier sweep.
        weights: of the controls of each chosen run, one run at least.
        parameters: of each chosen run.
        names: the engine's name of each varied parameter and of ``seeds``, by the name that the file uses.
    """
    of_weights, of_parameters, reasons = {}, {}, []
    for kind in Control:
        values = how.control_weights.get(kind) if isinstance(how.control_weights, dict) else how.control_weights
        chosen = [each[kind] for each in weights if kind in each]
        if values is not None and chosen:
            of_weights[kind], why = narrow_values(values, chosen)
            reasons.append(f"weight of {kind}: {why}")
    for name, values in _varied(how).items():
        found = [each[names[name]] for each in parameters if names[name] in each]
        if found:
            of_parameters[name], why = narrow_values(values, found)
            reasons.append(f"{name}: {why}")
    return Narrowed(weights=of_weights, parameters=of_parameters, reasons=tuple(reasons))


def _varied(how: Randomization) -> dict[str, Varied]:
    listed = {SEEDS: how.seeds} if isinstance(how.seeds, Range | tuple) else {}
    return {**how.parameters, **listed}


def narrow_values(values: Varied, chosen: Sequence[Any]) -> tuple[Varied, str]:
    """Return the values around chosen ones, and why.

    >>> narrow_values(Range(min=0.0, max=8.0), [3.0, 4.0])
    (Range(min=2.5, max=4.5, step=None), 'from 0.0-8.0 to 2.5-4.5, around 3.0 and 4.0')
    >>> narrow_values((1, 2, 3), [2, 2])
    ((2,), 'fixed at 2, which all chosen runs have')
    """
    different = list(dict.fromkeys(chosen))
    if not isinstance(values, Range):
        kept = tuple(value for value in values if value in different) or tuple(different)
        if len(kept) == 1:
            return kept, f"fixed at {kept[0]}, which all chosen runs have"
        return kept, f"{len(kept)} of {len(values)} values, those of the chosen runs"
    closer = _narrow_range(values, [float(value) for value in chosen])
    if closer.min == closer.max:
        return (closer.min,), f"fixed at {closer.min}, which all chosen runs have"
    if (closer.min, closer.max) == (values.min, values.max):
        return values, f"stays from {values.min} to {values.max}: the chosen runs lie at both ends"
    around = " and ".join(str(value) for value in sorted({different[0], different[-1], min(different), max(different)}))
    return closer, f"from {values.min}-{values.max} to {closer.min}-{closer.max}, around {around}"


def _narrow_range(values: Range, chosen: Sequence[float]) -> Range:
    low, high = min(chosen), max(chosen)
    beside = max((high - low) * _BESIDE, (values.max - values.min) * _LEAST_BESIDE)
    ends = (max(float(values.min), low - beside), min(float(values.max), high + beside))
    if values.step is not None:
        return _narrow_steps(values, values.step, ends)
    if isinstance(values.min, int) and isinstance(values.max, int):
        return Range(min=math.floor(ends[0]), max=math.ceil(ends[1]))
    return Range(min=round(ends[0], _DIGITS), max=round(ends[1], _DIGITS))


def _narrow_steps(values: Range, step: float, ends: tuple[float, float]) -> Range:
    """Return the range between the nearest steps outside of two ends."""
    first = math.floor((ends[0] - values.min) / step + _TOLERANCE)
    last = math.floor((values.max - values.min) / step + _TOLERANCE)
    above = min(math.ceil((ends[1] - values.min) / step - _TOLERANCE), last)
    low, high = (_at(values.min, step, number) for number in (min(first, above), above))
    # A step of 0.1 is none in binary: one step may seem longer than the range that it spans.
    return Range(min=low, max=high, step=values.step if step <= high - low else None if above == first else high - low)


def _at(start: float, step: float, number: int) -> int | float:
    found = Decimal(str(start)) + Decimal(str(step)) * number
    return int(found) if isinstance(start, int) and isinstance(step, int) else float(found)
