"""The estimate of a submission: its frames in chunks as a picture, and time and money in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cosmos_houdini.houdini.windows.qt import QtGui, QtWidgets

USED, WASTED, LINE = "#76b900", "#5a5a5a", "#2b2b2b"
_HEIGHT = 16


class ChunkBar(QtWidgets.QWidget):
    """Draws chunks side by side: the frames of the shot in green, those that are made and thrown away in grey."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT)
        self._frames, self._padding, self._chunks = 0, 0, 0

    def show_plan(self, frames: int, padding: int, chunks: int) -> None:
        """Show a plan."""
        self._frames, self._padding, self._chunks = frames, padding, chunks
        self.setToolTip(f"{frames} frames of the shot, {padding} frames that fill the last chunk")
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the chunks."""
        del event
        total = self._frames + self._padding
        if not total:
            return
        painter = QtGui.QPainter(self)
        width = self.width()
        used = round(width * self._frames / total)
        painter.fillRect(0, 0, used, self.height(), QtGui.QColor(USED))
        painter.fillRect(used, 0, width - used, self.height(), QtGui.QColor(WASTED))
        painter.setPen(QtGui.QPen(QtGui.QColor(LINE), 2))
        for chunk in range(1, self._chunks):
            x = round(width * chunk / self._chunks)
            painter.drawLine(x, 0, x, self.height())
        painter.end()


class EstimateBox(QtWidgets.QWidget):
    """The bar with its words."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = ChunkBar()
        self._text = QtWidgets.QLabel("Estimating ...")
        self._text.setWordWrap(True)
        self._warning = QtWidgets.QLabel()
        self._warning.setWordWrap(True)
        self._warning.setStyleSheet("color: #e8c66a;")
        self._warning.hide()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        layout.addWidget(self._warning)

    @property
    def text(self) -> str:
        """The words."""
        return self._text.text()

    def show_estimate(self, document: Mapping[str, Any]) -> None:
        """Show what the worker has estimated."""
        self._bar.show_plan(document["frames"], document["padding"], document["chunks"])
        self._text.setText(describe_estimate(document))
        self._say(document["warnings"])

    def show_reason(self, sentence: str) -> None:
        """Say why there is no estimate."""
        self._bar.show_plan(0, 0, 0)
        self._text.setText("No estimate")
        self._say([sentence])

    def _say(self, sentences: list[str]) -> None:
        self._warning.setText("\n".join(sentences))
        self._warning.setVisible(bool(sentences))


def describe_estimate(document: Mapping[str, Any]) -> str:
    """Return an estimate in one line.

    >>> describe_estimate({"frames": 122, "chunks": 2, "frames_per_chunk": 121, "padding": 119, "size": [1280, 704],
    ...     "estimate_s": 2280.0, "cost": 2.28, "currency": "EUR", "engine": "transfer1", "host": "gpu01"})
    '122 frames · 2 chunks of 121 · 119 frames of waste · 1280x704 · about 0:38:00 · 2.28 EUR · transfer1 on gpu01'
    """
    chunks, padding = document["chunks"], document["padding"]
    words = [
        f"{document['frames']} frame{'s' * (document['frames'] != 1)}",
        f"{chunks} chunk{'s' * (chunks != 1)} of {document['frames_per_chunk']}",
        f"{padding} frame{'s' * (padding != 1)} of waste",
        "x".join(map(str, document["size"])),
    ]
    seconds, cost = document["estimate_s"], document["cost"]
    words.append("time unknown" if seconds is None else f"about {timedelta(seconds=round(seconds))}")
    if cost is not None:
        words.append(f"{cost:.2f} {document['currency']}".strip())
    return " · ".join([*words, f"{document['engine']} on {document['host']}"])
