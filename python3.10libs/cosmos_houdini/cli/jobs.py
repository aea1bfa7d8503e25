"""``status logs attach cancel retry fetch``: commands that list, follow, stop and repeat jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cosmos_houdini.batches.progress import describe_unattended
from cosmos_houdini.cli.console import json_option, print_json, print_json_lines, say
from cosmos_houdini.cli.run import print_outputs
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import Cancelled, one_line
from cosmos_houdini.jobs.adopt import find_or_adopt
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.commands import cancel_jobs, fetch_jobs, retry_jobs
from cosmos_houdini.jobs.follow import raise_failure
from cosmos_houdini.jobs.logs import read_log
from cosmos_houdini.jobs.search import search_jobs
from cosmos_houdini.jobs.status import refresh_status
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.model.job import JobStatus
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.results import JobResult, follow_to_results

ids_argument = click.argument("ids", metavar="[ID]...", nargs=-1)
needed_ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.command(help="List jobs and their states; finished results are fetched from their hosts and verified.")
@ids_argument
@click.option("--search", metavar="WORDS", help="Only jobs with these words in name, prompt, caption or tags.")
@json_option
def status(*, ids: tuple[str, ...], search: str | None, as_json: bool) -> None:
    """Ask each host once about its unfinished jobs, and list jobs."""
    with open_client(load()) as client:
        found = refresh_status(client, search_jobs(client.store, search, ids) if search else ids or None)
        for remark in found.remarks:
            say(remark)
        if as_json:
            print_json_lines("status", "jobs", (status.document() for status in found.jobs))
            return
        # There is one echo for all lines, because each echo inspects the terminal again.
        click.echo("".join(f"{_line(status)}\n" for status in found.jobs), nl=False)
        if not found.jobs:
            say(f"no job has the words {search!r}" if search else f"{client.config.project} has no jobs yet")
        for job in (status.job for status in found.unsent):
            say(f"{job.id} is {job.state} and no process sends it; cosmos-houdini attach {job.id}")
        if not ids:
            _say_unattended_batches(client.store)


@click.command(help="Print the log of a job.")
@click.argument("word", metavar="ID")
@click.option("--follow", "following", is_flag=True, help="Continue until the job ends.")
@click.option("--stderr", "errors", is_flag=True, help="Standard error instead of standard output.")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt; without it, the last one.")
@json_option
def logs(*, word: str, following: bool, errors: bool, attempt: int | None, as_json: bool) -> None:
    """Print a log."""
    try:
        with open_client(load()) as client:
            pieces = read_log(client, word, stderr=errors, attempt=attempt, follow=following)
            if as_json:
                file = "stderr.log" if errors else "stdout.log"
                job_id = client.store.find(word)
                print_json("logs", {"job": job_id, "file": file, "attempt": attempt, "text": "".join(pieces)})
                return
            is_empty = True
            for text in pieces:
                is_empty = is_empty and not text
                click.echo(text, nl=False)
            if is_empty:
                say(f"{word}: {'standard error' if errors else 'standard output'} is empty so far")
    except KeyboardInterrupt:
        raise Cancelled(f"interrupted; {word} goes on", action=f"cosmos-houdini attach {word}") from None


@click.command(help="Follow jobs to their verified results; without an ID, all unfinished jobs.")
@ids_argument
@click.option("--host", help="Adopt a job that another machine sent to this host.")
@json_option
def attach(*, ids: tuple[str, ...], host: str | None, as_json: bool) -> None:
    """Follow jobs, whichever process started them."""
    reporter = TerminalReporter()
    with open_client(load()) as client:
        if ids:
            wanted = [find_or_adopt(client, word, host) for word in ids]
        else:
            wanted = client.store.unfinished(in_line=False)
            _say_unattended_batches(client.store)
        if not wanted:
            say("no job is unfinished")
        results = follow_to_results(client, wanted, reporter)
    _conclude("attach", results, reporter, as_json=as_json)


@click.command(help="Stop jobs, on their hosts too.")
@needed_ids_argument
@json_option
def cancel(*, ids: tuple[str, ...], as_json: bool) -> None:
    """Stop jobs."""
    with open_client(load()) as client:
        stopped = cancel_jobs(client, ids, TerminalReporter())
    if as_json:
        print_json("cancel", {"jobs": [status.job.document() for status in stopped]})


@click.command(
    help="Run jobs again that failed, were cancelled or lost, or whose results are gone here and on the host."
)
@needed_ids_argument
@click.option("--detach", is_flag=True, help="Return once the jobs run on their hosts.")
@json_option
def retry(*, ids: tuple[str, ...], detach: bool, as_json: bool) -> None:
    """Start new attempts and follow them."""
    reporter = TerminalReporter()
    with open_client(load()) as client:
        results = follow_to_results(client, retry_jobs(client, ids, reporter), reporter, detach=detach)
    _conclude("retry", results, reporter, as_json=as_json)


@click.command(help="Fetch and verify the results of jobs once more.")
@needed_ids_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to fetch into; several jobs, one each.")
@json_option
def fetch(*, ids: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Fetch results again."""
    with open_client(load()) as client:
        fetched = fetch_jobs(client, ids, output)
    if as_json:
        print_json("fetch", {"jobs": [{"id": job, "outputs": list(paths)} for job, paths in fetched.items()]})
    else:
        click.echo("".join(f"{path}\n" for paths in fetched.values() for path in paths), nl=False)


def _conclude(name: str, results: Sequence[JobResult], reporter: Reporter, *, as_json: bool) -> None:
    records = [result.record for result in results]
    if as_json:
        print_json(name, {"jobs": [record.job.document() for record in records]})
    else:
        print_outputs(records)
    raise_failure(records, reporter)


def _line(status: JobStatus) -> str:
    job = status.job
    words = status.describe()
    if job.failure:
        words = f"{job.state} ({job.failure.failure}): {one_line(job.failure.message)}"
    return f"{job.id}  {job.engine} on {job.host}, attempt {job.attempt}  {words}"


def _say_unattended_batches(store: Store) -> None:
    for sentence in describe_unattended(store):
        say(sentence)
