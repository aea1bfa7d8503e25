"""Running a batch: every run to a verified result, and one row for each."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from cosmos_houdini.batches import scheduler
from cosmos_houdini.batches.adaptive import Scores, next_adaptive_batch, read_liking
from cosmos_houdini.batches.enqueue import batch_slot, enqueue_batch, resume_batch
from cosmos_houdini.batches.gate import BatchHooks
from cosmos_houdini.batches.notify import Notifier
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.outcome import BatchOutcome, build_entries
from cosmos_houdini.batches.plan import PlannedBatch, plan_batch
from cosmos_houdini.batches.plates import PlateRestorer
from cosmos_houdini.batches.progress import BatchProgress, format_counts, resume_command
from cosmos_houdini.batches.supervisor import BatchSupervisor, limit_settings
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, Cancelled, CosmosError, HostError
from cosmos_houdini.jobs.advice import uses_gpu
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.expectation import expect
from cosmos_houdini.jobs.shared_load import load_of
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.jobs import DATABASE, FOLDER
from cosmos_houdini.jobs.store.worker import BatchSlot, Worker
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.report.earlier import write_latest
from cosmos_houdini.report.table import format_csv
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.sweeps.adaptive import BEGINNING


def run_batch(config: Config, planned: PlannedBatch, options: BatchOptions, reporter: Reporter) -> BatchOutcome:
    """Run a batch to its end, or until its limits hold it; the same call again continues it.

    Once the batch is queued, the table and the summary are always written.

    Args:
        config: hosts by name, and the project.
        planned: the batch.
        options: how it is run.
        reporter: shows the jobs and takes messages.

    Returns:
        A row for each run, the summary, and an error if not every run succeeded as it was requested.

    Raises:
        BadInput: a limit that cannot be kept, an address for notices that cannot be used, ratings that choose nothing,
            or another batch with this name; nothing was queued.
        HostError: the host cannot be reached, and nothing was queued.
    """
    limits = limit_settings(config, planned.batch, planned.host, options)
    liking = read_liking(planned, options.ratings) if options.ratings else {}
    notifier = Notifier(config.settings.notify, os.environ, reporter.say)
    with open_client(config) as client, closing(notifier), ExitStack() as stack:
        run = _BatchRun(
            client=client,
            planned=planned,
            options=_with_defaults(config, planned, options),
            reporter=reporter,
            supervisor=BatchSupervisor.of(client, limits, planned.jobs[0], notifier),
            slot=batch_slot(client, planned, options.max_parallel),
            restorer=PlateRestorer(config=config),
            liking=liking,
        )
        stack.callback(run.restorer.close)
        others = batches.list_workers(client.store, planned.batch.name, planned.host)
        enqueue_batch(client, planned, reporter)
        _say_expectation(config, planned, reporter)
        if others:
            reporter.say(f"process {others[0].pid} works on {planned.batch.name} already")
        try:
            # The other processes have just seen what failed; a new beginning tries it again.
            run.work(resume=not others)
        except CosmosError as error:
            return run.conclude(error)
        except BaseException:
            run.conclude(None)
            raise
        return run.conclude(None)


def check_batch(config: Config, planned: PlannedBatch, options: BatchOptions, reporter: Reporter) -> None:
    """Refuse what ``run_batch`` would refuse before it queues anything; no host is reached and nothing is written.

    Raises:
        BadInput: as for ``run_batch``.
    """
    _say_expectation(config, planned, reporter)
    limit_settings(config, planned.batch, planned.host, options)
    Notifier(config.settings.notify, os.environ, reporter.say).close()
    if (config.project / FOLDER / DATABASE).is_file():
        with open_client(config) as client:
            batches.refuse_namesake(client.store, planned.batch.name, planned.host, planned.file)


def _say_expectation(config: Config, planned: PlannedBatch, reporter: Reporter) -> None:
    """Tell the time and the money of all runs, as if they ran one after the other."""
    if uses_gpu(planned.batch.engine):
        expected = expect(config, planned.host, (job.inference() for job in planned.jobs))
        count = len(planned.jobs)
        reporter.say(f"{count} run{'s' * (count != 1)}: {expected.sentence}")


def hand_over(config: Config, planned: PlannedBatch, reporter: Reporter) -> bool:
    """Queue the runs of a batch for a detached process that works on it already; False if there is none.

    Raises:
        HostError: as for ``run_batch``.
        BadInput: as for ``run_batch``.
    """
    with open_client(config) as client:
        others = batches.list_workers(client.store, planned.batch.name, planned.host)
        if not any(other.log for other in others):
            return False
        enqueue_batch(client, planned, reporter)
        reporter.say(f"process {others[0].pid} works on {planned.batch.name} already")
    return True


def _with_defaults(config: Config, planned: PlannedBatch, options: BatchOptions) -> BatchOptions:
    return replace(
        options,
        table=options.table or config.project / RESULTS / f"{planned.batch.name}.csv",
        resume_command=options.resume_command or resume_command(planned.file, planned.host),
        folder=options.folder or config.project,
    )


@dataclass(slots=True, kw_only=True)
class _BatchRun:
    """The work of one process on a batch; an adaptive batch is planned again while it runs."""

    client: Client
    planned: PlannedBatch
    options: BatchOptions
    reporter: Reporter
    supervisor: BatchSupervisor
    slot: BatchSlot
    restorer: PlateRestorer
    liking: Scores
    scores: Scores = field(default_factory=dict)

    def work(self, *, resume: bool) -> None:
        """Work on the batch until all its runs have ended, or a limit ends it."""
        if resume:
            resume_batch(self.client, self.planned.jobs, self.reporter)
        # In a long queue, the scores of the first few runs would choose all the others.
        scheduled = self.client.traits(self.planned.jobs[0]).schedules_itself
        more = self.options.max_parallel or (BEGINNING if scheduled else self.slot.width)
        while self._follow():
            longer = next_adaptive_batch(
                self.client, self.planned, self.scores, more, self.reporter, liking=self.liking
            )
            if longer is None:
                break
            self.planned = longer
            enqueue_batch(self.client, longer, self.reporter)
        self.restorer.finish(self.client.store.records(job.id for job in self.planned.jobs), self.reporter)

    def conclude(self, ended_by: CosmosError | None) -> BatchOutcome:
        """Write table and summary, keep the earlier ones under their dates, and return the outcome."""
        now = self._replan()
        entries = build_entries(self.client, now)
        rows = tuple(entry.row for entry in entries if entry.row)
        table = self.options.table or Path()
        kept = write_latest(table, format_csv(row.document() for row in rows).encode())
        summary = self.supervisor.summarize(
            entries,
            file=now.file,
            table=table,
            resume_command=self.options.resume_command,
            folder=self.options.folder or Path(),
            scouts=now.selection.scout,
            set_aside=now.set_aside,
            ended_by=ended_by,
        )
        kept = write_latest(table.with_suffix(".summary.txt"), summary.text.encode()) or kept
        if kept:
            self.reporter.say(f"the account of before is kept beside the new one, as {kept.name}")
        return BatchOutcome(rows=rows, summary=summary, table=table, ended_by=ended_by, set_aside=now.set_aside)

    def _replan(self) -> PlannedBatch:
        """Return the batch from its file again, because a person may have edited the file while the batch ran."""
        planned = self.planned
        if planned.file is None:
            return planned
        try:
            batch = load_batch(planned.file)
            if planned.selection.rename(batch) == planned.batch:
                return planned
            return plan_batch(
                batch,
                self.client.config,
                self.reporter,
                host=planned.host,
                selection=planned.selection,
                specs=planned.specs,
                file=planned.file,
            )
        except BadInput as error:
            self.reporter.say(f"warning: {error}; the table has the runs that the file had before")
            return planned

    def _hooks(self) -> BatchHooks:
        hooks = self.supervisor.hooks
        return replace(hooks, listeners=(*hooks.listeners, self.restorer.listen))

    def _follow(self) -> bool:
        """Work on the batch until it ends, and return whether it is complete and not only held.

        Raises:
            Cancelled: the user interrupted; jobs on a host go on.
            HostError: the host stayed out of reach.
        """
        store, slot, resume = self.client.store, self.slot, self.options.resume_command

        def counts() -> str:
            return format_counts(batches.count_states(store, slot.batch, slot.host))

        try:
            with (
                closing(Worker(store, slot, log=self.options.log, load=load_of)) as worker,
                self.reporter.following() as display,
            ):
                progress = BatchProgress(
                    display=display, store=store, batch=slot.batch, host=slot.host, max_parallel=slot.width
                )
                last = scheduler.run_batch(
                    self.client,
                    worker,
                    hooks=self._hooks(),
                    on_status=progress.show,
                    on_trouble=display.host_error,
                )
            if last.unfinished:
                self.reporter.say(f"ended with {counts()}: {last.held}; to go on: {resume}")
        except HostError:
            self.reporter.say(f"given up with {counts()}; to go on: {resume}")
            raise
        except KeyboardInterrupt:
            raise Cancelled(
                f"interrupted with {counts()}; jobs on a host go on", action=f"the rest with {resume}"
            ) from None
        return not last.unfinished
