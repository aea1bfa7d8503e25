"""The blur of an engine's vis control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.media.controls.blur_presets import TRANSFER25, BlurPreset


@runtime_checkable
class BlursByOwnPresets(Protocol):
    """An engine that blurs its vis control in another way than Cosmos-Transfer 2.5; most engines need not."""

    @property
    def blur_presets(self) -> Mapping[str, BlurPreset]:
        """The numbers of each strength in ``model.presets``."""


def find_blur_presets(engine: str) -> Mapping[str, BlurPreset]:
    """Return the blur presets of an engine, by strength.

    Args:
        engine: a name of the registry; empty where no engine is chosen yet.

    Raises:
        BadInput: no engine has this name.
    """
    known = find_engine(engine) if engine else None
    return known.blur_presets if isinstance(known, BlursByOwnPresets) else TRANSFER25
