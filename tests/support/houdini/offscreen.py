"""Qt without a screen, for the windows of the Houdini ring."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
QtWidgets = pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
QtCore = pytest.importorskip("PySide6.QtCore", exc_type=ImportError)

from cosmos_houdini.houdini.background import THREAD_NAME  # noqa: E402 - after Qt was found

LIMIT_S = 180.0


def application() -> object:
    """Return the one application of this process."""
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


def until(condition: Callable[[], object], what: str) -> None:
    """Let Qt work until something is so."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        QtWidgets.QApplication.processEvents()
        time.sleep(0.01)


def settle() -> None:
    """Let every thread of a worker end, so that none outlives its test."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline and any(thread.name == THREAD_NAME for thread in threading.enumerate()):
        time.sleep(0.02)


def close_windows() -> None:
    """Take every window and its timers away on this thread.

    A window that only Python's garbage collector finds may be deleted in the thread of a worker, and Qt crashes.
    """
    if QtWidgets.QApplication.instance() is None:
        return
    for window in QtWidgets.QApplication.topLevelWidgets():
        for timer in window.findChildren(QtCore.QTimer):
            timer.stop()
        window.close()
        window.deleteLater()
    settle()
    QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
