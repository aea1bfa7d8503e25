"""The domain of a varied parameter: its values, and the value for each point of the unit interval."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import Range
from cosmos_houdini.model.parameter import Parameter, ParameterValue

Column = NDArray[Any]

_LEAST_DIFFERENT = 10_000
_EXACT = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A list of different values."""

    values: tuple[ParameterValue, ...]

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def at(self, indices: NDArray[np.int64]) -> Column:
        """Return the values with these numbers, counted from 0."""
        # Without the type object, NumPy would turn the words and numbers of one list into one type.
        known = np.empty(len(self.values), dtype=object)
        known[:] = self.values
        return known[indices]

    def spread(self, units: NDArray[np.float64]) -> Column:
        """Return the values for points of the unit interval; each value has an equal part of it."""
        return self.at((units * self.size).astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The numbers ``(start + n * step) / scale`` for n from 0 to below size: decimals without rounding errors."""

    start: int
    step: int
    scale: int
    size: int

    def at(self, indices: NDArray[np.int64]) -> Column:
        """Return the values with these numbers, counted from 0."""
        numbers = self.start + indices * self.step
        # Both sides are exact in binary, so that the quotient is the nearest number to the decimal.
        return numbers if self.scale == 1 else numbers / float(self.scale)

    def spread(self, units: NDArray[np.float64]) -> Column:
        """Return the values for points of the unit interval; each value has an equal part of it."""
        return self.at((units * self.size).astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """All numbers from low to high, rounded to as few decimals as keep ten thousand of them different."""

    low: float
    high: float

    def spread(self, units: NDArray[np.float64]) -> Column:
        """Return the numbers for points of the unit interval."""
        width = self.high - self.low
        decimals = next((n for n in range(4, 15) if width * 10**n >= _LEAST_DIFFERENT), 15)
        return np.clip(np.round(self.low + units * width, decimals), self.low, self.high)


Domain = Choices | Steps | Interval


def build_domain(
    values: Range | tuple[object, ...], parameter: Parameter, *, clamp: bool
) -> tuple[Domain, tuple[str, ...]]:
    """Return the domain of a parameter, and sentences about changed values.

    Args:
        values: as the file gives them.
        parameter: of the engine.
        clamp: replace a number that is too small or too large by the nearest one that the engine accepts.

    Raises:
        BadInput: a value that the engine does not take, or a range of something that has none.
    """
    if isinstance(values, Range):
        return _of_range(values, parameter, clamp=clamp)
    clamped = [_clamped(value, parameter) if clamp else value for value in values]
    checked = tuple(parameter.check_value(value) for value in clamped)
    notes = [
        f"{parameter.name} = {value!r} becomes {used!r}, the nearest that the engine accepts"
        for value, used in zip(values, clamped, strict=True)
        if value != used
    ]
    different = tuple(dict.fromkeys(checked))
    if len(different) < len(checked):
        notes.append(f"{parameter.name}: {len(checked) - len(different)} repeated values are left out")
    return Choices(values=different), tuple(notes)


def _of_range(values: Range, parameter: Parameter, *, clamp: bool) -> tuple[Domain, tuple[str, ...]]:
    if isinstance(parameter.default, bool | str):
        raise BadInput(
            f"{parameter.name} has no range from {values.min} to {values.max}", allowed=f"a list: {parameter.allowed}"
        )
    ends: tuple[float, float] = (values.min, values.max)
    if isinstance(parameter.default, int):
        # A range that was written for an engine with fractions: the whole numbers in it are varied.
        ends = (ceil(values.min), floor(values.max)) if ceil(values.min) <= floor(values.max) else ends
    low, high = ((_clamped(end, parameter) if clamp else end) for end in ends)
    notes: tuple[str, ...] = ()
    if (low, high) != (values.min, values.max):
        notes = (
            f"{parameter.name} from {values.min} to {values.max} becomes {low} to {high}: the engine accepts no others",
        )
    low, high = parameter.check_value(low), parameter.check_value(high)
    if low == high:
        return Choices(values=(low,)), notes
    if isinstance(parameter.default, float) and values.step is None:
        return Interval(low=float(low), high=float(high)), notes
    step = 1 if values.step is None else values.step
    if isinstance(parameter.default, int) and not float(step).is_integer():
        raise BadInput(f"{parameter.name} has whole numbers and cannot be varied in steps of {step}")
    return _steps(low, high, int(step) if isinstance(parameter.default, int) else step, parameter.name), notes


def _steps(low: ParameterValue, high: ParameterValue, step: float, name: str) -> Steps:
    """Return the steps as whole multiples of the last decimal place that any of the three numbers uses."""
    first, last, spacing = (Decimal(repr(number)) for number in (low, high, step))
    scale = 10 ** max(0, *(-_exponent(number) for number in (first, last, spacing)))
    if max(abs(first), abs(last), 1) * scale >= _EXACT:
        raise BadInput(f"{name} from {low} to {high} in steps of {step} has more decimals than a number can hold")
    start, end, width = (int(number * scale) for number in (first, last, spacing))
    if scale == 1 and isinstance(low, float):
        # A scale of one stands for whole numbers; ten times as many tenths are the same numbers.
        start, end, width, scale = start * 10, end * 10, width * 10, 10
    return Steps(start=start, step=width, scale=scale, size=(end - start) // width + 1)


def _exponent(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _clamped(value: object, parameter: Parameter) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if parameter.low is not None and value < parameter.low:
        return type(parameter.default)(parameter.low)
    if parameter.high is not None and value > parameter.high:
        return type(parameter.default)(parameter.high)
    return value
