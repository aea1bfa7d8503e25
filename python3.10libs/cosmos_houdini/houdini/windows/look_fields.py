"""The fields of a submission that say how the result looks: seed, steps, guidance and noise of the chosen engine."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from cosmos_houdini.houdini.tops.parms import NUMBERS, TRANSFER
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets
from cosmos_houdini.houdini.windows.slider_row import SliderRow

SEED = "seed"
LARGEST_SEED = 2**31 - 1


class LookFields(QtWidgets.QWidget):
    """The fields; those that the engine does not have are grey. The signal ``changed`` follows a change."""

    changed = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self._names = {name: name for name in NUMBERS}
        layout = QtWidgets.QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.seed = QtWidgets.QSpinBox()
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setValue(int(TRANSFER[SEED].default))
        self.seed.valueChanged.connect(self.changed)
        dice = QtWidgets.QPushButton("Random")
        dice.setToolTip("Another seed, and so another variant of the same shot")
        dice.clicked.connect(lambda _=False: self.seed.setValue(random.randint(0, LARGEST_SEED)))  # noqa: S311 - no secret
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self.seed, 1)
        line.addWidget(dice)
        layout.addRow(TRANSFER[SEED].label, line)
        self.rows: dict[str, SliderRow] = {}
        for name in (name for name in NUMBERS if name != SEED):
            parm = TRANSFER[name]
            low, high = parm.limits or (0.0, 100.0)
            decimals = 0 if isinstance(parm.default, int) else 1
            row = SliderRow(low, high, float(parm.default), decimals=decimals, tip=parm.help)
            row.changed.connect(self.changed)
            layout.addRow(parm.label, row)
            self.rows[name] = row

    def take_engine(self, engine: Mapping[str, Any]) -> None:
        """Take names, ranges and defaults of an engine's parameters, as the worker describes them."""
        known = {each["name"]: each for each in engine["parameters"]}
        synonyms = {word: each["name"] for each in engine["parameters"] for word in each["synonyms"]}
        for name in NUMBERS:
            self._names[name] = synonyms.get(name, name)
        self.seed.setEnabled(self._names[SEED] in known)
        for name, row in self.rows.items():
            parameter = known.get(self._names[name])
            row.setEnabled(parameter is not None)
            if parameter is not None:
                low, high = TRANSFER[name].limits or (0.0, 100.0)
                row.describe(
                    low if parameter["low"] is None else max(low, parameter["low"]),
                    high if parameter["high"] is None else min(high, parameter["high"]),
                    float(parameter["default"]),
                )

    def copy_from(self, earlier: LookFields) -> None:
        """Take over what was chosen in an earlier form."""
        self.seed.setValue(earlier.seed.value())
        for name, row in self.rows.items():
            row.copy_from(earlier.rows[name])

    def parameters(self) -> dict[str, int | float]:
        """Return the parameters that are not as the engine has them, by the engine's own names."""
        found: dict[str, int | float] = {}
        if self.seed.isEnabled() and self.seed.value() != TRANSFER[SEED].default:
            found[self._names[SEED]] = self.seed.value()
        for name, row in self.rows.items():
            if row.isEnabled() and row.is_changed:
                whole = isinstance(TRANSFER[name].default, int)
                found[self._names[name]] = int(row.value) if whole else row.value
        return found
