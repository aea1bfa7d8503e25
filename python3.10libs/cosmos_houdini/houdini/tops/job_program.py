"""The program that cooks a work item of the Cosmos nodes, started by whatever scheduler the network has.

It runs in the worker's Python and needs nothing but the standard library and SideFX's job API. Being stopped cancels
the job on its host; what it has to say reaches the artist as title, sentence and what to do.
"""

from __future__ import annotations

import json
import signal
import sys
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

_PROGRESS = {"COSMOS_PROGRESS": "json"}
_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")


def main() -> int:
    """Cook the work item of this process and return 0, or an exit code of the command line."""
    try:
        item = PdgItem.of_environment()
    except CosmosError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return run(item)


def run(item: JobItem) -> int:
    """Cook a work item."""
    job: Job | None = None
    try:
        job = Job(WorkOrder.parse(item.text(ATTRIBUTE)), item)
        job.catch_signals()
        cook(job.order, item, job.call)
    except Cancelled:
        if job:
            job.cancel()
        item.error("Stopped: the cook was cancelled, and so was its job")
        return Cancelled.exit_code
    except CosmosError as error:
        item.error(_with_log(error))
        return error.status if isinstance(error, WorkerError) else error.exit_code
    except OSError as error:
        # Of the project's folder: one that may not be written, or is gone.
        said = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
        item.error(artist_text(CosmosError(said, action="see whether the project folder can be written")))
        return CosmosError.exit_code
    finally:
        if job:
            job.close()
    return 0


class Job:
    """One work item under way.

    Args:
        order: what it asks.
        item: who asks.
    """

    def __init__(self, order: WorkOrder, item: JobItem) -> None:
        self.order = order
        self._item = item
        self._stopped = False
        self._job_id = ""
        self._guard: Guard | None = None

    def catch_signals(self) -> None:
        """Take a scheduler's signal for an order to stop."""
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)

    def call(self, command: str, *arguments: str) -> Any:  # noqa: ANN401 - a JSON document
        """Run a command of the worker, and tell the work item what it says meanwhile."""
        return worker.call(
            command,
            *arguments,
            folder=self.order.folder,
            environ=_PROGRESS,
            on_line=self._on_line,
            on_wait=worker.stop_when(lambda: self._stopped, command),
        )

    def cancel(self) -> None:
        """Stop the job on its host, if it has one already."""
        if not self._job_id:
            return
        try:
            worker.call_text("cancel", self._job_id, folder=self.order.folder, on_line=self._item.message)
        except CosmosError as error:
            self._item.error(_with_log(error))

    def close(self) -> None:
        """Send the guard home."""
        if self._guard:
            self._guard.dismiss()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped = True

    def _on_line(self, line: str) -> None:
        event = _event(line)
        if event is None:
            self._item.message(line)
            return
        if not self._job_id:
            self._job_id = event["job"]
            self.order.note_job(self._job_id)
            self._guard = Guard(self.order, self._job_id)
        self._item.progress(event["progress"], event["stage"] or event["state"])


def _event(line: str) -> dict[str, Any] | None:
    """Return what the worker tells a program; None for a line that it tells people."""
    if not line.startswith('{"job":'):
        return None
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return event


def _with_log(error: CosmosError) -> str:
    log = f"\nEverything that the worker wrote: {error.log}" if isinstance(error, WorkerError) else ""
    return artist_text(error) + log
