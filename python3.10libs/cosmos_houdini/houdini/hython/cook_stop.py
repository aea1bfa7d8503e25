"""Signals while Houdini cooks: Ctrl-C, or the signal of a farm, cancels the cook instead of killing it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import hou

from cosmos_houdini.houdini.hython.script import handle_signals, say

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


@contextmanager
def stopped_by_signals(cancel: Callable[[], None]) -> Iterator[Event]:
    """Call ``cancel`` in a thread when a signal arrives; the event is set afterwards if one did.

    Python runs a signal's handler between two steps of the main thread, and that thread waits in Houdini until the cook
    is over. The interpreter writes into a socket the moment a signal comes, and another thread reads it at once.
    """
    stopped = Event()
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    watcher = Thread(target=_watch, args=(reader, stopped, cancel), name="cosmos stop", daemon=True)
    with handle_signals(numbers, lambda *_: None):
        descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        watcher.start()
        try:
            yield stopped
        finally:
            signal.set_wakeup_fd(descriptor)
            writer.close()
            watcher.join()
            reader.close()


def _watch(reader: socket.socket, stopped: Event, cancel: Callable[[], None]) -> None:
    """Wait for a signal's byte; the end of the stream means that the cook is over."""
    if not reader.recv(1):
        return
    stopped.set()
    say("stopping")
    try:
        cancel()
    except hou.Error as error:
        say(f"warning: Houdini does not cancel the cook: {error.instanceMessage()}")
