"""Batches in memory, for the tests of what they expand to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.sweeps.sweep import Sweep, expand

SPEC_FILE = Path("/shots/street.spec.json").absolute()


def street(controls: Iterable[str] = ("vis", "edge", "depth", "seg"), name: str = "street") -> PromptSpec:
    return PromptSpec(
        name=name,
        prompt="at night",
        input_video=Path("/shots/color.mp4"),
        controls={Control(kind): Path(f"/shots/{kind}.mp4") for kind in controls},
    )


def batch_of(randomization: dict[str, object] | None = None, **changes: object) -> BatchSpec:
    return BatchSpec.model_validate(
        {"engine": "preview", "items": [{"spec": SPEC_FILE}], "randomization": randomization or {}, **changes}
    )


def sweep_of(
    randomization: dict[str, object] | None = None, *, controls: Iterable[str] = ("edge", "depth"), **changes: object
) -> Sweep:
    return expand(batch_of(randomization, **changes), {SPEC_FILE: street(controls)}, TRANSFER1_PARAMETERS)
