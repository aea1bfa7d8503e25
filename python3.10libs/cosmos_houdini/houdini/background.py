"""A command of the worker in a thread of its own, so that Houdini's interface never waits for it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cosmos_houdini.errors import Cancelled, CosmosError
from cosmos_houdini.houdini import worker

THREAD_NAME = "cosmos worker"


class BackgroundCall:
    """One command under way.

    Args:
        command: for example ``status``.
        arguments: as on the command line.
        folder: working folder.
        as_text: whether the command prints text instead of a JSON document.
        may_find_fault: as for ``worker.call``.
    """

    def __init__(
        self, command: str, *arguments: str, folder: Path, as_text: bool = False, may_find_fault: bool = False
    ) -> None:
        self.command = command
        self.arguments = arguments
        self._folder = folder
        self._call: Callable[..., Any] = worker.call_text if as_text else worker.call
        self._may_find_fault = may_find_fault
        self._stopped = Event()
        self._ended = Event()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._result: Any = None
        self._error: CosmosError | None = None
        # A daemon: quitting Houdini does not wait for it.
        Thread(target=self._run, name=THREAD_NAME, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the command has ended, one way or another."""
        return self._ended.is_set()

    def stop(self) -> None:
        """Ask the command to end; jobs that run on a host go on."""
        self._stopped.set()

    def new_lines(self) -> list[str]:
        """Return what the worker has said to people since the last call."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def result(self) -> Any:  # noqa: ANN401 - a JSON document is whatever the command prints
        """Return the document or text of a command that has ended.

        Raises:
            CosmosError: it failed.
        """
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._call(
                self.command,
                *self.arguments,
                folder=self._folder,
                on_line=self._lines.put,
                on_wait=worker.stop_when(self._stopped.is_set, self.command),
                may_find_fault=self._may_find_fault,
            )
        except CosmosError as error:
            self._error = error
        except (OSError, ValueError) as error:
            # The log cannot be written, or what was printed is no JSON.
            self._error = CosmosError(f"{self.command} gave no answer: {error}")
        finally:
            self._ended.set()

    @property
    def was_stopped(self) -> bool:
        """Whether the command ended because it was asked to."""
        return isinstance(self._error, Cancelled)
