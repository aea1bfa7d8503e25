"""The window of a project's results: the artist selects some and starts an action, which the worker prepares."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.windows.error_frame import ErrorFrame
from cosmos_houdini.houdini.windows.job_row import JobRow, rows
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets

TICK_MS = 100
DESCRIBED = 200
"""The number of results that are listed with seed, weights and prompt; older ones are listed by their job alone."""
RESULT = "result.json"

Arguments = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultAction:
    """An action on the selected results.

    Attributes:
        label: text of its button.
        tip: what it does, in a sentence.
        commands: returns the worker's commands for the selected jobs; they run one after another.
        finish: called on Houdini's own thread with the jobs and the output of each command; its sentence is shown.
        most: the largest number of results that it takes; None sets no limit.
    """

    label: str
    tip: str
    commands: Callable[[Sequence[JobRow]], list[Arguments]]
    finish: Callable[[Sequence[JobRow], list[str]], str]
    most: int | None = None


def describe_result(row: JobRow) -> str:
    """Return a result in one line: job, engine, host, seed, weights, prompt; without ``result.json`` the job alone."""
    words = [row.id, f"{row.engine} on {row.host}"]
    try:
        request = json.loads(row.outputs[0].with_name(RESULT).read_text(encoding="utf-8"))["request"]
        weights = " ".join(f"{kind} {control['weight']:g}" for kind, control in request["controls"].items())
        words += [f"seed {request['parameters']['seed']}", weights, " ".join(request["prompt"].split())]
    except (OSError, ValueError, KeyError, TypeError):
        # Another engine may have no seed, and another machine may keep the files.
        return "   ".join(words)
    return "   ".join(word for word in words if word)


class ResultsWindow(QtWidgets.QWidget):
    """A window over the results of a project; the worker is asked in threads and can be stopped.

    Args:
        title: of the window.
        folder: of the project: the scene's own.
        uses: what can be done with results.
        show_error: shows what ``finish`` of a use raises.
        parent: Houdini's main window.
    """

    def __init__(
        self,
        title: str,
        folder: Path,
        uses: Sequence[ResultAction],
        *,
        show_error: Callable[[Callable[[], None]], Callable[[], None]],
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self._folder = folder
        self._show_error = show_error
        self._jobs: list[JobRow] = []
        self._status: BackgroundCall | None = None
        self._task: BackgroundCall | None = None
        self._use: ResultAction | None = None
        self._chosen: list[JobRow] = []
        self._left: list[Arguments] = []
        self._printed: list[str] = []
        self._build(title, uses)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Ask for the jobs."""
        if self._status is None:
            self._say("Asking for the results ...")
            self._status = BackgroundCall("status", folder=self._folder)

    def start(self, use: ResultAction) -> None:
        """Do something with the chosen results."""
        self._chosen = [self._jobs[index.row()] for index in self._list.selectedIndexes()]
        if not self._chosen or self._task is not None:
            return
        self._use, self._left, self._printed = use, use.commands(self._chosen), []
        self._error.hide()
        self._next()

    def stop(self) -> None:
        """End what is under way."""
        self._left = []
        if self._task is not None:
            self._task.stop()

    def tick(self) -> None:
        """Take in what the worker has said and answered."""
        if self._status is not None and self._status.ended:
            status, self._status = self._status, None
            self._take_jobs(status)
        if self._task is None:
            return
        for line in self._task.new_lines():
            self._say(line)
        if self._task.ended:
            task, self._task = self._task, None
            self._take(task)

    def _take_jobs(self, task: BackgroundCall) -> None:
        try:
            found = [row for row in rows(task.result()) if row.video is not None]
        except CosmosError as error:
            self._say("")
            self._error.explain(error)
            return
        self._say("" if found else "No result yet: Submit Shot on the Cosmos shelf starts a job.")
        if found == self._jobs:
            return
        self._jobs = found
        self._list.clear()
        # Each line is in a file, maybe of a slow share; the older ones make do with less.
        self._list.addItems([describe_result(row) for row in found[:DESCRIBED]] + [row.id for row in found[DESCRIBED:]])
        for index in range(self._list.count()):
            self._list.item(index).setToolTip(self._list.item(index).text())
        if found:
            self._list.setCurrentRow(0)

    def _take(self, task: BackgroundCall) -> None:
        try:
            self._printed.append(task.result())
        except CosmosError as error:
            self._left = []
            self._say("Stopped" if task.was_stopped else "")
            if not task.was_stopped:
                self._error.explain(error)
            self._allow()
            return
        self._next()

    def _next(self) -> None:
        """Start the next command, or finish after the last."""
        if self._left:
            command, *arguments = self._left.pop(0)
            self._say(f"{command} ...")
            self._task = BackgroundCall(command, *arguments, folder=self._folder, as_text=True)
        else:
            self._show_error(self._finish)()
        self._allow()

    def _finish(self) -> None:
        if self._use is not None:
            self._say(self._use.finish(self._chosen, self._printed))

    def _say(self, sentence: str) -> None:
        self._head.setText(sentence)

    def _allow(self) -> None:
        count = len(self._list.selectedIndexes())
        for use, button in self._buttons:
            fits = use.most is None or count <= use.most
            button.setEnabled(self._task is None and count > 0 and fits)
        self._stop.setEnabled(self._task is not None)

    def _build(self, title: str, uses: Sequence[ResultAction]) -> None:
        self.setWindowTitle(title)
        self.resize(760, 360)
        self._head = QtWidgets.QLabel()
        self._head.setWordWrap(True)
        self._list = QtWidgets.QListWidget()
        self._list.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.itemSelectionChanged.connect(self._allow)
        self._error = ErrorFrame()
        self._buttons: list[tuple[ResultAction, QtWidgets.QPushButton]] = []
        line = QtWidgets.QHBoxLayout()
        for use in uses:
            button = QtWidgets.QPushButton(use.label)
            button.setToolTip(use.tip)
            button.clicked.connect(lambda _=False, use=use: self.start(use))
            line.addWidget(button)
            self._buttons.append((use, button))
        line.addStretch(1)
        self._stop = QtWidgets.QPushButton("Stop")
        self._stop.clicked.connect(self.stop)
        again = QtWidgets.QPushButton("Refresh")
        again.clicked.connect(self.refresh)
        line.addWidget(self._stop)
        line.addWidget(again)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(QtWidgets.QLabel(str(self._folder)))
        layout.addWidget(self._list, 1)
        layout.addWidget(self._head)
        layout.addWidget(self._error)
        layout.addLayout(line)
        self._allow()
