"""Values over which a batch varies a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cosmos_houdini.errors import BadInput


@dataclass(frozen=True, slots=True)
class Uniform:
    """All numbers from ``low`` to ``high``, both included; with a step, those a whole number of steps above ``low``."""

    low: float
    high: float
    step: float | None = None

    def to_dict(self) -> dict[str, float]:
        """Return the range as a batch file spells it."""
        return {"min": self.low, "max": self.high, **({} if self.step is None else {"step": self.step})}


def uniform(low: float, high: float, step: float | None = None) -> Uniform:
    """Return a range of numbers for ``vary`` of ``Project.batch``.

    >>> uniform(2, 7).to_dict()
    {'min': 2, 'max': 7}

    Args:
        low: smallest value.
        high: largest value, not below ``low``.
        step: distance of two values, above 0; None for every number between.

    Raises:
        BadInput: a bound that is no finite number, bounds in the wrong order, or a step that is not above 0.
    """
    for name, value in (("low", low), ("high", high), ("step", step)):
        if value is not None and not _is_finite(value):
            raise BadInput(f"uniform: {name} = {value!r}", allowed="a finite number")
    if low > high:
        raise BadInput(f"uniform: low = {low:g} is above high = {high:g}", action=f"write uniform({high:g}, {low:g})")
    if step is not None and step <= 0:
        raise BadInput(f"uniform: step = {step:g}", allowed="a number above 0")
    return Uniform(low, high, step)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def randomization_of(vary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the randomization of a batch file for what is varied.

    ``seed`` becomes ``seeds``, ``weights`` becomes ``control_weights``; every other name is a parameter.

    >>> randomization_of({"seed": range(3), "weights": {"depth": uniform(0, 1)}})
    {'seeds': [0, 1, 2], 'control_weights': {'depth': {'min': 0, 'max': 1}}}

    Raises:
        BadInput: a value that is neither a range, a list nor a single value.
    """
    names = {"seed": "seeds", "weights": "control_weights"}
    return {names.get(name, name): _values(name, value) for name, value in vary.items()}


def _values(name: str, value: object) -> Any:  # noqa: ANN401 - a part of a YAML document
    if isinstance(value, Uniform):
        return value.to_dict()
    if isinstance(value, Mapping) and name == "weights":
        return {str(control): _values(f"weights.{control}", each) for control, each in value.items()}
    if name == "seed" and value == "random":
        return value
    if isinstance(value, bool | int | float | str):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return list(value)
    raise BadInput(f"vary: {name} = {value!r}", allowed="uniform(low, high), a list, a range, or one value")
