"""The window of Set Up: the worker environment is made, made anew or taken away, and its lines are shown."""

from __future__ import annotations

import time
from collections.abc import Callable

from cosmos_houdini.houdini.environment import ROOT, default_python
from cosmos_houdini.houdini.set_up import LOCK, SetUpRun, count_packages, is_step
from cosmos_houdini.houdini.windows.qt import QtCore, QtGui, QtWidgets

TICK_MS = 100
_WORDS = (
    "The worker does everything outside of Houdini: it verifies frames, encodes videos and talks to hosts. Its Python "
    "packages are in a folder of their own. Houdini's own Python stays as it is.\n\nSetting up needs the network once, "
    "and about 650 MB of disk."
)


class SetUpWindow(QtWidgets.QWidget):
    """The window; it never waits for the installer.

    Args:
        parent: Houdini's main window.
        start: starts a run.
    """

    def __init__(self, parent: QtWidgets.QWidget | None = None, *, start: Callable[..., SetUpRun] = SetUpRun) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self._start_run = start
        self._run: SetUpRun | None = None
        self._steps = 0
        self._began_s = 0.0
        self._build()
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self._describe()

    def start(self, *, remove: bool = False) -> None:
        """Make the environment, or take it away."""
        if self._run is not None:
            return
        self._log.clear()
        self._steps, self._began_s = 0, time.monotonic()
        self._bar.setRange(0, 0 if remove else count_packages(LOCK.read_text(encoding="utf-8")))
        self._bar.setValue(0)
        self._bar.show()
        self._run = self._start_run(remove=remove)
        self._allow()

    def stop(self) -> None:
        """End what is under way."""
        if self._run is not None:
            self._run.stop()

    def tick(self) -> None:
        """Take in the lines of the installer."""
        if self._run is None:
            return
        # Before the lines: what is written until then is among them.
        code = self._run.code
        for line in self._run.new_lines():
            self._log.appendPlainText(line)
            self._steps += is_step(line)
        self._bar.setValue(min(self._steps, self._bar.maximum()))
        self._state.setText(f"Working, {time.monotonic() - self._began_s:.0f} s ...")
        if code is not None:
            self._run = None
            self._bar.hide()
            self._describe()
            if code:
                self._state.setText(f"Not finished: the last lines say why (exit code {code}).")
                self._state.setStyleSheet("color: #f0827a;")
            self._allow()

    def _describe(self) -> None:
        python = default_python(ROOT)
        self._is_there = python.is_file()
        self._state.setStyleSheet("color: #7fc97f;" if self._is_there else "")
        self._state.setText(f"Ready: {python}" if self._is_there else f"Not set up yet: there is no {python}")
        self._allow()

    def _allow(self) -> None:
        is_free = self._run is None
        self._make.setEnabled(is_free)
        self._make.setText("Set Up Again" if self._is_there else "Set Up")
        self._remove.setEnabled(is_free and self._is_there)
        self._stop.setEnabled(not is_free)

    def _build(self) -> None:
        self.setWindowTitle("Set Up Cosmos")
        self.resize(640, 420)
        words = QtWidgets.QLabel(_WORDS)
        words.setWordWrap(True)
        self._state = QtWidgets.QLabel()
        self._state.setWordWrap(True)
        self._is_there = False
        self._bar = QtWidgets.QProgressBar()
        self._bar.hide()
        self._log = QtWidgets.QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont))
        self._make, self._remove = QtWidgets.QPushButton("Set Up"), QtWidgets.QPushButton("Remove")
        self._stop = QtWidgets.QPushButton("Stop")
        self._make.clicked.connect(lambda _=False: self.start())
        self._remove.clicked.connect(lambda _=False: self.start(remove=True))
        self._remove.setToolTip("Deletes the environment; jobs and results stay")
        self._stop.clicked.connect(lambda _=False: self.stop())
        line = QtWidgets.QHBoxLayout()
        for button in (self._make, self._remove, self._stop):
            line.addWidget(button)
        line.addStretch(1)
        layout = QtWidgets.QVBoxLayout(self)
        for widget in (words, self._state, self._bar):
            layout.addWidget(widget)
        layout.addWidget(self._log, 1)
        layout.addLayout(line)
