"""The words for the strength of a control computed from the colour pass; options, files, menus and engines share them.

This module imports only the standard library, because the code inside Houdini uses it too.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Strength = Literal["very_low", "low", "medium", "high", "very_high"]
Preset = Literal["off", Strength]

STRENGTHS: Final[tuple[str, ...]] = get_args(Strength)
PRESETS: Final[tuple[str, ...]] = get_args(Preset)
DEFAULT_STRENGTH: Final[Strength] = "medium"
