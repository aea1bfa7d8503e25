"""The kinds of pass that a shot brings and of control that an engine takes."""

from __future__ import annotations

from enum import Enum


class Pass(str, Enum):
    """What the pictures of one sequence show."""

    COLOR = "color"
    DEPTH = "depth"
    SEG = "seg"
    EDGE = "edge"
    VIS = "vis"
    NORMAL = "normal"
    MASK = "mask"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


class Control(str, Enum):
    """The controls of Cosmos Transfer, in the order of ``--weights VIS EDGE DEPTH SEG``."""

    VIS = "vis"
    EDGE = "edge"
    DEPTH = "depth"
    SEG = "seg"

    def __str__(self) -> str:
        return self.value
