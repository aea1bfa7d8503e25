"""The controls that an engine's program estimates from the colour video, where no such pass was rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, runtime_checkable

from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.model.control import Control

COMPUTED: Final = frozenset(control for control in Control if control.can_be_computed)
"""The controls that this program computes from the colour video, the same for every seed and every engine."""


@runtime_checkable
class Estimates(Protocol):
    """An engine whose program estimates controls; most engines need not."""

    @property
    def estimates(self) -> Mapping[Control, str]:
        """The name of the model that estimates each control."""


def find_estimates(engine: str) -> Mapping[Control, str]:
    """Return the controls that an engine's program estimates, each with the name of the model that does it.

    Raises:
        BadInput: no engine has this name.
    """
    known = find_engine(engine)
    return known.estimates if isinstance(known, Estimates) else {}
