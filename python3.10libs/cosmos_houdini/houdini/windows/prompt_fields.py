"""The words of a submission: the prompt, the words to avoid, and a button that writes a first prompt."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Protocol

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall, take_answer
from cosmos_houdini.houdini.windows.qt import QtGui, QtWidgets
from cosmos_houdini.model.contents import SceneContents

COMMAND = "write-prompt"
SLICE_S = 0.03
"""How long Houdini evaluates the scene before its interface gets its turn."""
WRITE = "Write Prompt"


class SceneRead(Protocol):
    """The contents of the open scene, and the camera of the shot."""

    @property
    def contents(self) -> SceneContents:
        """Camera, lights, materials and objects."""

    @property
    def camera(self) -> str | None:
        """The path of the camera; None where it is open."""


SceneReader = Callable[[str], Generator[None, None, SceneRead]]
"""Reads the open scene for the render node of a path, in steps."""


class PromptFields(QtWidgets.QWidget):
    """The fields.

    Args:
        folder: of the project.
        read_scene: reads the open scene in steps, for a render node.
        node: returns the path of the chosen render node.
        explain: shows an error, and hides the one of before when it is given None.
    """

    def __init__(
        self,
        folder: Path,
        read_scene: SceneReader,
        node: Callable[[], str],
        explain: Callable[[CosmosError | None], None],
    ) -> None:
        super().__init__()
        self._folder, self._read_scene, self._node, self._explain = folder, read_scene, node, explain
        self._reading: Generator[None, None, SceneRead] | None = None
        self._writing: BackgroundCall | None = None
        self._own_words = self._written = ""
        self.prompt = QtWidgets.QPlainTextEdit()
        self.prompt.setPlaceholderText("Description of the result: place, materials, light, weather, lens")
        self.prompt.setTabChangesFocus(True)
        self.negative = QtWidgets.QLineEdit()
        self.negative.setPlaceholderText("Things to avoid; the engine's own when empty")
        self.write = QtWidgets.QPushButton(WRITE)
        self.write.setToolTip(
            "Writes a first prompt from the open scene: objects, light, lens, camera move. Your own words come first."
        )
        self.write.clicked.connect(lambda _=False: self.write_prompt())
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.prompt, 1)
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self.negative, 1)
        line.addWidget(self.write)
        layout.addLayout(line)

    @property
    def text(self) -> str:
        """The prompt as it was typed."""
        return self.prompt.toPlainText().strip()

    def write_prompt(self) -> None:
        """Begin to read the scene for a first prompt; ``tick`` goes on with it."""
        self._explain(None)
        if self.text != self._written:
            self._own_words = self.text
        self._show_work()
        self._reading = self._read_scene(self._node())

    def tick(self) -> None:
        """Read a few frames more, or take in the prompt."""
        if self._reading is not None:
            self._read_on(self._reading)
        self._writing = take_answer(self._writing, self._take, self._refuse)

    def copy_from(self, earlier: PromptFields) -> None:
        """Take over the texts of an earlier form."""
        self._own_words, self._written = earlier._own_words, earlier._written
        self.prompt.setPlainText(earlier.prompt.toPlainText())
        self.negative.setText(earlier.negative.text())

    def stop(self) -> None:
        """Ask for nothing more."""
        self._reading = None
        if self._writing is not None:
            self._writing.stop()

    def _read_on(self, reading: Generator[None, None, SceneRead]) -> None:
        until = time.monotonic() + SLICE_S
        try:
            next(reading)
            while time.monotonic() < until:
                next(reading)
        except StopIteration as end:
            found: SceneRead = end.value
            options = {"contents": found.contents.document(), "camera": found.camera, "style": self._own_words}
            self._reading, self._writing = None, BackgroundCall(COMMAND, options, folder=self._folder)
        except CosmosError as error:
            self._refuse(error)

    def _take(self, document: Mapping[str, Any]) -> None:
        self._written = str(document["prompt"])
        # By a cursor, so that Undo brings the words of before back.
        cursor = self.prompt.textCursor()
        cursor.select(QtGui.QTextCursor.SelectionType.Document)
        cursor.insertText(self._written)
        self._show_rest()

    def _refuse(self, error: CosmosError) -> None:
        self._reading = None
        self._show_rest()
        self._explain(error)

    def _show_work(self) -> None:
        self.prompt.setReadOnly(True)
        self.write.setEnabled(False)
        self.write.setText("Writing ...")

    def _show_rest(self) -> None:
        self.prompt.setReadOnly(False)
        self.write.setEnabled(True)
        self.write.setText(WRITE)
