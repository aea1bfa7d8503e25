"""The table of jobs: a row each, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cosmos_houdini.houdini.windows.job_row import JobRow
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

if TYPE_CHECKING:
    _Index = QtCore.QModelIndex | QtCore.QPersistentModelIndex

COLUMNS = {"Job": 190, "State": 90, "Progress": 150, "Time left": 80, "Engine": 90, "Host": 100, "Note": 60}
"""Titles, and widths in pixels; the last takes what is left."""
PERCENT_ROLE = QtCore.Qt.ItemDataRole.UserRole

_TITLE, _STATE, _PROGRESS, _TIME_LEFT = 0, 1, 2, 3
_COLORS = {
    "succeeded": "#7fc97f",
    "failed": "#f0827a",
    "lost": "#f0827a",
    "cancelled": "#a0a0a0",
    "pending": "#e8c66a",
    "running": "#7db8f0",
    "collecting": "#7db8f0",
}


class JobModel(QtCore.QAbstractTableModel):
    """Jobs as Qt's tables read them; text is made for the visible rows alone."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[JobRow] = []

    def replace(self, rows: Sequence[JobRow]) -> None:
        """Take these jobs instead."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QtCore.QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        """Return the number of jobs."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QtCore.QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = QtCore.Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return a column's title."""
        is_title = role == QtCore.Qt.ItemDataRole.DisplayRole and orientation == QtCore.Qt.Orientation.Horizontal
        return list(COLUMNS)[section] if is_title else None

    def data(self, index: _Index, role: int = QtCore.Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        row = self.rows[index.row()]
        if role == QtCore.Qt.ItemDataRole.DisplayRole:
            return (row.title, row.state, "", row.eta, row.engine, row.host, row.note.partition("\n")[0])[
                index.column()
            ]
        if role == QtCore.Qt.ItemDataRole.ToolTipRole:
            return f"{row.title}\n{row.note}".strip()
        if role == QtCore.Qt.ItemDataRole.ForegroundRole and index.column() == _STATE and row.state in _COLORS:
            return QtGui.QColor(_COLORS[row.state])
        return row.percent if role == PERCENT_ROLE else None


class TitlePainter(QtWidgets.QStyledItemDelegate):
    """Draws a job's title; one that is too long loses its middle, since jobs of one shot differ by the end."""

    def initStyleOption(self, option: QtWidgets.QStyleOptionViewItem, index: _Index) -> None:  # noqa: N802 - Qt's name
        """Say how one cell is drawn."""
        super().initStyleOption(option, index)
        option.textElideMode = QtCore.Qt.TextElideMode.ElideMiddle


class ProgressPainter(QtWidgets.QStyledItemDelegate):
    """Draws a bar over the cell of a job whose progress is known."""

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: _Index) -> None:
        """Draw one cell."""
        super().paint(painter, option, index)
        percent = index.data(PERCENT_ROLE)
        if percent is None:
            return
        bar = QtWidgets.QStyleOptionProgressBar()
        bar.rect = option.rect.adjusted(4, 5, -8, -5)
        bar.state = QtWidgets.QStyle.StateFlag.State_Enabled | QtWidgets.QStyle.StateFlag.State_Horizontal
        bar.palette = option.palette
        bar.minimum, bar.maximum, bar.progress = 0, 100, percent
        bar.text, bar.textVisible = f"{percent} %", True
        bar.textAlignment = QtCore.Qt.AlignmentFlag.AlignCenter
        QtWidgets.QApplication.style().drawControl(QtWidgets.QStyle.ControlElement.CE_ProgressBar, bar, painter)


class JobTable(QtWidgets.QTableView):
    """Jobs, one of which is selected; the signal ``chosen`` follows a change of the selection."""

    chosen = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self._model = JobModel()
        self._painters = {_TITLE: TitlePainter(), _PROGRESS: ProgressPainter()}
        self._is_replacing = False
        self.setModel(self._model)
        for column, painter in self._painters.items():
            self.setItemDelegateForColumn(column, painter)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        for column, width in enumerate(COLUMNS.values()):
            self.setColumnWidth(column, width)
        # These columns fit their words at every font size; only visible rows are measured.
        header.setResizeContentsPrecision(0)
        for column in (_STATE, _TIME_LEFT):
            header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.selectionModel().selectionChanged.connect(self._tell)

    @property
    def rows(self) -> list[JobRow]:
        """The jobs that are shown."""
        return self._model.rows

    def selected(self) -> JobRow | None:
        """Return the selected job."""
        indexes = self.selectionModel().selectedRows()
        return self.rows[indexes[0].row()] if indexes else None

    def show_rows(self, rows: Sequence[JobRow]) -> None:
        """Show these jobs; the selected job stays selected, or the newest one is."""
        if list(rows) == self.rows:
            return
        selected = self.selected()
        wanted = next((i for i, row in enumerate(rows) if selected and row.id == selected.id), 0)
        position = self.verticalScrollBar().value()
        self._is_replacing = True
        self._model.replace(rows)
        if rows:
            self.selectRow(wanted)
        self._is_replacing = False
        self.verticalScrollBar().setValue(position)
        self.chosen.emit()

    def _tell(self) -> None:
        if not self._is_replacing:
            self.chosen.emit()
