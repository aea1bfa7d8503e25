"""One complete render: converted, submitted, its result brought back and delivered. Each step can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.errors import CosmosError, HostError
from cosmos_houdini.jobs import runner
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.follow import queue_job
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.deliver import DeliverOptions, deliver_results
from cosmos_houdini.shots.options import FrameOptions, SubmitOptions
from cosmos_houdini.shots.restore import restore_result
from cosmos_houdini.shots.shot import Shot
from cosmos_houdini.shots.submit import INPUTS, ShotVideos, encode_found, plan_videos, read_videos
from cosmos_houdini.watch.expected import Knowledge
from cosmos_houdini.watch.ledger import FINISHED, Ledger, RenderRow, RenderState
from cosmos_houdini.watch.options import WatchOptions
from cosmos_houdini.watch.renders import RenderedShot

Tell = Callable[[str, str, bool], None]
"""Takes a title and a body for people, and whether they are about a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Takes renders through their steps.

    Attributes:
        config: of the project.
        options: what becomes of a render.
        ledger: remembers each step.
        reporter: takes sentences and progress.
        tell: sends a notice to people.
    """

    config: Config
    options: WatchOptions
    ledger: Ledger
    reporter: Reporter
    tell: Tell

    def convert(self, row: RenderRow, shot: RenderedShot, knowledge: Knowledge) -> None:
        """Verify and encode a complete render, and submit it if a job is wanted.

        A render whose frames turn out to be damaged or different has failed until one of its files changes.
        """
        self.reporter.say(f"{row.name}: frames {row.frames} are complete")
        try:
            videos = self._videos(row, shot, knowledge)
            if not shot.is_unchanged():
                self.ledger.forget(row)
                self.reporter.say(f"{row.name}: frames changed while they were read; the render is waited for again")
                return
            self.ledger.mark(row, RenderState.CONVERTED, videos=str(videos.folder / INPUTS))
            if self.options.run is None:
                self.ledger.mark(row, RenderState.DONE, videos=str(videos.folder / INPUTS))
                self.tell(f"{row.name} is converted", str(videos.folder / INPUTS), False)
            else:
                self._submit(row, videos)
        except HostError as error:
            # The row keeps its state, and the next look tries again.
            self.reporter.say(f"{row.name}: {error}; tried again")
        except CosmosError as error:
            self._fail(row, str(error))

    def follow(self, client: Client) -> int:
        """Take the jobs of renders further, and return how many are still on their way."""
        rows = self.ledger.submitted()
        for error in runner.advance(client, [row.job for row in rows]).values() if rows else ():
            self.reporter.say(f"{error}; asked again")
        records = {record.id: record for record in client.store.records(row.job for row in rows)} if rows else {}
        left = 0
        for row in rows:
            record = records.get(row.job)
            if record is None:
                self._fail(row, f"job {row.job} is not in the project any more")
            elif record.state.final:
                self._finish(client, row, record)
            else:
                left += 1
        return left

    def _videos(self, row: RenderRow, shot: RenderedShot, knowledge: Knowledge) -> ShotVideos:
        options = self._submission(row)
        if row.videos and (Path(row.videos)).is_dir() and row.state is RenderState.CONVERTED:
            return read_videos(self.config, Path(row.videos), options)
        expected = knowledge.expected
        found = Shot(
            name=row.name,
            scene=knowledge.scene,
            found=shot.sequences,
            frame_range=(expected.first, expected.last) if expected else None,
        )
        return encode_found(self.config, found, options, self.reporter, frames=FrameOptions(fps=self.options.fps))

    def _submission(self, row: RenderRow) -> SubmitOptions:
        run = self.options.run
        if run is None:
            return SubmitOptions(name=row.name)
        return SubmitOptions(
            name=row.name,
            prompt=run.spec.prompt,
            negative_prompt=run.spec.negative_prompt,
            engine=run.engine,
            weights=run.weights,
            parameters=run.parameters,
            num_gpu=run.num_gpu,
            host=self.options.host,
        )

    def _submit(self, row: RenderRow, videos: ShotVideos) -> None:
        plan = plan_videos(self.config, videos, self._submission(row), self.reporter)
        with open_client(self.config) as client:
            record = queue_job(client, plan.prepared, self.reporter)
        self.ledger.mark(row, RenderState.SUBMITTED, job=record.id)
        self.reporter.say(f"{row.name}: job {record.id} on {record.job.host}")

    def _finish(self, client: Client, row: RenderRow, record: JobRecord) -> None:
        if record.state is not JobState.SUCCEEDED:
            failure = record.job.failure
            self._fail(row, f"job {record.id} {record.state}: {failure.message if failure else ''}")
            return
        try:
            restored = restore_result(self.config, record, self.reporter)
            place = str(restored or record.results)
            if self.options.deliver:
                wanted = DeliverOptions(to=self.options.deliver, output=self.options.output)
                (made,) = deliver_results(client, [record.id], wanted, self.reporter)
                place = made.path
        except CosmosError as error:
            self._fail(row, f"job {record.id} has succeeded, but {error}")
            return
        self.ledger.mark(row, RenderState.DONE, message=place)
        self.reporter.say(f"{row.name}: {place}")
        self.tell(f"{row.name} is done", place, False)

    def _fail(self, row: RenderRow, message: str) -> None:
        self.ledger.mark(row, RenderState.FAILED, message=message)
        self.reporter.say(f"error: {row.name}: {message}")
        self.tell(f"{row.name} has failed", message, True)


def is_finished(row: RenderRow | None) -> bool:
    """Return whether nothing more is to be done for a version by a look at its files."""
    return row is not None and (row.state in FINISHED or row.state is RenderState.SUBMITTED)
