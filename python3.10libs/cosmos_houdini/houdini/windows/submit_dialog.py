"""The form of Submit Shot: shot, prompt, controls, look, host, and what all of it costs before it is sent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall, take_answer
from cosmos_houdini.houdini.submission import COMMAND as SUBMIT
from cosmos_houdini.houdini.submission import Submission, split_options
from cosmos_houdini.houdini.windows.chunk_bar import EstimateBox
from cosmos_houdini.houdini.windows.control_column import ControlColumn
from cosmos_houdini.houdini.windows.error_frame import ErrorFrame
from cosmos_houdini.houdini.windows.look_fields import LookFields
from cosmos_houdini.houdini.windows.prompt_fields import PromptFields, SceneReader
from cosmos_houdini.houdini.windows.qt import QtCore, QtWidgets
from cosmos_houdini.houdini.windows.shot_choice import ShotChoice
from cosmos_houdini.model.control import Control

TICK_MS = 100
AS_CONFIGURED = "as configured"
SETTLED_S = 0.3
"""A slider in motion asks for no estimate."""
_FRAME_LIMIT = 1_000_000


class SubmitDialog(QtWidgets.QDialog):
    """Asks for the options of ``submit``; hosts, engines, pictures and costs come from the worker, in threads.

    Args:
        hip: the saved scene.
        shots: the render nodes of the scene, and the viewport where there is one.
        read_scene: reads the open scene for a first prompt.
        parent: Houdini's main window.
    """

    def __init__(
        self,
        hip: Path,
        shots: Sequence[ShotChoice],
        read_scene: SceneReader,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._hip, self._shots, self._read_scene = hip, list(shots), read_scene
        self._engines: dict[str, Mapping[str, Any]] = {}
        self._default_engine = ""
        self._estimate: BackgroundCall | None = None
        self._estimated: dict[str, object] = {}
        self._changed_at_s = 0.0
        self._looking: BackgroundCall | None = None
        self._pictures: BackgroundCall | None = None
        self._videos: dict[str, str] = {}
        self._build()
        self._choices: BackgroundCall | None = BackgroundCall("config", folder=hip.parent)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.finished.connect(lambda _: self._stop())

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""
        return self._words.text

    @property
    def shot(self) -> ShotChoice:
        """The chosen shot."""
        return self._shots[max(0, self._node.currentIndex())]

    @property
    def frames(self) -> tuple[int, int]:
        """First and last frame."""
        return self._first.value(), self._last.value()

    @property
    def renders_first(self) -> bool:
        """Whether the frames are rendered before they are submitted."""
        return bool(self.shot.path) and self._render.isChecked()

    def choose(self, node: str) -> None:
        """Choose a render node by its path; nothing without one."""
        paths = [shot.path for shot in self._shots]
        if node and node in paths:
            self._node.setCurrentIndex(paths.index(node))

    def go_on_from(self, earlier: SubmitDialog) -> None:
        """Copy the choices of an earlier dialog, so that a shot is submitted again without typing."""
        self._words.copy_from(earlier._words)
        self._options.setText(earlier._options.text())
        self._node.setCurrentText(earlier._node.currentText())
        if self.shot.path == earlier.shot.path and earlier.frames != (earlier.shot.first, earlier.shot.last):
            self._first.setValue(earlier._first.value())
            self._last.setValue(earlier._last.value())
        for mine, other in ((self._engine, earlier._engine), (self._host, earlier._host)):
            if name := self._chosen(other):
                # All others come with the configuration.
                mine.addItem(name)
                mine.setCurrentIndex(mine.count() - 1)
        for column, before in zip(self._columns, earlier._columns, strict=True):
            if column.weight is not None and before.weight is not None:
                column.weight.copy_from(before.weight)
        self._fields.copy_from(earlier._fields)

    def tick(self) -> None:
        """Take in what the worker has answered, and ask for the cost of what is shown now."""
        self._choices = take_answer(self._choices, self._take_config, self._error.explain)
        self._looking = take_answer(self._looking, self._take_videos, self._refuse_look)
        self._pictures = take_answer(self._pictures, self._take_pictures, self._error.explain)
        self._estimate = take_answer(
            self._estimate, self._cost.show_estimate, lambda error: self._cost.show_reason(str(error))
        )
        self._words.tick()
        wanted = self._estimate_options()
        if wanted != self._estimated and self._estimate is None and time.monotonic() - self._changed_at_s > SETTLED_S:
            self._estimated = wanted
            self._estimate = BackgroundCall("estimate", wanted, folder=self._hip.parent)
        if self._looking is not None and (lines := self._looking.new_messages()):
            self._note.setText(lines[-1])

    def look_at_controls(self) -> None:
        """Encode the videos of the shot, and show a picture of each; a later submission finds them there."""
        self._error.hide()
        self._look.setEnabled(False)
        self._note.setText("Reading the frames ...")
        source = self._source()
        weights = self._weights()
        options = {"scene": str(self._hip), **source, "prepare": True, **({"weights": weights} if weights else {})}
        self._looking = BackgroundCall(SUBMIT, options, folder=self._hip.parent)

    def submission(self) -> Submission:
        """Return the submission of this dialog; a flipbook's folder of frames is added when it is rendered.

        Raises:
            BadInput: the line of further options cannot be read.
        """
        chosen: dict[str, object] = {
            "engine": self._chosen(self._engine),
            "host": self._chosen(self._host),
            "negative_prompt": self._words.negative.text().strip(),
            "weights": self._weights(),
            "parameters": self._fields.parameters(),
            **{name: value for name, value in self._source().items() if name != "output"},
        }
        return Submission(
            scene=self._hip,
            output=self.shot.path or None,
            prompt=self.prompt,
            options={name: value for name, value in chosen.items() if value},
            words=split_options(self._options.text()),
        )

    def _source(self) -> dict[str, object]:
        shot = self.shot
        changed = self.frames != (shot.first, shot.last)
        frames = {"range": f"{self.frames[0]}-{self.frames[1]}"} if changed else {}
        return {**({"output": shot.path} if shot.path else {}), **frames}

    def _weights(self) -> dict[str, float]:
        rows = {str(column.control): column.weight for column in self._columns if column.weight is not None}
        return {kind: row.value for kind, row in rows.items() if row.isEnabled() and row.is_changed}

    def _estimate_options(self) -> dict[str, object]:
        first, last = self.frames
        rows = [column for column in self._columns if column.weight is not None and column.weight.isEnabled()]
        weights = {str(column.control): column.weight.value for column in rows if column.weight is not None}
        options = {
            "frames": max(0, last - first + 1),
            "size": list(self.shot.size),
            "fps": self.shot.fps,
            "engine": self._chosen(self._engine),
            "host": self._chosen(self._host),
            "weights": weights,
            "parameters": self._fields.parameters(),
        }
        return {name: value for name, value in options.items() if value or name == "frames"}

    def _take_config(self, found: Mapping[str, Any]) -> None:
        defaults = found["settings"]["defaults"]
        self._engines = {engine["name"]: engine for engine in found["engines"]}
        self._default_engine = defaults["engine"]
        self._fill(self._engine, defaults["engine"], list(self._engines))
        self._fill(self._host, defaults["host"], sorted({"local", *found["settings"]["hosts"]}))
        self._take_engine()

    def _take_engine(self) -> None:
        engine = self._engines.get(self._chosen(self._engine) or self._default_engine)
        if engine is not None:
            self._fields.take_engine(engine)
        self._note_change()

    def _take_videos(self, document: Mapping[str, Any]) -> None:
        self._videos = {pass_: video["path"] for pass_, video in document["videos"].items()}
        self._note.setText(f"{document['frames']} frames are verified and encoded.")
        self._pictures = BackgroundCall("thumbnails", {"videos": list(self._videos.values())}, folder=self._hip.parent)

    def _take_pictures(self, document: Mapping[str, Any]) -> None:
        pictures = {pass_: document["pictures"].get(path) for pass_, path in self._videos.items()}
        for column in self._columns:
            path = pictures.get(str(column.control) if column.control else "color")
            column.show_picture(Path(path) if path else None)
        self._look.setEnabled(True)
        self._note_change()

    def _explain(self, error: CosmosError | None) -> None:
        if error is None:
            self._error.hide()
        else:
            self._error.explain(error)

    def _refuse_look(self, error: CosmosError) -> None:
        self._look.setEnabled(True)
        self._note.setText("")
        self._error.explain(error)

    def _take_shot(self) -> None:
        shot = self.shot
        self._first.setValue(shot.first)
        self._last.setValue(shot.last)
        for widget in (self._look, self._render):
            # A flipbook is rendered in any case.
            widget.setEnabled(bool(shot.path))
        self._note.setText("")
        for column in self._columns:
            column.forget_picture()
        self._note_change()

    def _note_change(self) -> None:
        self._changed_at_s = time.monotonic()
        first, last = self.frames
        self._count.setText(f"{max(0, last - first + 1)} frames")

    def _stop(self) -> None:
        self._timer.stop()
        self._words.stop()
        for task in (self._choices, self._estimate, self._looking, self._pictures):
            if task is not None:
                task.stop()

    @staticmethod
    def _fill(box: QtWidgets.QComboBox, default: str, names: Sequence[str]) -> None:
        """Offer names; one that was chosen before stays chosen, unless it is gone."""
        chosen = box.currentText() if box.currentIndex() > 0 else None
        box.blockSignals(True)
        box.clear()
        box.addItems([f"{AS_CONFIGURED}: {default}", *names])
        box.setCurrentIndex(1 + names.index(chosen) if chosen in names else 0)
        box.blockSignals(False)

    @staticmethod
    def _chosen(box: QtWidgets.QComboBox) -> str:
        return box.currentText() if box.currentIndex() > 0 else ""

    def _build(self) -> None:
        self.setWindowTitle("Submit Shot to Cosmos")
        self._error = ErrorFrame()
        self._cost = EstimateBox()
        left, right = QtWidgets.QVBoxLayout(), QtWidgets.QVBoxLayout()
        left.addWidget(_group("Prompt", self._build_prompt()))
        right.addWidget(_group("Look", self._build_look()))
        right.addWidget(_group("Run", self._build_run()))
        middle = QtWidgets.QHBoxLayout()
        middle.addLayout(left, 3)
        middle.addLayout(right, 2)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(_group("Shot", self._build_shot()))
        layout.addWidget(_group("Controls", self._build_controls()))
        layout.addLayout(middle, 1)
        layout.addWidget(_group("Cost", self._cost))
        layout.addWidget(self._error)
        layout.addWidget(self._build_buttons())
        self._take_shot()
        self._allow()

    def _build_shot(self) -> QtWidgets.QWidget:
        self._node = QtWidgets.QComboBox()
        self._node.addItems([shot.label for shot in self._shots])
        self._first, self._last, self._count = QtWidgets.QSpinBox(), QtWidgets.QSpinBox(), QtWidgets.QLabel()
        for box in (self._first, self._last):
            box.setRange(-_FRAME_LIMIT, _FRAME_LIMIT)
            box.setToolTip("The frames that become the video; those that the node renders, or fewer")
            box.valueChanged.connect(self._note_change)
        self._node.currentIndexChanged.connect(lambda _: self._take_shot())
        self._node.setToolTip(f"The frames that this node has rendered are verified and encoded.\n{self._hip}")
        line = QtWidgets.QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._node, 1)
        for widget in (QtWidgets.QLabel("Frames"), self._first, QtWidgets.QLabel("to"), self._last, self._count):
            line.addWidget(widget)
        self._render = QtWidgets.QCheckBox("Render First")
        self._render.setToolTip("Renders these frames when you submit, and stops unless each of them was written")
        line.addWidget(self._render)
        return _holding(line)

    def _build_controls(self) -> QtWidgets.QWidget:
        self._columns = [ControlColumn(control) for control in (None, *Control)]
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for column in self._columns:
            row.addWidget(column)
            if column.weight is not None:
                column.weight.changed.connect(self._note_change)
        row.addStretch(1)
        self._look = QtWidgets.QPushButton("Look at Controls")
        self._look.setToolTip("Verifies and encodes the frames, and shows a picture of each control")
        self._look.clicked.connect(lambda _=False: self.look_at_controls())
        self._note = QtWidgets.QLabel()
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self._look)
        line.addWidget(self._note, 1)
        layout = QtWidgets.QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addLayout(line)
        return _holding(layout)

    def _build_prompt(self) -> QtWidgets.QWidget:
        self._words = PromptFields(self._hip.parent, self._read_scene, lambda: self.shot.path, self._explain)
        self._words.prompt.textChanged.connect(self._allow)
        return self._words

    def _build_look(self) -> QtWidgets.QWidget:
        self._fields = LookFields()
        self._fields.changed.connect(self._note_change)
        return self._fields

    def _build_run(self) -> QtWidgets.QWidget:
        self._engine, self._host = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        for box in (self._engine, self._host):
            box.addItem(AS_CONFIGURED)
        self._engine.currentIndexChanged.connect(lambda _: self._take_engine())
        self._host.currentIndexChanged.connect(lambda _: self._note_change())
        self._options = QtWidgets.QLineEdit()
        self._options.setPlaceholderText("--fit letterbox --on-gap hold")
        self._options.setToolTip("Any further options of `cosmos-houdini submit`")
        form = QtWidgets.QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Engine", self._engine)
        form.addRow("Host", self._host)
        form.addRow("Options", self._options)
        return _holding(form)

    def _build_buttons(self) -> QtWidgets.QDialogButtonBox:
        button = QtWidgets.QDialogButtonBox.StandardButton
        self._buttons = QtWidgets.QDialogButtonBox(button.Ok | button.Cancel)
        self._buttons.button(button.Ok).setText("Submit")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        return self._buttons

    def _allow(self) -> None:
        ok = self._buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(self.prompt))


def _group(title: str, inside: QtWidgets.QWidget) -> QtWidgets.QGroupBox:
    box = QtWidgets.QGroupBox(title)
    layout = QtWidgets.QVBoxLayout(box)
    layout.addWidget(inside)
    return box


def _holding(layout: QtWidgets.QLayout) -> QtWidgets.QWidget:
    widget = QtWidgets.QWidget()
    widget.setLayout(layout)
    return widget
