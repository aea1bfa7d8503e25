"""The controls that an engine takes, the passes that a shot has, and the pass that belongs to each control.

This module is the only list of controls: options, files, menus and engines iterate over ``Control``. docs/engines.md
says what else a new control needs. The module imports only the standard library, because the code inside Houdini uses
it too.
"""

from __future__ import annotations

from cosmos_houdini.model.text_enum import TextEnum

DEFAULT_WEIGHT = 0.5
"""The weight of a control that has a video and no weight of its own; cosmos-transfer1 has the same default."""


class Pass(TextEnum):
    """The content of the pictures of one sequence."""

    COLOR = "color"
    DEPTH = "depth"
    SEG = "seg"
    EDGE = "edge"
    VIS = "vis"
    NORMAL = "normal"
    MASK = "mask"
    UNKNOWN = "unknown"


class Control(TextEnum):
    """The controls of Cosmos Transfer, in the order in which files, tables and windows show them."""

    VIS = "vis"
    EDGE = "edge"
    DEPTH = "depth"
    SEG = "seg"

    @property
    def label(self) -> str:
        """The name that windows show."""
        return _LABELS.get(self, self.value.title())

    @property
    def shows(self) -> str:
        """The content of its video in words, as in ``follow the depth``."""
        return _SHOWS.get(self, f"the {self.value}")

    @property
    def can_be_computed(self) -> bool:
        """Whether the control is computed from the colour where no such pass was rendered."""
        return self in {Control.EDGE, Control.VIS}

    @property
    def pass_(self) -> Pass:
        """The pass whose pictures its video is made from."""
        return Pass(self.value)


_LABELS = {Control.SEG: "Segmentation"}
_SHOWS = {Control.VIS: "the blurred colour", Control.EDGE: "the edges", Control.SEG: "the segmentation"}
