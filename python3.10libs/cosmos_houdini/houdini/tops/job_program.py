"""The program that cooks a work item of the Cosmos nodes; the network's scheduler starts it.

It runs in the worker's Python with the standard library and SideFX's job API alone. A signal cancels the job on its
host. Errors reach the artist as title, sentence and what to do.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from cosmos_houdini.errors import Cancelled, CosmosError
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.tops.cook import cook
from cosmos_houdini.houdini.tops.guard import Guard
from cosmos_houdini.houdini.tops.node import artist_text
from cosmos_houdini.houdini.tops.pdg_job import JobItem, PdgItem
from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder
from cosmos_houdini.houdini.worker_error import WorkerError
from cosmos_houdini.model.job import WAITING

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")


def main() -> int:
    """Cook the work item of this process and return 0, or an exit code of the command line."""
    # Houdini's own, for another Python: the job API starts this one anew for some of its calls, and it would not start.
    for name in ("PYTHONHOME", "PYTHONPATH"):
        os.environ.pop(name, None)
    try:
        item = PdgItem.of_environment()
    except CosmosError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return run(item)


def run(item: JobItem) -> int:
    """Cook a work item."""
    cooking: CookingItem | None = None
    try:
        order = WorkOrder.parse(item.text(ATTRIBUTE)).localized(item.localize)
        order.require_here()
        cooking = CookingItem(order, item)
        cooking.catch_signals()
        cook(cooking.order, item, cooking.call)
    except Cancelled:
        if cooking:
            cooking.cancel_job()
        item.error("Stopped: the cook was cancelled, and so was its job")
        return Cancelled.exit_code
    except CosmosError as error:
        item.error(_with_log(error))
        return error.status if isinstance(error, WorkerError) else error.exit_code
    except OSError as error:
        # Of the project's folder: it cannot be written, or it is gone.
        problem = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
        item.error(artist_text(CosmosError(problem, action="check that the project folder can be written")))
        return CosmosError.exit_code
    finally:
        if cooking:
            cooking.close()
    return 0


class CookingItem:
    """A work item that cooks.

    Args:
        order: its work order.
        item: takes messages and progress.
    """

    def __init__(self, order: WorkOrder, item: JobItem) -> None:
        self.order = order
        self._item = item
        self._stopped = False
        self._job_id = ""
        self._guard: Guard | None = None

    def catch_signals(self) -> None:
        """Stop the cook at a signal of the scheduler."""
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def call(self, command: str, options: Mapping[str, object], *, words: Sequence[str] = ()) -> Any:  # noqa: ANN401 - a JSON document
        """Run a command of the worker; its messages and its progress go to the work item."""
        return worker.call(
            command,
            options,
            words=words,
            folder=self.order.folder,
            on_message=self._item.message,
            on_event=self._on_event,
            on_wait=worker.stop_when(lambda: self._stopped, command),
        )

    def cancel_job(self) -> None:
        """Stop the job on its host, if it has one already."""
        if not self._job_id:
            return
        try:
            worker.call("cancel", {"ids": [self._job_id]}, folder=self.order.folder, on_message=self._item.message)
        except CosmosError as error:
            self._item.error(_with_log(error))

    def close(self) -> None:
        """Dismiss the guard."""
        if self._guard:
            self._guard.dismiss()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True

    def _on_event(self, event: worker.Event) -> None:
        if event["event"] != "job":
            return
        if not self._job_id:
            self._job_id = event["job"]
            self.order.note_job(self._job_id)
            self._guard = Guard(self.order, self._job_id)
        waits = f"{event['state']}: {event['stage']}" if event["stage"] else event["state"]
        self._item.progress(event["progress"], waits if event["state"] in WAITING else event["stage"] or event["state"])


def _with_log(error: CosmosError) -> str:
    log = f"\nEverything that the worker wrote: {error.log}" if isinstance(error, WorkerError) else ""
    return artist_text(error) + log
