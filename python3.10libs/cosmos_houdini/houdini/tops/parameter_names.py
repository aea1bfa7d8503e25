"""The attributes of a work item that override parameters of a Cosmos Transfer, and those that were misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, TRANSFER

NODE_PARMS = ("prompt", "negative_prompt", "engine", "host", "num_gpu")
"""Parameters of the node itself that an attribute of their name overrides, besides those of the engine."""
NEAR = 0.8
"""The similarity, from 0 to 1, from which on a name is taken for another one that is misspelt."""
_OTHERS = ("shot_", "cosmos_", "wedge", "pdg_")

Value = str | int | float | bool

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterNames:
    """The names by which an attribute may set a parameter.

    Attributes:
        parameters: of the engine, with the default of each.
        synonyms: other names of parameters.
    """

    parameters: Mapping[str, Value]
    synonyms: Mapping[str, str]

    def find_parameter(self, name: str) -> str | None:
        """Return what an attribute of this name sets: a parameter, ``weight_KIND``, or None."""
        meant = self.synonyms.get(name, name)
        if meant in self.parameters or meant in NODE_PARMS:
            return meant
        kind, _, last = name.partition("_")
        if last == "weight" and kind in CONTROLS:
            return f"weight_{kind}"
        return name if name in _WEIGHTS else None

    def engine_name(self, name: str) -> str:
        """Return the engine's own name of a parameter.

        Raises:
            BadInput: the engine has no parameter of that name.
        """
        meant = self.synonyms.get(name, name)
        if meant not in self.parameters:
            known = [*self.parameters, *_WEIGHTS]
            raise BadInput(
                f"the engine has no parameter {name!r}",
                allowed=", ".join(sorted(self.parameters)),
                action=did_you_mean(name, known),
            )
        return meant

    def convert(self, name: str, value: Value) -> Value:
        """Return a value in the parameter's type.

        PDG has no truth values, wedges turn whole numbers into floats, and a typed text is a text. A value that does
        not fit stays as it is; the worker says what is allowed.

        >>> words = ParameterNames(parameters={"seed": 1, "use_distilled": False, "guidance": 5.0}, synonyms={})
        >>> words.convert("seed", 7.0), words.convert("use_distilled", 1), words.convert("guidance", "7")
        (7, True, 7.0)
        """
        default = self.parameters[name]
        if isinstance(default, str):
            return value if isinstance(value, str) else repr(value)
        if isinstance(default, bool):
            known = _TRUTH.get(value.strip().lower(), value) if isinstance(value, str) else value
            return bool(known) if known in (0, 1) else known
        try:
            number = (int if isinstance(default, int) else float)(value) if isinstance(value, str) else value
        except ValueError:
            return value
        if isinstance(default, int):
            return int(number) if float(number).is_integer() else number
        return float(number)

    def find_misspelt(self, names: Iterable[str]) -> dict[str, str]:
        """Return the names that set nothing and resemble a parameter's, each with that parameter's."""
        known = [*self.parameters, *self.synonyms, *NODE_PARMS, *_WEIGHTS]
        meant = {word: word for word in known} | {word: name for word, name in _LABELS.items() if name in known}
        unknown = [name for name in names if self.find_parameter(name) is None and not name.startswith(_OTHERS)]
        near = {name: difflib.get_close_matches(name.lower(), meant, n=1, cutoff=NEAR) for name in unknown}
        return {name: meant[words[0]] for name, words in near.items() if words}


_WEIGHTS = tuple(f"weight_{kind}" for kind in CONTROLS)
# Artists may name an attribute by the label that the node shows: steps, noise.
_LABELS = {TRANSFER[name].label.lower().replace(" ", "_"): name for name in (*NUMBERS, *NODE_PARMS, *_WEIGHTS)}
