"""``run-batch``: every run of a batch to a verified result, and one row for each."""

from __future__ import annotations

import shlex
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import click

from cosmos_houdini.cli.batch import expanded, print_runs
from cosmos_houdini.cli.console import json_option, print_json, progress_bar, say
from cosmos_houdini.cli.live import live
from cosmos_houdini.cli.run import opened
from cosmos_houdini.config import Config, load
from cosmos_houdini.engines import engine
from cosmos_houdini.errors import BadInput, Cancelled, CheckFailed, HostError, JobError
from cosmos_houdini.model.job import JobState
from cosmos_houdini.plan.batch_file import load_batch
from cosmos_houdini.plan.request import build_request, remembering
from cosmos_houdini.plan.specs import write_whole
from cosmos_houdini.plan.sweep import Run
from cosmos_houdini.queue import orders
from cosmos_houdini.queue.client import Client
from cosmos_houdini.queue.prepare import RESULTS, prepare
from cosmos_houdini.queue.record import JobRecord
from cosmos_houdini.queue.turns import run_in_turn
from cosmos_houdini.review.table import Row, csv_text, row_of, totals

SHOWN_LINES = 5


@click.command("run-batch", help="Run every run of a batch to a verified result; the same command again goes on.")
@click.argument("file", metavar="BATCH.yaml", type=click.Path(path_type=Path))
@click.option("--host", help="Where to run; without it, the configuration's default host.")
@click.option("--at-once", type=click.IntRange(1), help="Runs on their way at once; else one for each GPU of the host.")
@click.option("--dry-run", is_flag=True, help="Print every run, and reach nothing.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="CSV file, one row a run; cosmos_out/NAME.csv.")
@json_option
def run_batch(
    *, file: Path, host: str | None, at_once: int | None, dry_run: bool, output: Path | None, as_json: bool
) -> None:
    """Check every run, queue all of them, and follow them to their ends."""
    config = load()
    batch = load_batch(file)
    runs = expanded(batch).runs
    if dry_run:
        print_runs(runs)
        return
    name, settings = config.settings.host(host)
    jobs = _checked(runs, config, name)
    table = output or config.project / RESULTS / f"{batch.name}.csv"
    rows: list[Row] = []
    with opened(config) as client:
        if len(client.store.jobs(job.id for job in jobs)) < len(jobs):
            # A host that was never there is told at once; patience is for those that went away.
            client.host(jobs[0]).run(":")
        client.store.add_all(jobs)
        try:
            _go_on(client, jobs)
            _follow(client, [job.id for job in jobs], file, at_once or max(1, len(settings.gpu_numbers)))
        finally:
            # What was cut off in the middle has a row for each run too.
            rows += _rows(client, runs, jobs, settings.price_per_hour)
            write_whole(table, csv_text(row.document() for row in rows).encode())
    if as_json:
        print_json({"runs": [row.document() for row in rows]})
    else:
        click.echo(table)
    _conclude(rows, table)


def _checked(runs: Sequence[Run], config: Config, host: str) -> list[JobRecord]:
    """Return the job of every run; nothing is queued before all were checked.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    known = engine(runs[0].shared.engine)
    probe = remembering()
    jobs = []
    warnings: defaultdict[str, list[str]] = defaultdict(list)
    with progress_bar("checking", total=len(runs), unit="runs") as advance:
        for run in runs:
            try:
                request, said = build_request(run.run_spec(), known.parameters, probe=probe)
                prepared = prepare(request, config=config, host=host, results=None)
            except BadInput as error:
                problem = error.problem.removeprefix(f"{run.name}: ")
                raise BadInput(f"{run.name}: {problem}", allowed=error.allowed, action=error.action) from error
            jobs.append(prepared.record)
            for warning in (*said, *prepared.warnings):
                warnings[warning].append(run.name)
            advance(1)
    for warning, names in islice(warnings.items(), SHOWN_LINES):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        say(f"warning: {names[0]}{others}: {warning}")
    if len(warnings) > SHOWN_LINES:
        say(f"{len(warnings) - SHOWN_LINES} more warnings are not shown")
    return jobs


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
        say(f"{succeeded} of {len(before)} runs have succeeded before; {again} that did not are tried again")


def _fetch(client: Client, record: JobRecord) -> None:
    try:
        orders.fetch(client, record.id)
    except (HostError, JobError) as error:
        say(f"error: {record.id}: its results are gone and cannot be fetched again: {error}")


@dataclass(slots=True, kw_only=True)
class _Tally:
    """How far a batch has come, and how long it will take at the pace so far."""

    total: int
    done: int
    failed: int = 0
    ended: int = 0
    since: float = field(default_factory=time.monotonic)

    def count(self, record: JobRecord) -> None:
        self.ended += 1
        self.done += record.state is JobState.SUCCEEDED
        self.failed += record.state is not JobState.SUCCEEDED

    @property
    def fraction(self) -> float:
        return (self.done + self.failed) / self.total

    @property
    def sentence(self) -> str:
        words = [f"{self.done} of {self.total} runs done"]
        if self.failed:
            words.append(f"{self.failed} failed")
        left = self.total - self.done - self.failed
        if left and self.ended:
            seconds = (time.monotonic() - self.since) / self.ended * left
            words.append(f"about {timedelta(seconds=round(seconds))} left")
        return ", ".join(words)


def _follow(client: Client, ids: Sequence[str], file: Path, at_once: int) -> None:
    """Follow the jobs of a batch to their ends.

    Raises:
        Cancelled: the user interrupted; what is on a host goes on.
        HostError: a host stayed out of reach.
    """
    done = sum(job.state is JobState.SUCCEEDED for job in client.store.jobs(ids))
    tally = _Tally(total=len(ids), done=done)
    again = f"cosmos-houdini run-batch {shlex.quote(str(file))}"
    try:
        with live() as display:
            display.overall(tally.sentence, tally.fraction)

            def on_end(record: JobRecord) -> None:
                tally.count(record)
                display.update([record])
                display.overall(tally.sentence, tally.fraction)

            run_in_turn(
                client,
                ids,
                at_once=at_once,
                on_update=display.update,
                on_trouble=display.trouble,
                on_end=on_end,
            )
    except HostError:
        say(f"given up with {tally.sentence}; to go on: {again}")
        raise
    except KeyboardInterrupt:
        raise Cancelled(
            f"interrupted with {tally.sentence}; what is on a host goes on", action=f"the rest with {again}"
        ) from None


def _rows(client: Client, runs: Sequence[Run], jobs: Sequence[JobRecord], price_per_hour: float | None) -> list[Row]:
    found = {record.id: record for record in client.store.records(job.id for job in jobs)}
    return [
        row_of(run, found[job.id], client.store.attempts(job.id), price_per_hour)
        for run, job in zip(runs, jobs, strict=True)
    ]


def _conclude(rows: Sequence[Row], table: Path) -> None:
    """Say what came out of a batch.

    Raises:
        CheckFailed: a result was made with other parameters than were asked for.
        JobError: a run did not succeed.
    """
    counted = ", ".join(f"{count} {state}" for state, count in totals(rows).items())
    say(f"{len(rows)} runs: {counted}; {table} has a row for each")
    failed = [row for row in rows if row.job.state is not JobState.SUCCEEDED]
    for row in failed[:SHOWN_LINES]:
        say(f"error: {row.run} ({row.job.id}): {row.job.failure.message if row.job.failure else row.job.state}")
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
