"""An error in a window of ours: title, sentence, what to do, and where the log is."""

from __future__ import annotations

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets
from cosmos_houdini.houdini.worker_error import WorkerError


class ErrorFrame(QtWidgets.QFrame):
    """A red frame, hidden until there is something to tell."""

    def __init__(self) -> None:
        super().__init__()
        self.setStyleSheet("QFrame { background: #5a2a2a; border-radius: 4px; } QLabel { color: #ffffff; }")
        self.title = QtWidgets.QLabel()
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        self.text = QtWidgets.QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        self.hide()

    def explain(self, error: CosmosError) -> None:
        """Show an error."""
        self.title.setText(error.title if isinstance(error, WorkerError) else "The command failed")
        what = [error.problem, error.allowed and f"allowed: {error.allowed}", error.action]
        log = f"log: {error.log}" if isinstance(error, WorkerError) else ""
        self.text.setText("\n".join(part for part in (*what, log) if part))
        self.show()
