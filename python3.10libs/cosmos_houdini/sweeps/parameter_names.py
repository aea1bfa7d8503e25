"""The parameter names of an engine, as a batch file may spell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.batch import Randomization
from cosmos_houdini.model.parameter import SYNONYMS, Parameter, ParameterValue

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterNames:
    """The parameters of one engine.

    Attributes:
        engine: a name of the engine registry.
        parameters: of the engine, by name.
    """

    engine: str
    parameters: Mapping[str, Parameter]

    def spelled(self, given: Mapping[str, _Value]) -> dict[str, _Value]:
        """Return a mapping of a batch file with its keys in the engine's spelling.

        Raises:
            BadInput: a name that the engine does not know, or two names of one parameter.
        """
        spelled: dict[str, _Value] = {}
        for name, value in given.items():
            known = self.parameter(name).name
            if known in spelled:
                raise BadInput(f"{known} is given twice, once as {name}")
            spelled[known] = value
        return spelled

    def check_values(self, given: Mapping[str, object]) -> dict[str, ParameterValue]:
        """Return parameters of a batch file with the engine's names and types.

        Raises:
            BadInput: as for ``spelled``, or a value that the engine does not accept.
        """
        return {name: self.parameters[name].check_value(value) for name, value in self.spelled(given).items()}

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of that name or synonym.

        Raises:
            BadInput: there is none; the nearest is named.
        """
        if name in self.parameters:
            return self.parameters[name]
        synonym = SYNONYMS.get(name, name)
        if synonym in self.parameters:
            return self.parameters[synonym]
        raise BadInput(
            f"engine {self.engine} has no parameter {name!r}",
            allowed=", ".join(sorted(self.parameters)),
            # The name may be a mistyped key of the batch file itself.
            action=did_you_mean(name, [*self.parameters, *Randomization.model_fields]),
        )
