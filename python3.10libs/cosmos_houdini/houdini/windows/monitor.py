"""The job monitor: all jobs of a project, what each is doing, and what can be done with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.submission import COMMAND as SUBMIT
from cosmos_houdini.houdini.submission import Submission
from cosmos_houdini.houdini.windows.error_frame import ErrorFrame
from cosmos_houdini.houdini.windows.job_row import PREPARING, JobRow, rows
from cosmos_houdini.houdini.windows.job_table import JobTable
from cosmos_houdini.houdini.windows.log_pane import LogPane
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

TICK_MS = 150
BUSY_POLL_S = 3.0
IDLE_POLL_S = 15.0


def open_in_system(path: Path) -> None:
    """Open a file or folder with the program that the system has for it."""
    QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path)))


class Monitor(QtWidgets.QWidget):
    """A window over the jobs of one project; it asks the worker in threads and never waits for it.

    Args:
        folder: of the project: the scene's own.
        parent: Houdini's main window.
        opener: opens a result.
    """

    def __init__(
        self,
        folder: Path,
        parent: QtWidgets.QWidget | None = None,
        *,
        opener: Callable[[Path], None] = open_in_system,
    ) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self.folder = folder
        self._opener = opener
        self._jobs: list[JobRow] = []
        self._status: BackgroundCall | None = None
        self._asked_at_s = float("-inf")
        self._orders: list[BackgroundCall] = []
        self._submissions: dict[str, tuple[JobRow, BackgroundCall]] = {}
        self._build()
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()

    def submit(self, submission: Submission) -> None:
        """Prepare a shot and start its job on its host."""
        options = {**submission.request_options(), "detach": True}
        task = BackgroundCall(SUBMIT, options, words=submission.words, folder=self.folder)
        name = submission.scene.stem
        row = JobRow(id=f"{PREPARING} {time.monotonic_ns()}", name=name, state=PREPARING, note="starting")
        self._submissions[row.id] = (row, task)
        self._show_rows()

    def tick(self) -> None:
        """Take in whatever the worker has answered, and ask again when it is time."""
        self._take_submissions()
        self._take_orders()
        self._take_status()
        self._log.take()
        busy = any(not row.is_final for row in self._jobs)
        pause_s = BUSY_POLL_S if busy else IDLE_POLL_S
        # A closed window goes on with what was submitted, and asks for nothing more.
        if self._status is None and self.isVisible() and time.monotonic() - self._asked_at_s > pause_s:
            self.refresh()

    def refresh(self) -> None:
        """Ask for the jobs now, or right after the answer that is on its way, which may be older than what was done."""
        if self._status is not None:
            self._asked_at_s = float("-inf")
            return
        self._status = BackgroundCall("status", folder=self.folder)
        self._asked_at_s = time.monotonic()

    def cancel(self) -> None:
        """Stop the selected job on its host, or the preparation of the selected shot."""
        row = self._table.selected()
        if row and row.id in self._submissions:
            self._submissions[row.id][1].stop()
        elif row:
            self._order("cancel", {"ids": [row.id]})

    def retry(self) -> None:
        """Start another attempt of the selected job."""
        if row := self._table.selected():
            self._order("retry", {"ids": [row.id], "detach": True})

    def open_video(self) -> None:
        """Play the selected job's result."""
        row = self._table.selected()
        if row and row.video:
            self._opener(row.video)

    def open_folder(self) -> None:
        """Show the selected job's files."""
        row = self._table.selected()
        if row and row.outputs:
            self._opener(row.outputs[0].parent)

    def _order(self, command: str, options: Mapping[str, object]) -> None:
        self._error.hide()
        self._orders.append(BackgroundCall(command, options, folder=self.folder))

    def _take_submissions(self) -> None:
        for key, (row, task) in list(self._submissions.items()):
            if lines := task.new_messages():
                self._submissions[key] = (replace(row, note=lines[-1]), task)
                self._show_rows()
            if task.ended:
                del self._submissions[key]
                self._show_rows()
                self._finish(task)

    def _take_orders(self) -> None:
        for task in [task for task in self._orders if task.ended]:
            self._orders.remove(task)
            self._finish(task)

    def _take_status(self) -> None:
        if self._status is None or not self._status.ended:
            return
        task, self._status = self._status, None
        said = task.new_messages()
        try:
            self._jobs = rows(task.result())
        except CosmosError as error:
            self._error.explain(error)
            return
        # The worker names hosts that do not answer; their jobs are listed as they were last known.
        self._head.setText(f"{self.folder}" + "".join(f"\n{line}" for line in said))
        self._show_rows()

    def _finish(self, task: BackgroundCall) -> None:
        """Say what went wrong with a command that has ended, and look at the jobs again."""
        try:
            task.result()
        except CosmosError as error:
            if not task.was_stopped:
                self._error.explain(error)
        self.refresh()

    def _show_rows(self) -> None:
        self._table.show_rows([*(row for row, _ in self._submissions.values()), *self._jobs])
        self._empty.setVisible(not self._table.rows)

    def _select(self) -> None:
        """Offer what can be done with the selected job, and show its log."""
        row = self._table.selected()
        self._buttons["Cancel"].setEnabled(row is not None and not row.is_final)
        self._buttons["Retry"].setEnabled(row is not None and row.can_retry)
        self._buttons["Open Result"].setEnabled(row is not None and row.video is not None)
        self._buttons["Open Folder"].setEnabled(row is not None and bool(row.outputs))
        self._log.show_job(row, self.folder)

    def _build(self) -> None:
        self.setWindowTitle("Cosmos Jobs")
        self.resize(920, 620)
        self._head = QtWidgets.QLabel(str(self.folder))
        self._head.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self._table = JobTable()
        self._table.chosen.connect(self._select)
        self._table.doubleClicked.connect(lambda _: self.open_video())
        self._empty = QtWidgets.QLabel("No job yet: Submit Shot on the Cosmos shelf starts one.")
        self._empty.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._log = LogPane()
        self._error = ErrorFrame()
        split = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        split.addWidget(self._table)
        split.addWidget(self._log)
        split.setSizes([300, 260])
        split.setChildrenCollapsible(False)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self._head)
        layout.addWidget(self._empty)
        layout.addWidget(split, 1)
        layout.addWidget(self._error)
        layout.addLayout(self._build_buttons())
        self._select()

    def _build_buttons(self) -> QtWidgets.QHBoxLayout:
        actions = {
            "Cancel": (self.cancel, "Stop the job on its host, or the preparation of the shot"),
            "Retry": (self.retry, "Run the job again"),
            "Open Result": (self.open_video, "Play the result"),
            "Open Folder": (self.open_folder, "Show the result's files"),
            "Refresh": (self.refresh, "Ask the hosts now"),
        }
        self._buttons: dict[str, QtWidgets.QPushButton] = {}
        layout = QtWidgets.QHBoxLayout()
        for label, (action, tip) in actions.items():
            if label == "Refresh":
                layout.addStretch(1)
            button = QtWidgets.QPushButton(label)
            button.setToolTip(tip)
            button.clicked.connect(action)
            layout.addWidget(button)
            self._buttons[label] = button
        return layout
