"""``batch``: what becomes of batches while they run, ordered from any terminal."""

from __future__ import annotations

import time
from typing import Any

import click

from cosmos_houdini.batches.scheduler import BatchStatus, BatchWatcher
from cosmos_houdini.cli.batch_progress import BatchProgress, run_again, tally, time_left
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import Cancelled, JobError
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.batches import Batch
from cosmos_houdini.jobs.store.history import left_s
from cosmos_houdini.model.job import JobState

FOLLOW_PAUSE_S = 1.0

name_argument = click.argument("name", metavar="NAME")


@click.group(help="Follow, pause, resume, reorder and cancel batches; whoever works on one sees it within seconds.")
def batch() -> None:
    """Collect the commands."""


@batch.command(help="How batches stand, who works on them, and when they will be through.")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
def status(*, name: str | None, as_json: bool) -> None:
    """List batches."""
    with open_client(load()) as client:
        found = batches.batches(client.store, name)
        documents = [_document(client, one) for one in found]
    if as_json:
        print_json("batch-status", {"batches": documents})
        return
    for one, document in zip(found, documents, strict=True):
        words = [tally(one.counts), document["state"], document["held"], time_left(document["left_s"])]
        click.echo(f"{one.name} on {one.host}: {', '.join(word for word in words if word)}")
        for worker in one.workers:
            click.echo(f"  process {worker.pid}{f', messages in {worker.log}' if worker.log else ''}")


@batch.command(help="Watch a batch to its end; Ctrl-C stops the watching alone.")
@name_argument
def follow(*, name: str) -> None:
    """Follow a batch without working on it."""
    with open_client(load()) as client:
        try:
            for one in batches.batches(client.store, name):
                last = _follow(client, one)
                if last.unfinished or last.counts.get(JobState.SUCCEEDED, 0) < sum(last.counts.values()):
                    raise JobError(
                        f"batch {name}: {tally(last.counts)}{'; nobody works on it' if last.unfinished else ''}",
                        action=f"to go on: {run_again(one)}",
                    )
                say(f"batch {name}: {tally(last.counts)}")
        except KeyboardInterrupt:
            raise Cancelled(
                f"interrupted; batch {name} goes on", action=f"cosmos-houdini batch follow {name}"
            ) from None


@batch.command(help="Start nothing more of a batch; what runs goes on to its end.")
@name_argument
def pause(*, name: str) -> None:
    """Pause a batch."""
    _set_paused(name, paused=True)


@batch.command(help="Go on with a paused batch.")
@name_argument
def resume(*, name: str) -> None:
    """Resume a batch."""
    _set_paused(name, paused=False)


@batch.command(help="Stop a batch: what waits and what runs is cancelled.")
@name_argument
def cancel(*, name: str) -> None:
    """Cancel a batch."""
    with open_client(load()) as client:
        found = batches.batches(client.store, name)
        # Jobs that were to be made by the process of a cancelled one wait again, and are not to begin anew.
        batches.set_paused(client.store, name, paused=True)
        try:
            begun = [job for one in found for job in batches.on_their_way(client.store, name, one.host)]
            after = [commands.cancel(client, job).state for job in begun]
            waiting = batches.cancel_queued(client.store, name)
        finally:
            batches.set_paused(client.store, name, paused=False)
    stopped = sum(state is JobState.CANCELLED for state in after)
    say(f"cancelled {waiting} runs that waited and {stopped} that were on their way")


@batch.command(help="Put runs first: a higher PRIORITY goes before a lower one, also of other batches on the host.")
@name_argument
@click.argument("priority", type=click.IntRange(-1000, 1000))
@click.argument("runs", metavar="[RUN]...", nargs=-1)
def priority(*, name: str, priority: int, runs: tuple[str, ...]) -> None:
    """Reorder a batch; without runs, all of it."""
    with open_client(load()) as client:
        batches.batches(client.store, name)
        count = batches.prioritise(client.store, name, priority, runs)
    say(f"{count} runs of {name} have priority {priority}")


def _set_paused(name: str, *, paused: bool) -> None:
    with open_client(load()) as client:
        batches.batches(client.store, name)
        batches.set_paused(client.store, name, paused=paused)
        for one in batches.batches(client.store, name):
            begun = len(batches.on_their_way(client.store, name, one.host))
            if paused:
                say(f"batch {name} is paused; {begun} runs are on their way to their end")
            else:
                say(f"batch {name} goes on" if one.workers else f"nobody works on it; to go on: {run_again(one)}")


def _follow(client: Client, one: Batch) -> BatchStatus:
    """Show a batch until nothing of it is left, or nobody works on it."""
    watcher = BatchWatcher(client=client, batch=one.name, host=one.host)
    with TerminalReporter().following() as display:
        progress = BatchProgress(
            display=display, store=client.store, batch=one.name, host=one.host, max_parallel=_at_once(one)
        )
        while True:
            working = batches.workers(client.store, one.name, one.host)
            status = watcher.status(next((worker.held for worker in working), ""))
            progress.show(status)
            if not status.unfinished or not working:
                return status
            time.sleep(FOLLOW_PAUSE_S)


def _document(client: Client, one: Batch) -> dict[str, Any]:
    held = next((worker.held for worker in one.workers if worker.held), "")
    return {
        "name": one.name,
        "host": one.host,
        "file": str(one.file),
        "state": _state(one, held),
        "held": held,
        "runs": sum(one.counts.values()),
        "counts": {str(state): count for state, count in one.counts.items()},
        "left_s": left_s(client.store, one.name, one.host, _at_once(one)) if one.unfinished else None,
        "workers": [
            {"pid": worker.pid, "log": worker.log, "max_parallel": worker.max_parallel, "since": worker.since}
            for worker in one.workers
        ],
    }


def _state(one: Batch, held: str) -> str:
    if not one.unfinished:
        return "ended"
    if one.paused:
        return "paused"
    if not one.workers:
        return "waiting"
    return "held" if held else "running"


def _at_once(one: Batch) -> int:
    return max((worker.max_parallel for worker in one.workers), default=1)
