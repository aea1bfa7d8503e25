"""The attributes of a work item that go before the parameters of a Cosmos Transfer, and those that were misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, TRANSFER

NODE_PARMS = ("prompt", "negative_prompt", "engine", "host", "num_gpu")
"""Parameters of the node itself that an attribute of their name goes before, besides those of the engine."""
NEAR = 0.8
"""How alike two names have to be, from 0 to 1, for one to be taken for the other misspelt."""
_OTHERS = ("shot_", "cosmos_", "wedge", "pdg_")

Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterNames:
    """The names that an attribute may have to be taken for a parameter.

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
            BadInput: the engine has none of that name.
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

    def text(self, name: str, value: Value) -> str:
        """Return a value as ``--set`` takes it; PDG has no truth values, and wedges make whole numbers of floats.

        >>> words = Vocabulary(parameters={"seed": 1, "use_distilled": False, "guidance": 5.0}, synonyms={})
        >>> words.text("seed", 7.0), words.text("use_distilled", 1), words.text("guidance", 7)
        ('7', 'true', '7.0')
        """
        default = self.parameters[name]
        if isinstance(value, str):
            return value
        if isinstance(default, bool) and value in (0, 1):
            return "true" if value else "false"
        if isinstance(default, int) and float(value).is_integer():
            return str(int(value))
        return repr(float(value)) if isinstance(default, float) else repr(value)

    def find_misspelt(self, names: Iterable[str]) -> dict[str, str]:
        """Return the names that mean nothing here and are nearly a parameter's, each with that parameter's."""
        known = [*self.parameters, *self.synonyms, *NODE_PARMS, *_WEIGHTS]
        meant = {word: word for word in known} | {word: name for word, name in _LABELS.items() if name in known}
        unknown = [name for name in names if self.find_parameter(name) is None and not name.startswith(_OTHERS)]
        near = {name: difflib.get_close_matches(name.lower(), meant, n=1, cutoff=NEAR) for name in unknown}
        return {name: meant[words[0]] for name, words in near.items() if words}


_WEIGHTS = tuple(f"weight_{kind}" for kind in CONTROLS)
# What the node calls a parameter is what an artist may call an attribute: steps, noise.
_LABELS = {TRANSFER[name].label.lower().replace(" ", "_"): name for name in (*NUMBERS, *NODE_PARMS, *_WEIGHTS)}
