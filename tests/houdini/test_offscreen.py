"""Windows end with their tests: one that outlives Qt makes the whole run end in a crash."""

from __future__ import annotations

import threading

from cosmos_houdini.houdini.background import THREAD_NAME
from support.houdini import offscreen


def test_no_window_timer_or_thread_of_a_worker_is_left() -> None:
    offscreen.application()
    ticks: list[int] = []
    window = offscreen.QtWidgets.QWidget()
    timer = offscreen.QtCore.QTimer(window)
    timer.timeout.connect(lambda: ticks.append(0))
    timer.start(0)
    window.show()
    ended = threading.Event()
    threading.Timer(0.1, ended.set).start()
    thread = threading.Thread(target=ended.wait, name=THREAD_NAME, daemon=True)
    thread.start()
    offscreen.until(lambda: ticks, "the timer runs")
    offscreen.close_windows()
    before = len(ticks)
    offscreen.QtWidgets.QApplication.processEvents()
    assert offscreen.QtWidgets.QApplication.topLevelWidgets() == []
    assert len(ticks) == before
    assert not thread.is_alive()
