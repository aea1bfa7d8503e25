"""A command of the worker in a thread of its own, so that Houdini's interface never waits for it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cosmos_houdini.errors import Cancelled, CosmosError
from cosmos_houdini.houdini import worker

THREAD_NAME = "cosmos worker"


class BackgroundCall:
    """One command in progress.

    Args:
        command: for example ``status``.
        options: as for ``worker.call``.
        words: as for ``worker.call``.
        folder: working folder.
    """

    def __init__(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        words: Sequence[str] = (),
        folder: Path,
    ) -> None:
        self.command = command
        self.options = options or {}
        self.words = words
        self._folder = folder
        self._stopped = Event()
        self._ended = Event()
        self._messages: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._result: Any = None
        self._error: CosmosError | None = None
        # A daemon: quitting Houdini does not wait for it.
        Thread(target=self._run, name=THREAD_NAME, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the command has ended, one way or another."""
        return self._ended.is_set()

    @property
    def was_stopped(self) -> bool:
        """Whether the command ended because it was asked to."""
        return isinstance(self._error, Cancelled)

    def stop(self) -> None:
        """Ask the command to end; jobs that run on a host go on."""
        self._stopped.set()

    def new_messages(self) -> list[str]:
        """Return the sentences for people since the last call."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        return messages

    def result(self) -> Any:  # noqa: ANN401 - a JSON document is whatever the command returns
        """Return the document of a command that has ended.

        Raises:
            CosmosError: the command failed.
        """
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = worker.call(
                self.command,
                self.options,
                words=self.words,
                folder=self._folder,
                on_message=self._messages.put,
                on_event=self._show_progress,
                on_wait=worker.stop_when(self._stopped.is_set, self.command),
            )
        except CosmosError as error:
            self._error = error
        except (OSError, ValueError) as error:
            # The log cannot be written.
            self._error = CosmosError(f"{self.command} gave no answer: {error}")
        finally:
            self._ended.set()

    def _show_progress(self, event: worker.Event) -> None:
        """Turn the progress of a step into a message such as ``verifying: 12 of 96 frames``."""
        if event["event"] == "progress":
            total = f" of {event['total']}" if event["total"] else ""
            unit = f" {event['unit']}" if event["unit"] else ""
            self._messages.put(f"{event['label']}: {event['done']}{total}{unit}")


def take_answer(
    call: BackgroundCall | None, take: Callable[[Any], None], refuse: Callable[[CosmosError], None]
) -> BackgroundCall | None:
    """Hand on the answer of a call that has ended, and return the call if it is still under way."""
    if call is None or not call.ended:
        return call
    try:
        take(call.result())
    except CosmosError as error:
        if not call.was_stopped:
            refuse(error)
    return None
