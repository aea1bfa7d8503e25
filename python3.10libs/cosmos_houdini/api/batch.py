"""A batch of a project: many runs of many shots, in one file that the command line can run too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.api.job import Job
from cosmos_houdini.api.result import Result, result_of
from cosmos_houdini.api.session import Session
from cosmos_houdini.batches.control import BatchCondition, CancelledRuns, cancel_batch, list_conditions, set_paused
from cosmos_houdini.batches.detach import log_file, start_worker
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.outcome import BatchOutcome
from cosmos_houdini.batches.plan import PlannedBatch, RunSelection, plan_batch
from cosmos_houdini.batches.run import run_batch
from cosmos_houdini.errors import JobError
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.make import ReportOptions, WrittenReport, make_report
from cosmos_houdini.specs.batch_file import load_batch


class Batch:
    """A batch file of a project; ``Project.batch`` writes one, ``Project.open_batch`` opens one.

    The file gives the same runs each time. ``cosmos-houdini run-batch FILE`` and this class work on the same jobs.

    Attributes:
        file: the batch file, absolute.
        host: a name of the configuration; None for its default.
    """

    def __init__(self, file: Path, session: Session, *, host: str | None = None) -> None:
        self.file = file
        self.session = session
        self.host = host

    def __repr__(self) -> str:
        return f"<Batch {self.file}>"

    @property
    def name(self) -> str:
        """The name of the batch."""
        return load_batch(self.file).name

    def plan(self, *, skip_bad: bool = False) -> PlannedBatch:
        """Work out every run and check it; no host is reached.

        Args:
            skip_bad: set runs aside that cannot be run; ``set_aside`` of the plan names them.

        Raises:
            BadInput: the file, or a run in it, cannot be used; with ``skip_bad``, no run can be used.
        """
        session = self.session
        return plan_batch(
            load_batch(self.file),
            session.config,
            session.reporter,
            host=self.host,
            selection=RunSelection(skip_bad=skip_bad),
            file=self.file.absolute(),
        )

    def run(
        self,
        *,
        max_parallel: int | None = None,
        window: str | None = None,
        gpu_hours: float | None = None,
        max_cost: float | None = None,
        skip_bad: bool = False,
    ) -> BatchOutcome:
        """Run every run to a verified result; the same call again continues the batch.

        Args:
            max_parallel: most runs at a time; None for one a GPU, or all of them on a cluster.
            window: times of day between which runs are started, as in ``22:00-07:00``.
            gpu_hours: the most GPU hours that all attempts may take.
            max_cost: the most that all attempts may cost, at the host's price.
            skip_bad: set runs aside that cannot be run, and run the others.

        Returns:
            A row for each run and the summary; ``error`` says why the batch is not as it was asked for. ``set_aside``
            names the runs that were set aside.

        Raises:
            BadInput: a limit or a run cannot be used; nothing was queued.
            HostError: the host cannot be reached, and nothing was queued; or it stayed out of reach.
            Cancelled: the user pressed Ctrl-C; jobs on a host continue.
        """
        options = BatchOptions(max_parallel=max_parallel, window=window, gpu_hours=gpu_hours, max_cost=max_cost)
        outcome = run_batch(self.session.config, self.plan(skip_bad=skip_bad), options, self.session.reporter)
        if outcome.ended_by:
            raise outcome.ended_by
        return outcome

    def start(self, *, skip_bad: bool = False) -> int:
        """Run the batch in a detached process, which continues after this one ends, and return its process id.

        Its messages go to ``.cosmos/logs`` in the project.

        Args:
            skip_bad: set runs aside that cannot be run, and run the others.

        Raises:
            JobError: the process has ended already; its messages were reported.
        """
        session, planned = self.session, self.plan(skip_bad=skip_bad)
        name = planned.batch.name
        log = log_file(session.folder, name)
        skip = ["--skip-bad"] if skip_bad else []
        arguments = ["run-batch", "--log", str(log), "--host", planned.host, *skip, "--", str(self.file)]
        worker = start_worker(
            arguments,
            session.folder,
            name,
            planned.host,
            lambda text: session.reporter.say(text.rstrip("\n")) if text else None,
            folder=session.folder,
        )
        if isinstance(worker, int):
            raise JobError(f"the process of batch {name} ended with exit code {worker}", action=f"see {log}")
        return worker.pid

    def jobs(self) -> list[Job]:
        """Return the jobs of the runs that were queued, in the order of the batch."""
        return [Job(record.id, self.session) for record in self._records()]

    def results(self) -> list[Result]:
        """Return the verified results, in the order of the batch; runs without one are left out."""
        succeeded = [record for record in self._records() if record.state is JobState.SUCCEEDED]
        return [result_of(record, self.session.config, self.session.reporter) for record in succeeded]

    def status(self) -> list[BatchCondition]:
        """Return the progress of the batch on each of its hosts, as the store has it; ask no host.

        Raises:
            BadInput: the batch was never run.
        """
        with self.session.client() as client:
            return list_conditions(client.store, self.name)

    def pause(self) -> None:
        """Start no further runs; runs on a host continue."""
        with self.session.client() as client:
            set_paused(client.store, self.name, paused=True)

    def resume(self) -> None:
        """Let runs start again; a process must work on the batch, see ``run`` and ``start``."""
        with self.session.client() as client:
            set_paused(client.store, self.name, paused=False)

    def cancel(self) -> CancelledRuns:
        """Cancel all runs that have not ended.

        Raises:
            HostError: a host could not be reached; runs there keep their states.
        """
        with self.session.client() as client:
            return cancel_batch(client, self.name)

    def report(self, folder: str | Path | None = None, *, ratings: str | Path | None = None) -> WrittenReport:
        """Write the review page of the batch: all results side by side, with measures.

        Args:
            folder: replaced where it holds an earlier report; None for ``cosmos_out/NAME/report`` in the project.
            ratings: a file that the page has saved; None for the ratings of the report before.

        Raises:
            BadInput: none of the runs was ever queued, the folder holds other files, or the ratings are of other runs.
        """
        out = Path(folder) if folder is not None else None
        options = ReportOptions(host=self.host, ratings=Path(ratings) if ratings is not None else None)
        return make_report(self.session.config, [str(self.file)], out, self.session.reporter, options=options)

    def to_dict(self) -> Mapping[str, Any]:
        """Return the batch and its jobs as JSON data, as they were seen last."""
        jobs = [record.status.document() for record in self._records()]
        return {"name": self.name, "file": str(self.file), "host": self.host, "jobs": jobs}

    def _records(self) -> list[JobRecord]:
        planned = self.plan(skip_bad=True)
        with self.session.client() as client:
            found = {record.id: record for record in client.store.records(job.id for job in planned.jobs)}
        return [found[job.id] for job in planned.jobs if job.id in found]
