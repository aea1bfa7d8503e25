"""The results of a batch in the size and position of their plates, made while the other runs go on."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from cosmos_houdini.batches.gate import BatchEvent, JobEnded
from cosmos_houdini.config import Config
from cosmos_houdini.errors import CosmosError
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter, Silent
from cosmos_houdini.shots.restore import RESTORED, RESULT, restore_result


@dataclass(slots=True, kw_only=True)
class PlateRestorer:
    """Restores each result once, one at a time, in a thread of its own: the starts of other runs never wait for it.

    Attributes:
        config: names the FFmpeg of the project.
    """

    config: Config
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="restore"))
    _work: dict[str, Future[None]] = field(default_factory=dict)

    def listen(self, event: BatchEvent) -> None:
        """Take the end of a job."""
        if isinstance(event, JobEnded):
            self._begin(event.record)

    def finish(self, records: Iterable[JobRecord], reporter: Reporter) -> None:
        """Restore what is left, such as results that another process had fetched when it was killed.

        Args:
            records: all jobs of the batch.
            reporter: shows the progress, and takes a sentence for each result that could not be restored.
        """
        for record in records:
            self._begin(record)
        if not self._work:
            return
        with reporter.progress("restoring results to their plates", total=len(self._work), unit="results") as advance:
            for job_id, work in self._work.items():
                try:
                    work.result()
                except CosmosError as error:
                    reporter.say(f"error: the result of {job_id} is not restored to its plate: {error}")
                advance(1)

    def close(self) -> None:
        """End the thread; what it has not begun is left to the next call of ``run-batch``."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, record: JobRecord) -> None:
        if record.state is JobState.SUCCEEDED and record.id not in self._work and not _is_restored(record):
            self._work[record.id] = self._pool.submit(_restore, self.config, record)


def _restore(config: Config, record: JobRecord) -> None:
    restore_result(config, record, Silent())


def _is_restored(record: JobRecord) -> bool:
    restored, result = record.results / RESTORED, record.results / RESULT
    try:
        return restored.stat().st_mtime >= result.stat().st_mtime
    except FileNotFoundError:
        return False
