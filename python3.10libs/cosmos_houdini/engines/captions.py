"""Which engines read captions, the prompts of Cosmos 3 as JSON objects; the others read words alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.model.parameter import ParameterValue


@runtime_checkable
class ReadsCaptions(Protocol):
    """An engine whose models may be trained on captions; most engines need not have this method."""

    def reads_captions(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Return whether the model that these parameters choose reads captions."""


def reads_captions(engine: str, parameters: Mapping[str, ParameterValue]) -> bool:
    """Return whether an engine reads captions, with a value for every parameter.

    Raises:
        BadInput: no engine has this name.
    """
    known = find_engine(engine)
    return isinstance(known, ReadsCaptions) and known.reads_captions(parameters)
