"""``status logs attach cancel retry fetch``: what becomes of jobs."""

from __future__ import annotations

import time
from pathlib import Path

import click

from cosmos_houdini.batches.progress import resume_command
from cosmos_houdini.cli.console import json_option, print_json, print_json_lines, say
from cosmos_houdini.cli.run import print_outputs
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput, Cancelled, one_line
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.adopt import adopt
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.follow import follow_jobs, raise_failure
from cosmos_houdini.jobs.logs import LogReader
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.model.job import Job, JobState
from cosmos_houdini.shots.restore import restore_result

FOLLOW_PAUSE_S = 1.0

ids_argument = click.argument("ids", metavar="[ID]...", nargs=-1)
needed_ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.command(help="Where jobs stand; results that wait on a host are fetched and verified.")
@ids_argument
@json_option
def status(*, ids: tuple[str, ...], as_json: bool) -> None:
    """Ask each host once about its unfinished jobs, and list jobs."""
    with open_client(load()) as client:
        wanted = [client.store.find(word) for word in ids] if ids else None
        unfinished = set(client.store.unfinished(in_line=False))
        asked = unfinished.intersection(wanted) if wanted is not None else unfinished
        for trouble in runner.advance(client, sorted(asked), start=False).values():
            say(f"{trouble}; what is listed is what was last known")
        # Whole rows are read for the jobs on their way alone: there are few, and of the others thousands.
        on_their_way = {record.id: record for record in client.store.records(asked)}
        jobs = client.store.jobs(wanted)
        if as_json:
            stages = {job_id: record.stage for job_id, record in on_their_way.items()}
            print_json_lines("status", "jobs", ({**job.document(), "stage": stages.get(job.id, "")} for job in jobs))
            return
        # One echo for all: each looks anew at what kind of terminal it writes to.
        words = {job_id: record.status.describe() for job_id, record in on_their_way.items()}
        click.echo("".join(f"{_line(job, words.get(job.id))}\n" for job in jobs), nl=False)
        if not jobs:
            say(f"{client.config.project} has no jobs yet")
        _say_who_waits(client, sorted(asked))
        if wanted is None:
            _say_which_batches_wait(client)


@click.command(help="What a job printed.")
@click.argument("word", metavar="ID")
@click.option("--follow", "following", is_flag=True, help="Go on until the job ends.")
@click.option("--stderr", "errors", is_flag=True, help="Standard error instead of standard output.")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt; without it, the last one.")
def logs(*, word: str, following: bool, errors: bool, attempt: int | None) -> None:
    """Print a log."""
    with open_client(load()) as client:
        job_id = client.store.find(word)
        name = "stderr.log" if errors else "stdout.log"
        reader = LogReader(client=client, job_id=job_id, name=name, attempt=attempt)
        try:
            while True:
                ended = client.store.get(job_id).state.final or not following
                click.echo(reader.read(to_end=ended), nl=False)
                if ended:
                    return
                for trouble in runner.advance(client, [job_id], start=False).values():
                    raise trouble
                time.sleep(FOLLOW_PAUSE_S)
        except KeyboardInterrupt:
            raise Cancelled(f"interrupted; {job_id} goes on", action=f"cosmos-houdini attach {job_id}") from None


@click.command(help="Follow jobs to their verified results; without an ID, all that are not at their end.")
@ids_argument
@click.option("--host", help="Take up, from this host, a job that another machine sent there.")
@json_option
def attach(*, ids: tuple[str, ...], host: str | None, as_json: bool) -> None:
    """Follow jobs, whoever started them."""
    reporter = TerminalReporter()
    with open_client(load()) as client:
        if ids:
            wanted = [_known_or_adopted(client, word, host) for word in ids]
        else:
            wanted = client.store.unfinished(in_line=False)
            _say_which_batches_wait(client)
        if not wanted:
            say("no job is unfinished")
        records = follow_jobs(client, wanted, reporter) if wanted else []
    for record in records:
        restore_result(client.config, record, reporter)
    if as_json:
        print_json("attach", {"jobs": [record.job.document() for record in records]})
    else:
        print_outputs(records)
    raise_failure(records, reporter)


@click.command(help="Stop jobs, on their hosts too.")
@needed_ids_argument
def cancel(*, ids: tuple[str, ...]) -> None:
    """Stop jobs."""
    with open_client(load()) as client:
        for job_id in [client.store.find(word) for word in ids]:
            before = client.store.get(job_id).state
            after = commands.cancel(client, job_id).state
            if after is JobState.CANCELLED and before is not JobState.CANCELLED:
                say(f"{job_id} cancelled")
            else:
                say(f"{job_id} is {after}; nothing was stopped")


@click.command(
    help="Run jobs again that failed, were cancelled or lost, or whose results are gone here and on the host."
)
@needed_ids_argument
@click.option("--detach", is_flag=True, help="Return once the jobs run on their hosts.")
def retry(*, ids: tuple[str, ...], detach: bool) -> None:
    """Start new attempts and follow them."""
    reporter = TerminalReporter()
    with open_client(load()) as client:
        wanted = [client.store.find(word) for word in ids]
        for job_id in wanted:
            say(f"{job_id}: attempt {commands.retry(client, job_id).job.attempt}")
        records = follow_jobs(client, wanted, reporter, detach=detach)
    for record in records:
        restore_result(client.config, record, reporter)
    print_outputs(records)
    raise_failure(records, reporter)


@click.command(help="Fetch and verify the results of jobs once more.")
@needed_ids_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to fetch into; several jobs, one each.")
def fetch(*, ids: tuple[str, ...], output: Path | None) -> None:
    """Fetch results again."""
    with open_client(load()) as client:
        wanted = [client.store.find(word) for word in ids]
        for job_id in wanted:
            folder = output / job_id if output and len(wanted) > 1 else output
            for path in commands.fetch(client, job_id, folder.absolute() if folder else None):
                click.echo(path)


def _line(job: Job, standing: str | None) -> str:
    words = standing or str(job.state)
    if job.failure:
        words = f"{job.state} ({job.failure.failure}): {one_line(job.failure.message)}"
    return f"{job.id}  {job.engine} on {job.host}, attempt {job.attempt}  {words}"


def _say_who_waits(client: Client, ids: list[str]) -> None:
    """Name the jobs that no client of this machine brings to their host."""
    for record in client.store.records(ids):
        if record.state in runner.BEFORE_HOST:
            with client.lock(record.id) as free:
                if free:
                    say(f"{record.id} is {record.state} and nobody sends it; cosmos-houdini attach {record.id}")


def _say_which_batches_wait(client: Client) -> None:
    """Name the batches that have jobs in line and no process that works on them."""
    for batch in batches.list_batches(client.store):
        waiting = batch.counts.get(JobState.QUEUED, 0)
        if waiting and not batch.workers:
            to_go_on = resume_command(batch.file, batch.host)
            say(f"{waiting} runs of batch {batch.name} are queued and nobody works on it; to go on: {to_go_on}")


def _known_or_adopted(client: Client, word: str, host: str | None) -> str:
    try:
        return client.store.find(word)
    except BadInput:
        if host is None:
            raise
        return adopt(client, host, word).id
