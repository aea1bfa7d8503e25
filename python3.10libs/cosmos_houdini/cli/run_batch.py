"""``run-batch``: every run of a batch to a verified result, and one row for each."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from cosmos_houdini.batches import scheduler
from cosmos_houdini.batches.gate import BatchHooks
from cosmos_houdini.cli.batch import expanded, print_runs
from cosmos_houdini.cli.batch_line import batch_slot, enqueue, resume_batch
from cosmos_houdini.cli.batch_outcome import Scores, conclude, entries_of, next_adaptive_batch
from cosmos_houdini.cli.batch_plan import PlannedBatch, RunSelection, plan_batch, scouts_of
from cosmos_houdini.cli.batch_progress import BatchProgress, tally
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.detach import rebuild_command_line, start_worker
from cosmos_houdini.cli.overnight import BatchSupervisor, notifier_of, overnight_options, terms_of
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import Config, load
from cosmos_houdini.errors import BadInput, Cancelled, CosmosError, HostError
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.prepare import RESULTS
from cosmos_houdini.jobs.shared_load import load_of
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.worker import BatchSlot, Worker
from cosmos_houdini.launchers import SLURM
from cosmos_houdini.report.table import Row, csv_text
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.specs.files import write_whole
from cosmos_houdini.sweeps.adaptive import BEGINNING

_Command = TypeVar("_Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is run, as the options of that name say."""

    host: str | None
    max_parallel: int | None
    detach: bool
    window: str | None
    gpu_hours: float | None
    max_cost: float | None
    output: Path | None
    log: str
    as_json: bool


def running_options(command: _Command) -> _Command:
    """Add the options that ``BatchOptions`` holds."""
    for option in (
        json_option,
        click.option("--log", hidden=True, default="", help="Where the messages of a detached process go."),
        click.option("-o", "--output", type=click.Path(path_type=Path), help="CSV file; cosmos_out/NAME.csv."),
        overnight_options,
        click.option("--detach", is_flag=True, help="Let a process of its own run it, which goes on after logout."),
        click.option(
            "--max-parallel",
            type=click.IntRange(1),
            help="Runs at a time; else one per GPU, or all of them on Slurm.",
        ),
        click.option("--host", help="Where to run; without it, the configuration's default host."),
    ):
        command = option(command)
    return command


@click.command("run-batch", help="Run every run of a batch to a verified result; the same command again goes on.")
@click.argument("file", metavar="BATCH.yaml", type=click.Path(path_type=Path))
@click.option("--scout", is_flag=True, help="A cheap look at every run first: fewer steps, the first frames alone.")
@click.option("--dry-run", is_flag=True, help="Print every run, and reach nothing.")
@running_options
@click.pass_context
def run_batch(context: click.Context, /, *, file: Path, scout: bool, dry_run: bool, **how: Any) -> None:  # noqa: ANN401 - the fields of BatchOptions
    """Check every run, queue all of them, and follow them to their ends."""
    if dry_run:
        runs = expanded(load_batch(file)).runs
        print_runs(scouts_of(runs) if scout else runs)
        return
    work(context, file, RunSelection(scout=scout), BatchOptions(**how))


def work(context: click.Context, file: Path, selection: RunSelection, options: BatchOptions) -> None:
    """Run the chosen runs of a batch, write a row for each, and sum up what came of them.

    Raises:
        CosmosError: something cannot be used or reached, or not all of them succeeded.
    """
    config = load()
    wanted = load_batch(file)
    batch = selection.of(wanted)
    name, _ = config.settings.host(options.host)
    if options.detach:
        worker = start_worker(context, config.project, batch.name, name)
        say(f"process {worker.pid} goes on with it, whatever becomes of this terminal; its messages: {worker.log}")
        say(f"to follow: cosmos-houdini batch follow {batch.name}")
        if options.as_json:
            print_json("run-batch-detached", {"batch": batch.name, "host": name, "pid": worker.pid, "log": worker.log})
        return
    terms = terms_of(
        config,
        batch,
        name,
        max_parallel=options.max_parallel,
        window=options.window,
        gpu_hours=options.gpu_hours,
        max_cost=options.max_cost,
    )
    notifier = notifier_of(config)
    planned = plan_batch(wanted, config, name, selection)
    table = options.output or config.project / RESULTS / f"{batch.name}.csv"
    again = shlex.join(["cosmos-houdini", *rebuild_command_line(context, without={"log", "as_json"})])
    with open_client(config) as client, closing(notifier):
        supervisor = BatchSupervisor.of(client, terms, planned.jobs[0], notifier)
        rows = _worked(client, planned, file, options, supervisor=supervisor, table=table, again=again)
    if rows is None:
        return
    if options.as_json:
        print_json("run-batch", {"runs": [row.document() for row in rows]})
    else:
        click.echo(table)
    conclude(rows, table)


def _worked(
    client: Client,
    planned: PlannedBatch,
    file: Path,
    options: BatchOptions,
    *,
    supervisor: BatchSupervisor,
    table: Path,
    again: str,
) -> list[Row] | None:
    """Queue a batch, follow it to its end and return its rows; None where a detached process does so already."""
    _, settings = client.config.settings.host(planned.host)
    batch = planned.batch
    slot = batch_slot(client, planned, options.max_parallel)
    others = batches.workers(client.store, slot.batch, slot.host)
    enqueue(client, planned, file.absolute())
    if others:
        say(f"process {others[0].pid} works on {batch.name} already")
    if options.log and any(other.log for other in others):
        return None
    rows: list[Row] = []
    ended_by: CosmosError | None = None
    try:
        # What failed a moment ago is no news to the others; it is tried again by who begins anew.
        if not others:
            resume_batch(client, planned.jobs)
        scores: Scores = {}
        # In a long queue all the rest would be chosen by the scores of the first few.
        more = options.max_parallel or (BEGINNING if settings.launcher == SLURM else slot.width)
        while _follow(client, slot, again, supervisor.hooks, options.log):
            longer = next_adaptive_batch(client, planned, scores, more)
            if longer is None:
                break
            planned = longer
            enqueue(client, planned, file.absolute())
    except CosmosError as error:
        ended_by = error
        raise
    finally:
        # What was cut off in the middle has a row for each run too.
        now = _as_the_file_is_now(planned, file, client.config)
        entries = entries_of(client, now, settings.price_per_hour)
        rows += [entry.row for entry in entries if entry.row]
        write_whole(table, csv_text(row.document() for row in rows).encode())
        scouts = planned.selection.scout
        supervisor.conclude(entries, file=file, table=table, again=again, scouts=scouts, ended_by=ended_by)
    return rows


def _as_the_file_is_now(planned: PlannedBatch, file: Path, config: Config) -> PlannedBatch:
    """Return a batch anew where its file was edited while it ran."""
    try:
        batch = load_batch(file)
        if planned.selection.of(batch) == planned.batch:
            return planned
        return plan_batch(batch, config, planned.host, planned.selection)
    except BadInput as error:
        say(f"warning: {error}; the table has the runs that the file had before")
        return planned


def _follow(client: Client, slot: BatchSlot, again: str, hooks: BatchHooks, log: str) -> bool:
    """Work on a batch until it is through, and return whether it is, and not only held.

    Raises:
        Cancelled: the user interrupted; what is on a host goes on.
        HostError: the host stayed out of reach.
    """

    def standing() -> str:
        return tally(batches.counts(client.store, slot.batch, slot.host))

    try:
        with (
            closing(Worker(client.store, slot, log=log, load=load_of)) as worker,
            TerminalReporter().following() as display,
        ):
            progress = BatchProgress(
                display=display, store=client.store, batch=slot.batch, host=slot.host, max_parallel=slot.width
            )
            last = scheduler.run_batch(
                client, worker, hooks=hooks, on_status=progress.show, on_trouble=display.host_error
            )
        if last.unfinished:
            say(f"ended with {standing()}: {last.held}; to go on: {again}")
    except HostError:
        say(f"given up with {standing()}; to go on: {again}")
        raise
    except KeyboardInterrupt:
        raise Cancelled(
            f"interrupted with {standing()}; what is on a host goes on", action=f"the rest with {again}"
        ) from None
    return not last.unfinished
