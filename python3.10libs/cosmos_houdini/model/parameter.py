"""The inference parameters of an engine: their names, allowed values and defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cosmos_houdini.errors import BadInput, did_you_mean

ParameterValue = int | float | str | bool

SYNONYMS: Final = {"guidance_scale": "guidance"}
"""Names of the diffusers library for parameters that have other names in the engines of Cosmos."""

_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an engine.

    Attributes:
        name: as the engine spells it.
        default: the value if none is given; its type is the parameter's type (a float parameter also takes an int).
        help: one line for people.
        low: the lowest allowed number.
        high: the highest allowed number.
        choices: the allowed words, if only a few words are allowed.
    """

    name: str
    default: ParameterValue
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The accepted values, in words."""
        if self.choices:
            return ", ".join(self.choices)
        if isinstance(self.default, bool):
            return "true or false"
        kind = {int: "a whole number", float: "a number", str: "text"}[type(self.default)]
        if self.low is not None and self.high is not None:
            return f"{kind} from {_exact(self.low)} to {_exact(self.high)}"
        return f"{kind} of at least {_exact(self.low)}" if self.low is not None else kind

    @property
    def type_name(self) -> str:
        """``bool``, ``int``, ``float`` or ``str``."""
        return type(self.default).__name__

    def document(self) -> dict[str, Any]:
        """Return the parameter as JSON data; ``synonyms`` are other names that a batch may use for it."""
        return {
            "name": self.name,
            "type": self.type_name,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "choices": list(self.choices),
            "allowed": self.allowed,
            "help": self.help,
            "synonyms": [word for word, name in SYNONYMS.items() if name == self.name],
        }

    def check_value(self, value: object) -> ParameterValue:
        """Return ``value`` in the parameter's own type.

        Raises:
            BadInput: the value has another type, is no finite number, is out of range, or is none of the choices.
        """
        number: ParameterValue | None = None
        if isinstance(self.default, bool):
            number = value if isinstance(value, bool) else None
        elif isinstance(self.default, str):
            number = value if isinstance(value, str) and (not self.choices or value in self.choices) else None
        elif isinstance(value, int | float) and not isinstance(value, bool) and self._in_range(value):
            if isinstance(self.default, float):
                number = float(value)
            elif float(value).is_integer():
                number = int(value)
        if number is None:
            raise self._refused(value)
        return number

    def parse_value(self, text: str) -> ParameterValue:
        """Return the value of this parameter that ``text`` from a command line means.

        >>> Parameter(name="guidance", default=5.0, help="", low=0).parse_value("7")
        7.0

        Raises:
            BadInput: as for ``check_value``.
        """
        if isinstance(self.default, str):
            return self.check_value(text)
        if isinstance(self.default, bool):
            return self.check_value(_TRUTH.get(text.strip().lower(), text))
        try:
            # Upstream takes 3.0 for a whole number, too; a long number of digits must not pass through a float.
            is_plain = isinstance(self.default, int) and text.strip().lstrip("+-").isdigit()
            return self.check_value(int(text) if is_plain else float(text))
        except (ValueError, OverflowError) as error:
            # BadInput is our own kind of ValueError and names the parameter already.
            raise (error if isinstance(error, BadInput) else self._refused(text)) from None

    def _refused(self, value: object) -> BadInput:
        return BadInput(f"parameter {self.name} = {value!r} cannot be used", allowed=self.allowed)

    def _in_range(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _exact(bound: float) -> str:
    """Return a bound with all its digits.

    >>> _exact(2**31 - 1), _exact(0.5), _exact(7.0)
    ('2147483647', '0.5', '7')
    """
    return str(int(bound)) if bound == int(bound) else repr(bound)


def resolve(
    parameters: Mapping[str, Parameter], given: Mapping[str, object], *, engine: str
) -> dict[str, ParameterValue]:
    """Return a value for every parameter: the given one, checked, or the default.

    Raises:
        BadInput: the engine does not know a name (the error gives the nearest name), or it refuses a value.
    """
    for name in given:
        if name not in parameters:
            raise BadInput(
                f"engine {engine} has no parameter {name!r}",
                allowed=", ".join(sorted(parameters)),
                action=did_you_mean(name, parameters),
            )
    return {
        name: parameter.check_value(given[name]) if name in given else parameter.default
        for name, parameter in parameters.items()
    }
