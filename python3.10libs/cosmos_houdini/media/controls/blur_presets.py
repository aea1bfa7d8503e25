"""The numbers behind the words for the strength of a blur; plain values, so that reading them loads no picture library.

They are those of ``AddControlInputBlur`` in Cosmos-Transfer 1 and 2.5. The two differ a little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.errors import BadInput, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurPreset:
    """The numbers of one blur strength.

    Attributes:
        shrink: factor by which the frame is shrunk before the bilateral filter.
        diameter_px: diameter of the bilateral filter.
        sigma_color: colour sigma of the bilateral filter.
        sigma_space: spatial sigma of the bilateral filter.
        down_up: factor by which the frame is shrunk and enlarged with the bicubic filter afterwards.
    """

    shrink: int
    diameter_px: int = 30
    sigma_color: int = 150
    sigma_space: int = 100
    down_up: int


TRANSFER25: Final[Mapping[str, BlurPreset]] = {
    "very_low": BlurPreset(shrink=1, down_up=4),
    "low": BlurPreset(shrink=4, down_up=4),
    "medium": BlurPreset(shrink=2, down_up=10),
    "high": BlurPreset(shrink=1, down_up=16),
    "very_high": BlurPreset(shrink=4, down_up=16),
}
TRANSFER1: Final[Mapping[str, BlurPreset]] = {
    "very_low": BlurPreset(shrink=1, diameter_px=15, sigma_color=100, sigma_space=50, down_up=4),
    "low": BlurPreset(shrink=4, diameter_px=15, sigma_color=100, sigma_space=50, down_up=4),
    "medium": BlurPreset(shrink=2, down_up=10),
    "high": BlurPreset(shrink=1, diameter_px=50, sigma_color=300, sigma_space=150, down_up=16),
    "very_high": BlurPreset(shrink=4, diameter_px=50, sigma_color=300, sigma_space=150, down_up=16),
}


def find_preset(name: str, presets: Mapping[str, BlurPreset]) -> BlurPreset:
    """Return the preset of that name.

    Raises:
        BadInput: there is no preset of that name.
    """
    if name not in presets:
        raise BadInput(f"no blur preset {name!r}", allowed=", ".join(presets), action=did_you_mean(name, presets))
    return presets[name]
