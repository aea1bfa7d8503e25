"""The dialog of Submit Shot: render node, prompt, engine, host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.submission import Submission, split_options
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets

TICK_MS = 100
AS_CONFIGURED = "as configured"


class SubmitDialog(QtWidgets.QDialog):
    """Asks for the options of ``submit``; hosts and engines are filled in when the worker has answered.

    Args:
        hip: the saved scene.
        nodes: its render nodes.
        parent: Houdini's main window.
    """

    def __init__(self, hip: Path, nodes: Sequence[str], parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._hip = hip
        self._build(nodes)
        self._choices: BackgroundCall | None = BackgroundCall("config", folder=hip.parent)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""
        return self._prompt.toPlainText().strip()

    def go_on_from(self, earlier: SubmitDialog) -> None:
        """Copy the texts of an earlier dialog, so that a shot is submitted again without typing."""
        self._prompt.setPlainText(earlier._prompt.toPlainText())
        self._negative.setText(earlier._negative.text())
        self._options.setText(earlier._options.text())
        self._node.setCurrentText(earlier._node.currentText())

    def tick(self) -> None:
        """Fill in the hosts and engines when they are known."""
        if self._choices is None or not self._choices.ended:
            return
        task, self._choices = self._choices, None
        self._timer.stop()
        try:
            found = task.result()
        except CosmosError as error:
            self._note.setText(str(error))
            return
        defaults = found["settings"]["defaults"]
        self._fill(self._engine, defaults["engine"], [engine["name"] for engine in found["engines"]])
        self._fill(self._host, defaults["host"], sorted({"local", *found["settings"]["hosts"]}))

    def submission(self) -> Submission:
        """Return the submission of this dialog.

        Raises:
            BadInput: the line of further options cannot be read.
        """
        chosen = {
            "engine": self._chosen(self._engine),
            "host": self._chosen(self._host),
            "negative_prompt": self._negative.text().strip(),
        }
        return Submission(
            scene=self._hip,
            output=self._node.currentText(),
            prompt=self.prompt,
            options={name: value for name, value in chosen.items() if value},
            words=split_options(self._options.text()),
        )

    @staticmethod
    def _fill(box: QtWidgets.QComboBox, default: str, names: Sequence[str]) -> None:
        box.setItemText(0, f"{AS_CONFIGURED}: {default}")
        box.addItems(list(names))

    @staticmethod
    def _chosen(box: QtWidgets.QComboBox) -> str:
        return box.currentText() if box.currentIndex() > 0 else ""

    def _build(self, nodes: Sequence[str]) -> None:
        self.setWindowTitle("Submit Shot to Cosmos")
        self.setMinimumWidth(520)
        self._node = QtWidgets.QComboBox()
        self._node.addItems(list(nodes))
        self._prompt = QtWidgets.QPlainTextEdit()
        self._prompt.setPlaceholderText("Description of the result: place, materials, light, weather, lens")
        self._prompt.setTabChangesFocus(True)
        self._prompt.textChanged.connect(self._allow)
        self._negative = QtWidgets.QLineEdit()
        self._negative.setPlaceholderText("Things to avoid; the engine's own when empty")
        self._engine, self._host = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        for box in (self._engine, self._host):
            box.addItem(AS_CONFIGURED)
        self._options = QtWidgets.QLineEdit()
        self._options.setPlaceholderText("--set seed=7 --weight depth=0.8 --range 1001-1049")
        self._options.setToolTip("Any further options of `cosmos-houdini submit`")
        self._note = QtWidgets.QLabel(f"The frames that this node has rendered are verified and encoded.\n{self._hip}")
        self._note.setWordWrap(True)
        button = QtWidgets.QDialogButtonBox.StandardButton
        self._buttons = QtWidgets.QDialogButtonBox(button.Ok | button.Cancel)
        self._buttons.button(button.Ok).setText("Submit")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        form = QtWidgets.QFormLayout()
        for label, field in (
            ("Render node", self._node),
            ("Prompt", self._prompt),
            ("Negative prompt", self._negative),
            ("Engine", self._engine),
            ("Host", self._host),
            ("Options", self._options),
        ):
            form.addRow(label, field)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self._note)
        layout.addLayout(form)
        layout.addWidget(self._buttons)
        self._allow()

    def _allow(self) -> None:
        ok = self._buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(self.prompt))
