"""The log of a job, the reason of its failure, and a picture of its result."""

from __future__ import annotations

import re
import time
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.windows.job_row import PREPARING, JobRow
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

POLL_S = 3.0
LINE_LIMIT = 5000
_STREAMS = {"Output": False, "Errors": True}
"""Whether a stream is standard error."""
PICTURE_WIDTH = 200
_PROGRESS = re.compile(
    r"^(?:frame|fps|stream_\d+_\d+_q|bitrate|total_size|out_time\w*|dup_frames|drop_frames|speed|progress)=.*\n?",
    re.MULTILINE,
)


def readable_log(text: str) -> str:
    r"""Return a log without FFmpeg's reports of its progress, which are for programs.

    >>> readable_log("encoding\nframe=25\nfps=7.6\nprogress=end\ndone")
    'encoding\ndone'
    """
    return _PROGRESS.sub("", text)


class LogPane(QtWidgets.QWidget):
    """The selected job's note and logs; those of a running job are read again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._row: JobRow | None = None
        self._folder = Path()
        self._task: BackgroundCall | None = None
        self._picture_task: BackgroundCall | None = None
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
        self._picture = QtWidgets.QLabel()
        self._picture.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self._picture.hide()
        body = QtWidgets.QHBoxLayout()
        body.addWidget(self._text, 1)
        body.addWidget(self._picture)
        layout.addLayout(body, 1)

    def show_job(self, row: JobRow | None, folder: Path) -> None:
        """Show a job, or nothing."""
        is_new = row is None or self._row is None or row.id != self._row.id or row.state != self._row.state
        self._row, self._folder = row, folder
        self._note.setText("" if row is None else f"{row.title}  {row.state}" + (f"\n{row.note}" if row.note else ""))
        if is_new:
            self._ask()
            self._ask_for_picture()

    def take(self) -> None:
        """Take in what the worker has answered, and ask again about a job that runs."""
        self._take_picture()
        if self._task is not None and self._task.ended:
            task, self._task = self._task, None
            try:
                self._show(readable_log(task.result()["text"]))
            except CosmosError as error:
                # A job that has not begun has printed nothing; that is no trouble to interrupt anyone with.
                self._show(str(error))
        elif self._task is None and self._is_talking() and time.monotonic() - self._asked_at_s > POLL_S:
            self._ask(keep=True)

    def _ask_for_picture(self) -> None:
        self._picture.hide()
        if self._picture_task is not None:
            self._picture_task.stop()
            self._picture_task = None
        if self._row is not None and self._row.video is not None:
            options = {"videos": [str(self._row.video)]}
            self._picture_task = BackgroundCall("thumbnails", options, folder=self._folder)

    def _take_picture(self) -> None:
        if self._picture_task is None or not self._picture_task.ended:
            return
        task, self._picture_task = self._picture_task, None
        try:
            pictures = task.result()["pictures"]
        except CosmosError:
            # A picture is not worth an error.
            return
        pixmap = QtGui.QPixmap(next(iter(pictures.values()), ""))
        if not pixmap.isNull():
            smooth = QtCore.Qt.TransformationMode.SmoothTransformation
            self._picture.setPixmap(pixmap.scaledToWidth(PICTURE_WIDTH, smooth))
            self._picture.show()

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
