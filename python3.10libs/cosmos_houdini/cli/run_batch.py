"""``run-batch``: every run of a batch to a verified result, and one row for each."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from cosmos_houdini.cli.batch import expanded, print_runs
from cosmos_houdini.cli.batch_plan import Choice, PlannedBatch, plan_batch, points_file
from cosmos_houdini.cli.batch_progress import BatchProgress, tally
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.detach import given_again, start_worker
from cosmos_houdini.cli.live import live
from cosmos_houdini.cli.overnight import Watchman, notifier_of, overnight_options, terms_of
from cosmos_houdini.cli.run import opened
from cosmos_houdini.config import Config, load
from cosmos_houdini.errors import BadInput, Cancelled, CheckFailed, CosmosError, HostError, JobError
from cosmos_houdini.launchers import SLURM
from cosmos_houdini.model.job import JobState
from cosmos_houdini.plan.adaptive import BEGINNING, Adaptive
from cosmos_houdini.plan.batch_file import load_batch
from cosmos_houdini.plan.specs import write_whole
from cosmos_houdini.queue import orders
from cosmos_houdini.queue.client import Client
from cosmos_houdini.queue.loads import load_of
from cosmos_houdini.queue.night.gate import Contract
from cosmos_houdini.queue.night.turns import run_in_turn
from cosmos_houdini.queue.prepare import RESULTS
from cosmos_houdini.queue.store import batches
from cosmos_houdini.queue.store.record import JobRecord
from cosmos_houdini.queue.store.worker import Lane, Worker
from cosmos_houdini.review.entry import Entry, entry_of
from cosmos_houdini.review.table import Row, csv_text
from cosmos_houdini.settings import HostConfig

MOST_IN_QUEUE = 1000
"""Jobs that a cluster is given at once; others wait here, where they can still be held back."""

Scores = dict[tuple[str, int], float]
"""By the name of an item and the number of its run."""

_Command = TypeVar("_Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a batch is run, as the options of that name say."""

    host: str | None
    at_once: int | None
    detach: bool
    between: str | None
    gpu_hours: float | None
    money: float | None
    output: Path | None
    log: str
    as_json: bool


def running_options(command: _Command) -> _Command:
    """Add the options that ``How`` holds."""
    for option in (
        json_option,
        click.option("--log", hidden=True, default="", help="Where the messages of a detached process go."),
        click.option("-o", "--output", type=click.Path(path_type=Path), help="CSV file; cosmos_out/NAME.csv."),
        overnight_options,
        click.option("--detach", is_flag=True, help="Let a process of its own run it, which goes on after logout."),
        click.option(
            "--at-once", type=click.IntRange(1), help="Runs on their way at once; else one a GPU, or all with Slurm."
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
def run_batch(context: click.Context, /, *, file: Path, scout: bool, dry_run: bool, **how: Any) -> None:  # noqa: ANN401 - the fields of How
    """Check every run, queue all of them, and follow them to their ends."""
    if dry_run:
        print_runs(expanded(load_batch(file)).runs)
        return
    work(context, file, Choice(scout=scout), How(**how))


def work(context: click.Context, file: Path, choice: Choice, how: How) -> None:
    """Run the chosen runs of a batch, write a row for each, and sum up what came of them.

    Raises:
        CosmosError: something cannot be used or reached, or not all of them succeeded.
    """
    config = load()
    wanted = load_batch(file)
    batch = choice.of(wanted)
    name, _ = config.settings.host(how.host)
    if how.detach:
        worker = start_worker(context, config.project, batch.name, name)
        say(f"process {worker.pid} goes on with it, whatever becomes of this terminal; its messages: {worker.log}")
        say(f"to follow: cosmos-houdini batch follow {batch.name}")
        if how.as_json:
            print_json({"batch": batch.name, "host": name, "pid": worker.pid, "log": worker.log})
        return
    terms = terms_of(
        config, batch, name, at_once=how.at_once, between=how.between, gpu_hours=how.gpu_hours, money=how.money
    )
    notifier = notifier_of(config)
    planned = plan_batch(wanted, config, name, choice)
    table = how.output or config.project / RESULTS / f"{batch.name}.csv"
    again = shlex.join(["cosmos-houdini", *given_again(context, without={"log", "as_json"})])
    with opened(config) as client, closing(notifier):
        watchman = Watchman.of(client, terms, planned.jobs[0], notifier)
        rows = _worked(client, planned, file, how, watchman=watchman, table=table, again=again)
    if rows is None:
        return
    if how.as_json:
        print_json({"runs": [row.document() for row in rows]})
    else:
        click.echo(table)
    _conclude(rows, table)


def _worked(
    client: Client, planned: PlannedBatch, file: Path, how: How, *, watchman: Watchman, table: Path, again: str
) -> list[Row] | None:
    """Queue a batch, follow it to its end and return its rows; None where a detached process does so already."""
    _, settings = client.config.settings.host(planned.host)
    batch = planned.batch
    lane = _lane(planned, settings, how.at_once)
    others = batches.workers(client.store, lane.batch, lane.host)
    _enqueue(client, planned, file.absolute())
    if others:
        say(f"process {others[0].pid} works on {batch.name} already")
    if how.log and any(other.log for other in others):
        return None
    rows: list[Row] = []
    ended_by: CosmosError | None = None
    try:
        # What failed a moment ago is no news to the others; it is tried again by who begins anew.
        if not others:
            _go_on(client, planned.jobs)
        scores: Scores = {}
        # In a long queue all the rest would be chosen by the scores of the first few.
        more = how.at_once or (BEGINNING if settings.launcher == SLURM else lane.width)
        while _follow(client, lane, again, watchman.contract, how.log):
            longer = _asked_on(client, planned, scores, more)
            if longer is None:
                break
            planned = longer
            _enqueue(client, planned, file.absolute())
    except CosmosError as error:
        ended_by = error
        raise
    finally:
        # What was cut off in the middle has a row for each run too.
        now = _as_the_file_is_now(planned, file, client.config)
        entries = _entries(client, now, settings.price_per_hour)
        rows += [entry.row for entry in entries if entry.row]
        write_whole(table, csv_text(row.document() for row in rows).encode())
        watchman.conclude(entries, table=table, again=again, ended_by=ended_by)
    return rows


def _lane(planned: PlannedBatch, settings: HostConfig, at_once: int | None) -> Lane:
    """Return where a batch runs: Slurm has a queue of its own, and takes more jobs than it has GPUs."""
    if settings.launcher == SLURM:
        at_once = at_once or MOST_IN_QUEUE
    gpus = max(1, len(settings.gpu_numbers)) * settings.jobs_per_gpu
    batch = planned.batch
    return Lane(batch=batch.name, host=planned.host, at_once=at_once, gpus=gpus, num_gpu=batch.num_gpu)


def _as_the_file_is_now(planned: PlannedBatch, file: Path, config: Config) -> PlannedBatch:
    """Return a batch anew where its file was edited while it ran."""
    try:
        batch = load_batch(file)
        if planned.choice.of(batch) == planned.batch:
            return planned
        return plan_batch(batch, config, planned.host, planned.choice)
    except BadInput as error:
        say(f"warning: {error}; the table has the runs that the file had before")
        return planned


def _enqueue(client: Client, planned: PlannedBatch, file: Path) -> None:
    """Put the jobs of a batch in line.

    Raises:
        HostError: a job is new and its host is not there; nothing was queued.
        BadInput: another file's batch has this name.
    """
    known = len(client.store.jobs(job.id for job in planned.jobs))
    if known < len(planned.jobs):
        # A host that was never there is told at once; patience is for those that went away.
        client.host(planned.jobs[0]).run(":")
    taken_out = batches.enqueue(client.store, planned.batch.name, planned.host, file, planned.jobs)
    if known and known < len(planned.jobs):
        say(f"{len(planned.jobs) - known} runs are new")
    if taken_out:
        say(f"{taken_out} runs that waited are not in {file} any more, and are cancelled")


def _go_on(client: Client, jobs: Sequence[JobRecord]) -> None:
    """Queue again what did not succeed before, and bring results again that are gone."""
    made = {job.id: job for job in jobs}
    before = client.store.records(made)
    for record in before:
        if record.state is JobState.SUCCEEDED:
            if not all(Path(path).is_file() for path in record.job.outputs):
                _fetch(client, record)
        elif record.state.final:
            orders.retry(client, record.id, made[record.id].inputs)
    succeeded = sum(record.state is JobState.SUCCEEDED for record in before)
    again = sum(record.state.final for record in before) - succeeded
    if succeeded or again:
        tried = f"; {again} that did not are tried again" if again else ""
        say(f"{succeeded} of {len(before)} runs have succeeded before{tried}")


def _fetch(client: Client, record: JobRecord) -> None:
    try:
        orders.fetch(client, record.id)
    except (HostError, JobError) as error:
        say(f"error: {record.id}: its results are gone and cannot be fetched again: {error}")


def _asked_on(client: Client, planned: PlannedBatch, scores: Scores, more: int) -> PlannedBatch | None:
    """Return an adaptive batch with further runs, chosen by the scores of those that have ended.

    None where there are no more of them, and for all other batches.

    Args:
        client: what to work with.
        planned: the batch as it was run.
        scores: of earlier runs; those of later ones are added.
        more: how many further runs of each item go on at once.
    """
    if planned.batch.randomization.sampler != "adaptive" or planned.choice != Choice():
        return None
    # OpenCV and NumPy take a fifth of a second to load, which other batches need not pay before their end.
    from cosmos_houdini.review.examine import scored  # noqa: PLC0415 - see above

    keys = {run.name: (run.shared.name, run.number) for run in planned.runs}
    new = [entry for entry in _entries(client, planned, None) if keys[entry.name] not in scores]
    scores.update({keys[entry.name]: entry.measures.score for entry in scored(new) if entry.measures})
    adaptive = Adaptive(file=points_file(client.config), scores=scores, more=more)
    longer = plan_batch(planned.batch, client.config, planned.host, planned.choice, adaptive)
    return longer if len(longer.runs) > len(planned.runs) else None


def _follow(client: Client, lane: Lane, again: str, contract: Contract, log: str) -> bool:
    """Work on a batch until it is through, and return whether it is, and not only held.

    Raises:
        Cancelled: the user interrupted; what is on a host goes on.
        HostError: the host stayed out of reach.
    """

    def standing() -> str:
        return tally(batches.counts(client.store, lane.batch, lane.host))

    try:
        with closing(Worker(client.store, lane, log=log, load=load_of)) as worker, live() as display:
            progress = BatchProgress(
                display=display, store=client.store, batch=lane.batch, host=lane.host, at_once=lane.width
            )
            last = run_in_turn(client, worker, contract=contract, on_look=progress.show, on_trouble=display.trouble)
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


def _entries(client: Client, planned: PlannedBatch, price_per_hour: float | None) -> list[Entry]:
    found = {record.id: record for record in client.store.records(job.id for job in planned.jobs)}
    return [
        entry_of(run, found[job.id], client.store.attempts(job.id), price_per_hour)
        for run, job in zip(planned.runs, planned.jobs, strict=True)
        if job.id in found
    ]


def _conclude(rows: Sequence[Row], table: Path) -> None:
    """Fail where the batch did not come out as it was asked for.

    Raises:
        CheckFailed: a result was made with other parameters than were asked for.
        JobError: a run did not succeed.
    """
    failed = [row for row in rows if row.job.state is not JobState.SUCCEEDED]
    differing = [row for row in rows if row.differences]
    if differing:
        first = differing[0]
        raise CheckFailed(
            f"{len(differing)} results were made otherwise than asked for; {first.run}: {'; '.join(first.differences)}",
            action=f"see the column 'differences' of {table}",
        )
    if failed:
        raise JobError(
            f"{len(failed)} of {len(rows)} runs did not succeed; the first is {failed[0].run}",
            action=f"cosmos-houdini logs {failed[0].job.id}; the same run-batch again tries them again",
        )
