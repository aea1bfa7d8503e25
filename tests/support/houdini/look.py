"""Windows as Houdini shows them: its dark palette, on a machine without Houdini."""

from __future__ import annotations

from PySide6 import QtGui, QtWidgets

_COLORS = {
    "Window": "#3a3a3a",
    "WindowText": "#cccccc",
    "Base": "#262626",
    "AlternateBase": "#303030",
    "Text": "#dddddd",
    "Button": "#4a4a4a",
    "ButtonText": "#dddddd",
    "Highlight": "#b9730b",
    "HighlightedText": "#ffffff",
    "Light": "#5a5a5a",
    "Mid": "#555555",
    "Dark": "#2b2b2b",
    "ToolTipBase": "#262626",
    "ToolTipText": "#dddddd",
    "PlaceholderText": "#8a8a8a",
}


def houdini_look(application: QtWidgets.QApplication) -> None:
    """Let all windows of an application look much as they do in Houdini."""
    application.setStyle("Fusion")
    palette = QtGui.QPalette()
    for role, color in _COLORS.items():
        palette.setColor(getattr(QtGui.QPalette.ColorRole, role), QtGui.QColor(color))
    disabled = QtGui.QPalette.ColorGroup.Disabled
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(disabled, getattr(QtGui.QPalette.ColorRole, role), QtGui.QColor("#7a7a7a"))
    application.setPalette(palette)
    application.setFont(QtGui.QFont("DejaVu Sans", 9))
