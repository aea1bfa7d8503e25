"""The table of jobs: a row each, kept in place while it changes."""

from __future__ import annotations

from collections.abc import Sequence

from cosmos_houdini.houdini.job_row import JobRow
from cosmos_houdini.houdini.qt import QtCore, QtGui, QtWidgets

COLUMNS = ("Shot", "State", "Progress", "Time left", "Engine", "Host", "Note")
_PROGRESS = COLUMNS.index("Progress")
_COLORS = {
    "succeeded": "#7fc97f",
    "failed": "#f0827a",
    "lost": "#f0827a",
    "cancelled": "#a0a0a0",
    "running": "#7db8f0",
    "collecting": "#7db8f0",
}


class JobTable(QtWidgets.QTableWidget):
    """Jobs, the newest first."""

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self._rows: list[JobRow] = []
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.verticalHeader().hide()
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        for column, width in enumerate((190, 90, 150, 80, 90, 100)):
            self.setColumnWidth(column, width)

    def selected(self) -> JobRow | None:
        """Return the selected job."""
        indexes = self.selectionModel().selectedRows()
        return self._rows[indexes[0].row()] if indexes else None

    def show_rows(self, rows: Sequence[JobRow]) -> None:
        """Show these jobs; the selected one stays selected wherever it has moved, else the newest is."""
        if list(rows) == self._rows:
            return
        selected = self.selected()
        wanted = next((i for i, row in enumerate(rows) if selected and row.id == selected.id), 0)
        # The selection changes once, when all rows stand.
        blocked = self.blockSignals(True)
        self._rows = list(rows)
        self.setRowCount(len(rows))
        for index, row in enumerate(rows):
            self._show(index, row)
        if rows:
            self.selectRow(wanted)
        self.blockSignals(blocked)

    def _show(self, index: int, row: JobRow) -> None:
        texts = (row.name, row.state, "", row.eta, row.engine, row.host, row.note.partition("\n")[0])
        for column, text in enumerate(texts):
            item = QtWidgets.QTableWidgetItem(text)
            item.setToolTip(f"{row.id}\n{row.note}".strip())
            if column == 1 and row.state in _COLORS:
                item.setForeground(QtGui.QColor(_COLORS[row.state]))
            self.setItem(index, column, item)
        self.setCellWidget(index, _PROGRESS, _bar(row))


def _bar(row: JobRow) -> QtWidgets.QWidget:
    holder = QtWidgets.QWidget()
    layout = QtWidgets.QHBoxLayout(holder)
    layout.setContentsMargins(4, 6, 8, 6)
    if row.percent is None and row.is_final:
        return holder
    bar = QtWidgets.QProgressBar()
    # Without a known part, a bar that moves to and fro.
    bar.setRange(0, 0 if row.percent is None else 100)
    bar.setValue(row.percent or 0)
    bar.setTextVisible(row.percent is not None)
    layout.addWidget(bar)
    return holder
