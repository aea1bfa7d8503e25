"""A number that is dragged or typed: a slider and a field that follow one another."""

from __future__ import annotations

from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets

STEPS = 1000
"""Positions of a slider, whatever its range is."""
_WIDEST_FIELD = 86


class SliderRow(QtWidgets.QWidget):
    """A slider with a field; the signal ``changed`` follows a change of the value.

    Args:
        low: the smallest value.
        high: the largest value.
        default: the value that is not sent, since the engine has it anyway.
        decimals: 0 for whole numbers.
        tip: a sentence.
    """

    changed = QtCore.Signal()

    def __init__(self, low: float, high: float, default: float, *, decimals: int, tip: str) -> None:
        super().__init__()
        self.default = default
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._field = QtWidgets.QDoubleSpinBox()
        self._field.setMaximumWidth(_WIDEST_FIELD)
        self._decimals = decimals
        self._field.setDecimals(decimals)
        self._field.setKeyboardTracking(False)
        self._slider.valueChanged.connect(self._take_slider)
        self._field.valueChanged.connect(self._take_field)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._field)
        self.setToolTip(tip)
        self._field.setRange(low, high)
        self._field.setValue(default)
        self.describe(low, high, default)

    @property
    def value(self) -> float:
        """The number."""
        return round(self._field.value(), self._decimals)

    @property
    def is_changed(self) -> bool:
        """Whether it is another number than the default."""
        return self.value != round(self.default, self._decimals)

    def copy_from(self, earlier: SliderRow) -> None:
        """Take over range, default and value of a row of an earlier form."""
        self.describe(earlier._field.minimum(), earlier._field.maximum(), earlier.default)
        self._field.setValue(earlier._field.value())

    def describe(self, low: float, high: float, default: float) -> None:
        """Take another range, such as that of another engine; a value that was chosen stays where it fits."""
        chosen = self.value if self.is_changed else default
        self.default = default
        self._field.blockSignals(True)
        self._field.setRange(low, high)
        self._field.setSingleStep(1 if self._decimals == 0 else (high - low) / 20)
        self._field.setValue(chosen)
        self._field.blockSignals(False)
        self._place_slider()

    def _take_slider(self, position: int) -> None:
        low, high = self._field.minimum(), self._field.maximum()
        self._field.setValue(low + (high - low) * position / STEPS)

    def _take_field(self) -> None:
        self._place_slider()
        self.changed.emit()

    def _place_slider(self) -> None:
        low, high = self._field.minimum(), self._field.maximum()
        self._slider.blockSignals(True)
        self._slider.setValue(round((self._field.value() - low) / ((high - low) or 1) * STEPS))
        self._slider.blockSignals(False)
