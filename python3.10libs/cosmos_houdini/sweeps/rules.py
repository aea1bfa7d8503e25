"""The rules that every run of a batch satisfies: a largest sum of weights, exclusions, and at least one control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.model.batch import Condition, Range
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.sweeps.domain import Column

Key = Control | str
"""The owner of a value: a control, whose weight it is, or the name of a parameter."""

Conditions = Mapping[Key, Condition]
Mask = NDArray[np.bool_]

# In binary, ten tenths do not add up to exactly one.
_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules for every run of one item.

    Attributes:
        varied: the owners of the columns of a block of points.
        fixed: the values of everything else.
        max_weight_sum: the largest sum of all weights; None for any.
        excluded: a run that meets all conditions of one of these is left out.
    """

    varied: tuple[Key, ...]
    fixed: Mapping[Key, ParameterValue]
    max_weight_sum: float | None
    excluded: tuple[Conditions, ...]

    def admit(self, columns: Sequence[Column], rows: int) -> Mask:
        """Return which of the rows satisfy all rules."""
        weights = self._weights(columns, rows)
        admitted = np.ones(rows, dtype=np.bool_)
        if weights:
            # Every engine refuses a run without any control.
            admitted &= np.any([weight > 0 for weight in weights], axis=0)
        if self.max_weight_sum is not None:
            admitted &= np.sum([*weights, np.zeros(rows)], axis=0) <= self.max_weight_sum + _SUM_TOLERANCE
        for conditions in self.excluded:
            admitted &= ~self._hold(conditions, columns, rows)
        return admitted

    def _weights(self, columns: Sequence[Column], rows: int) -> list[NDArray[np.float64]]:
        fixed = [np.full(rows, float(value)) for key, value in self.fixed.items() if isinstance(key, Control)]
        return fixed + [
            column.astype(np.float64)
            for key, column in zip(self.varied, columns, strict=True)
            if isinstance(key, Control)
        ]

    def _hold(self, conditions: Conditions, columns: Sequence[Column], rows: int) -> Mask:
        held = np.ones(rows, dtype=np.bool_)
        for key, condition in conditions.items():
            holds = _test(condition)
            if key in self.varied:
                column = columns[self.varied.index(key)].tolist()
                held &= np.fromiter((holds(value) for value in column), dtype=np.bool_, count=rows)
            elif key not in self.fixed or not holds(self.fixed[key]):
                return np.zeros(rows, dtype=np.bool_)
        return held


def _test(condition: Condition) -> Callable[[Any], bool]:
    """Return the test of a condition: one value, one of a list, or a range."""
    if isinstance(condition, Range):
        low, high = condition.min, condition.max
        return lambda value: not isinstance(value, str) and low <= value <= high
    allowed = condition if isinstance(condition, tuple) else (condition,)
    return lambda value: any(_same(value, one) for one in allowed)


def _same(value: ParameterValue, other: ParameterValue) -> bool:
    if isinstance(value, bool | str) or isinstance(other, bool | str):
        return type(value) is type(other) and value == other
    return isclose(value, other, abs_tol=1e-9)
