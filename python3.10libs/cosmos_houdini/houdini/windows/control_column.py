"""One control in the form of a submission: its picture, its name and its weight."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets
from cosmos_houdini.houdini.windows.slider_row import SliderRow
from cosmos_houdini.model.control import DEFAULT_WEIGHT, Control

PICTURE = QtCore.QSize(152, 86)
UNKNOWN = "not looked at yet"
MISSING = "not rendered"
COMPUTED = "not rendered:\ncomputed, if it\nhas a weight"
_FRAME = "border: 1px solid palette(mid); background: palette(dark); color: palette(mid);"


class PictureLabel(QtWidgets.QLabel):
    """A picture of one size, or a word in its place."""

    def __init__(self) -> None:
        super().__init__(UNKNOWN)
        self.setFixedSize(PICTURE)
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet(_FRAME)

    def show_picture(self, path: Path | None, reason: str) -> None:
        """Show a picture, or the reason why there is none."""
        pixmap = QtGui.QPixmap(str(path)) if path else QtGui.QPixmap()
        if pixmap.isNull():
            self.setPixmap(QtGui.QPixmap())
            self.setText(reason)
            return
        aspect, smooth = QtCore.Qt.AspectRatioMode.KeepAspectRatio, QtCore.Qt.TransformationMode.SmoothTransformation
        self.setPixmap(pixmap.scaled(PICTURE, aspect, smooth))


class ControlColumn(QtWidgets.QWidget):
    """A control; one that was not rendered can have no weight.

    Args:
        control: None for the colour video, which has no weight.
    """

    def __init__(self, control: Control | None) -> None:
        super().__init__()
        self.control = control
        self._picture = PictureLabel()
        name = QtWidgets.QLabel("Color" if control is None else control.label)
        name.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self._picture)
        layout.addWidget(name)
        self.weight: SliderRow | None = None
        if control is not None:
            tip = f"How strongly the result follows {control.shows}; 0 leaves the control out."
            self.weight = SliderRow(0, 1, DEFAULT_WEIGHT, decimals=2, tip=tip)
            self.weight.setMaximumWidth(PICTURE.width())
            layout.addWidget(self.weight)
        layout.addStretch(1)

    def show_picture(self, path: Path | None) -> None:
        """Show the control's picture; without one it takes no part, but for a control that is computed."""
        is_computed = self.control is not None and self.control.can_be_computed
        self._picture.show_picture(path, COMPUTED if is_computed else MISSING)
        if self.weight is None:
            return
        self.weight.setEnabled(path is not None or is_computed)
        if not self.weight.is_changed:
            # A weight asks for a control that is computed: without one, there is none.
            self.weight.describe(0, 1, 0.0 if path is None else DEFAULT_WEIGHT)

    def forget_picture(self) -> None:
        """Show that another shot has not been looked at."""
        self._picture.show_picture(None, UNKNOWN)
        if self.weight is not None:
            self.weight.setEnabled(True)
            if not self.weight.is_changed:
                self.weight.describe(0, 1, DEFAULT_WEIGHT)
