"""The findings of ``cosmos-houdini doctor`` about this machine and a host, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.windows.error_frame import ErrorFrame
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

TICK_MS = 100
THIS_MACHINE = "this machine"
COLUMNS = {"": 44, "Where": 100, "Check": 120, "Seen": 380, "Next step": 60}
"""Titles, and widths in pixels; the last takes what is left."""

_WORDS = 3
"""The first columns hold a word or two each, which are seen whole however large the screen's letters are."""
_COLORS = {"pass": "#7fc97f", "warn": "#e8c66a", "fail": "#f0827a"}


class DoctorWindow(QtWidgets.QWidget):
    """A window that has the worker look at this machine, or at a host too; it never waits for it.

    Args:
        folder: of the project: the scene's own.
        parent: Houdini's main window.
    """

    def __init__(self, folder: Path, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self._folder = folder
        self._task: BackgroundCall | None = None
        self._build()
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Look at this machine, and at the host that is chosen."""
        self.stop()
        host = self._host.currentText()
        self._head.setText(f"Looking at {host} ...")
        self._error.hide()
        options = {} if host == THIS_MACHINE else {"host": host}
        self._task = BackgroundCall("doctor", options, folder=self._folder)
        self._stop.setEnabled(True)

    def stop(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.stop()

    def tick(self) -> None:
        """Take in what the worker has answered."""
        if self._task is None or not self._task.ended:
            return
        task, self._task = self._task, None
        self._stop.setEnabled(False)
        try:
            self._show(task.result())
        except CosmosError as error:
            self._head.setText("Stopped" if task.was_stopped else "")
            if not task.was_stopped:
                self._error.explain(error)

    def _show(self, document: Mapping[str, Any]) -> None:
        checks = document["checks"]
        wrong = [check for check in checks if check["verdict"] != "pass"]
        self._head.setText(f"{len(checks)} checks, {len(wrong)} to look at" if wrong else f"All {len(checks)} passed")
        self._table.setRowCount(len(checks))
        for row, check in enumerate(checks):
            mark = check["verdict"].upper() if check["verdict"] == "fail" else check["verdict"]
            texts = (mark, check["host"] or THIS_MACHINE, check["check"], check["seen"], check["action"])
            for column, text in enumerate(texts):
                cell = QtWidgets.QTableWidgetItem(text)
                cell.setToolTip(text)
                if column == 0:
                    cell.setForeground(QtGui.QColor(_COLORS[check["verdict"]]))
                self._table.setItem(row, column, cell)
        for column in range(_WORDS):
            self._table.resizeColumnToContents(column)
        self._table.resizeRowsToContents()
        self._offer(document["hosts"])

    def _offer(self, hosts: list[str]) -> None:
        """Offer the configured hosts; what is chosen stays chosen."""
        for name in hosts:
            if self._host.findText(name) < 0:
                self._host.addItem(name)

    def _build(self) -> None:
        self.setWindowTitle("Cosmos Doctor")
        self.resize(1040, 520)
        self._head = QtWidgets.QLabel()
        self._host = QtWidgets.QComboBox()
        self._host.addItem(THIS_MACHINE)
        self._host.activated.connect(lambda _: self.look())
        self._stop = QtWidgets.QPushButton("Stop")
        self._stop.clicked.connect(self.stop)
        again = QtWidgets.QPushButton("Look Again")
        again.clicked.connect(self.look)
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self._head, 1)
        for widget in (self._host, again, self._stop):
            line.addWidget(widget)
        self._table = QtWidgets.QTableWidget(0, len(COLUMNS))
        self._table.setHorizontalHeaderLabels(list(COLUMNS))
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setShowGrid(False)
        self._table.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate(COLUMNS.values()):
            self._table.setColumnWidth(column, width)
        self._error = ErrorFrame()
        folder = QtWidgets.QLabel(str(self._folder))
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(folder)
        layout.addLayout(line)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._error)
