"""The log of a job, and the reason of its failure."""

from __future__ import annotations

import time
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.windows.job_row import PREPARING, JobRow
from cosmos_houdini.houdini.windows.qt import QtGui, QtWidgets

POLL_S = 3.0
LINE_LIMIT = 5000
_STREAMS = {"Output": False, "Errors": True}
"""Whether a stream is standard error."""


class LogPane(QtWidgets.QWidget):
    """The selected job's note and logs; those of a running job are read again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._row: JobRow | None = None
        self._folder = Path()
        self._task: BackgroundCall | None = None
        self._asked_at_s = float("-inf")
        self._note = QtWidgets.QLabel()
        self._note.setWordWrap(True)
        self._text = QtWidgets.QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(LINE_LIMIT)
        self._text.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont))
        self._stream = QtWidgets.QComboBox()
        self._stream.addItems(list(_STREAMS))
        self._stream.currentIndexChanged.connect(lambda _: self._ask())
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self._note, 1)
        head.addWidget(self._stream)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._text, 1)

    def show_job(self, row: JobRow | None, folder: Path) -> None:
        """Show a job, or nothing."""
        is_new = row is None or self._row is None or row.id != self._row.id or row.state != self._row.state
        self._row, self._folder = row, folder
        self._note.setText("" if row is None else f"{row.title}  {row.state}" + (f"\n{row.note}" if row.note else ""))
        if is_new:
            self._ask()

    def take(self) -> None:
        """Take in what the worker has answered, and ask again about a job that runs."""
        if self._task is not None and self._task.ended:
            task, self._task = self._task, None
            try:
                self._show(task.result()["text"])
            except CosmosError as error:
                # A job that has not begun has printed nothing; that is no trouble to interrupt anyone with.
                self._show(str(error))
        elif self._task is None and self._is_talking() and time.monotonic() - self._asked_at_s > POLL_S:
            self._ask(keep=True)

    def _is_talking(self) -> bool:
        return self._row is not None and self._row.state != PREPARING and not self._row.is_final

    def _ask(self, *, keep: bool = False) -> None:
        """Ask for the log; ``keep`` leaves what is shown until the answer comes."""
        self._asked_at_s = time.monotonic()
        if not keep:
            self._text.clear()
        if self._task is not None:
            self._task.stop()
        self._task = None
        if self._row is not None and self._row.state != PREPARING:
            options = {"id": self._row.id, "stderr": _STREAMS[self._stream.currentText()]}
            self._task = BackgroundCall("logs", options, folder=self._folder)

    def _show(self, text: str) -> None:
        """Replace the text; who reads further up is not torn away."""
        if text == self._text.toPlainText():
            return
        bar = self._text.verticalScrollBar()
        at_end, position = bar.value() == bar.maximum(), bar.value()
        self._text.setPlainText(text.rstrip("\n"))
        bar.setValue(bar.maximum() if at_end else position)
