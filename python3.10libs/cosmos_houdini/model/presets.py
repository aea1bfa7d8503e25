"""How strongly a control is computed from the colour pass: the words that options, files, menus and engines share.

It imports nothing but the standard library, because Houdini's side shares it.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Strength = Literal["very_low", "low", "medium", "high", "very_high"]
Preset = Literal["off", Strength]

STRENGTHS: Final[tuple[str, ...]] = get_args(Strength)
PRESETS: Final[tuple[str, ...]] = get_args(Preset)
DEFAULT_STRENGTH: Final[Strength] = "medium"
