"""The controls of Cosmos 3 by upstream's names, and the strengths that upstream has tuned for them.

The values are ``_TRANSFER_DEFAULTS`` of cosmos_framework/inference/args.py at commit 5eee9ed of
github.com/NVIDIA/cosmos-framework.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.model.control import Control

HINTS: Final[Mapping[Control, str]] = {
    Control.EDGE: "edge",
    Control.VIS: "blur",
    Control.DEPTH: "depth",
    Control.SEG: "seg",
}
"""Upstream's name of each control, in upstream's own order: the first one decides the length of the result."""

CONTROLS: Final = {hint: control for control, hint in HINTS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedStrength:
    """The strengths that upstream has tuned for a set of controls.

    Attributes:
        guidance: how strongly the prompt pulls.
        control_guidance: how strongly the controls pull.
    """

    guidance: float
    control_guidance: float


_SINGLE: Final[Mapping[Control, TunedStrength]] = {
    **dict.fromkeys(HINTS, TunedStrength(guidance=3.0, control_guidance=1.5)),
    Control.SEG: TunedStrength(guidance=3.0, control_guidance=2.0),
}
TUNED: Final = _SINGLE[Control.EDGE]
"""The strengths that a request has where none is given; they do not change with the number of controls."""


def tuned_strength(kinds: Collection[Control]) -> TunedStrength:
    """Return the tuned strengths for these controls; upstream has tuned none for several controls at once.

    >>> tuned_strength([Control.SEG])
    TunedStrength(guidance=3.0, control_guidance=2.0)
    """
    only = next(iter(kinds)) if len(kinds) == 1 else None
    return _SINGLE.get(only, TUNED) if only else TUNED
