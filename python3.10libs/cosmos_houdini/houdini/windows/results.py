"""The window of a project's results: the artist selects some and starts an action, which the worker prepares."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.windows.error_frame import ErrorFrame
from cosmos_houdini.houdini.windows.job_row import JobRow, rows
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

TICK_MS = 100
PICTURE = QtCore.QSize(128, 72)
DESCRIBED = 200
"""The number of results that are listed with seed, weights and prompt; older ones are listed by their job alone."""
RESULT = "result.json"

Request = tuple[str, Mapping[str, object]]
"""A command of the worker and its options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultAction:
    """An action on the selected results.

    Attributes:
        label: text of its button.
        tip: what it does, in a sentence.
        requests: returns the worker's requests for the selected jobs; they run one after another.
        finish: called on Houdini's own thread with the jobs and the document of each request; its sentence is shown.
        most: the largest number of results that it takes; None sets no limit.
    """

    label: str
    tip: str
    requests: Callable[[Sequence[JobRow]], list[Request]]
    finish: Callable[[Sequence[JobRow], list[Any]], str]
    most: int | None = None


def describe_result(row: JobRow) -> str:
    """Return a result in three lines: job, then engine, host, seed and weights, then the prompt.

    Without ``result.json`` there are the job, the engine and the host alone.
    """
    words = [f"{row.engine} on {row.host}"]
    prompt = ""
    try:
        request = json.loads(row.outputs[0].with_name(RESULT).read_text(encoding="utf-8"))["request"]
        weights = " ".join(f"{kind} {control['weight']:g}" for kind, control in request["controls"].items())
        seed = request["parameters"].get("seed")
        words += ["" if seed is None else f"seed {seed}", weights]
        prompt = " ".join(request["prompt"].split())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Another machine may keep the files.
        return f"{row.id}\n{words[0]}"
    return "\n".join(line for line in (row.id, "   ".join(word for word in words if word), prompt) if line)


class ResultsWindow(QtWidgets.QWidget):
    """A window over the results of a project; the worker runs in threads and can be stopped.

    Args:
        title: of the window.
        folder: of the project: the scene's own.
        actions: the actions, a button each.
        show_error: shows what ``finish`` of an action raises.
        parent: Houdini's main window.
    """

    def __init__(
        self,
        title: str,
        folder: Path,
        actions: Sequence[ResultAction],
        *,
        show_error: Callable[[Callable[[], None]], Callable[[], None]],
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self._folder = folder
        self._show_error = show_error
        self._jobs: list[JobRow] = []
        self._status: BackgroundCall | None = None
        self._pictures: BackgroundCall | None = None
        self._task: BackgroundCall | None = None
        self._action: ResultAction | None = None
        self._chosen: list[JobRow] = []
        self._left: list[Request] = []
        self._documents: list[Any] = []
        self._build(title, actions)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Read the jobs."""
        if self._status is None:
            self._say("Reading the results ...")
            self._status = BackgroundCall("status", folder=self._folder)

    def start(self, action: ResultAction) -> None:
        """Start an action on the selected results."""
        self._chosen = [self._jobs[index.row()] for index in self._list.selectedIndexes()]
        if not self._chosen or self._task is not None:
            return
        self._action, self._left, self._documents = action, action.requests(self._chosen), []
        self._error.hide()
        self._next()

    def stop(self) -> None:
        """Stop the request in progress."""
        self._left = []
        if self._task is not None:
            self._task.stop()

    def tick(self) -> None:
        """Show the worker's messages and take its answers."""
        if self._status is not None and self._status.ended:
            status, self._status = self._status, None
            self._take_jobs(status)
        if self._pictures is not None and self._pictures.ended:
            pictures, self._pictures = self._pictures, None
            self._take_pictures(pictures)
        if self._task is None:
            return
        for line in self._task.new_messages():
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
        self._pictures = BackgroundCall(
            "thumbnails",
            {"videos": [str(row.video) for row in found[:DESCRIBED] if row.video is not None]},
            folder=self._folder,
        )
        # Each description is read from a file, maybe on a slow share; older results are listed by their job alone.
        self._list.addItems([describe_result(row) for row in found[:DESCRIBED]] + [row.id for row in found[DESCRIBED:]])
        for index in range(self._list.count()):
            self._list.item(index).setToolTip(self._list.item(index).text())
        if found:
            self._list.setCurrentRow(0)
        self._filter()

    def _take_pictures(self, task: BackgroundCall) -> None:
        try:
            pictures = task.result()["pictures"]
        except CosmosError:
            # The words are there; pictures are not worth an error.
            return
        for index, row in enumerate(self._jobs):
            if row.video is not None and (path := pictures.get(str(row.video))):
                self._list.item(index).setIcon(QtGui.QIcon(path))

    def _filter(self) -> None:
        """Hide the results that lack one of the typed words."""
        words = self._words.text().lower().split()
        for index in range(self._list.count()):
            item = self._list.item(index)
            item.setHidden(not all(word in item.text().lower() for word in words))

    def _take(self, task: BackgroundCall) -> None:
        try:
            self._documents.append(task.result())
        except CosmosError as error:
            self._left = []
            self._say("Stopped" if task.was_stopped else "")
            if not task.was_stopped:
                self._error.explain(error)
            self._allow()
            return
        self._next()

    def _next(self) -> None:
        """Start the next request, or finish after the last."""
        if self._left:
            command, options = self._left.pop(0)
            self._say(f"{command} ...")
            self._task = BackgroundCall(command, options, folder=self._folder)
        else:
            self._show_error(self._finish)()
        self._allow()

    def _finish(self) -> None:
        if self._action is not None:
            self._say(self._action.finish(self._chosen, self._documents))

    def _say(self, sentence: str) -> None:
        self._head.setText(sentence)

    def _allow(self) -> None:
        count = len(self._list.selectedIndexes())
        for action, button in self._buttons:
            fits = action.most is None or count <= action.most
            button.setEnabled(self._task is None and count > 0 and fits)
        self._stop.setEnabled(self._task is not None)

    def _build(self, title: str, actions: Sequence[ResultAction]) -> None:
        self.setWindowTitle(title)
        self.resize(760, 520)
        self._head = QtWidgets.QLabel()
        self._head.setWordWrap(True)
        self._list = QtWidgets.QListWidget()
        self._list.setIconSize(PICTURE)
        self._list.setWordWrap(True)
        self._list.setSpacing(2)
        self._list.setUniformItemSizes(False)
        self._words = QtWidgets.QLineEdit()
        self._words.setPlaceholderText("Filter: words of a job, an engine, a prompt, such as seed 7 rain")
        self._words.setClearButtonEnabled(True)
        self._words.textChanged.connect(lambda _: self._filter())
        self._list.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.itemSelectionChanged.connect(self._allow)
        self._error = ErrorFrame()
        self._buttons: list[tuple[ResultAction, QtWidgets.QPushButton]] = []
        line = QtWidgets.QHBoxLayout()
        for action in actions:
            button = QtWidgets.QPushButton(action.label)
            button.setToolTip(action.tip)
            button.clicked.connect(lambda _=False, action=action: self.start(action))
            line.addWidget(button)
            self._buttons.append((action, button))
        line.addStretch(1)
        self._stop = QtWidgets.QPushButton("Stop")
        self._stop.clicked.connect(self.stop)
        again = QtWidgets.QPushButton("Refresh")
        again.clicked.connect(self.refresh)
        line.addWidget(self._stop)
        line.addWidget(again)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(QtWidgets.QLabel(str(self._folder)))
        layout.addWidget(self._words)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._head)
        layout.addWidget(self._error)
        layout.addLayout(line)
        self._allow()
