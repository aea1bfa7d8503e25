"""``batch``: the control of running batches from any terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from cosmos_houdini.batches import control
from cosmos_houdini.batches.progress import format_counts, format_time_left, resume_command
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.store import batches

name_argument = click.argument("name", metavar="NAME")


@click.group(help="Follow, pause, resume, reorder and cancel batches; the processes that run one obey within seconds.")
def batch() -> None:
    """Collect the commands."""


@batch.command(help="The state of batches, the processes that run them, and the time left.")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
def status(*, name: str | None, as_json: bool) -> None:
    """List batches."""
    with open_client(load()) as client:
        found = control.list_conditions(client.store, name)
        if not found:
            say(f"{client.config.project} has no batches yet; `cosmos-houdini run-batch FILE` runs one")
    if as_json:
        _print_conditions(found)
        return
    for condition in found:
        one = condition.batch
        words = [format_counts(one.counts), condition.state, condition.held, format_time_left(condition.left_s)]
        click.echo(f"{one.name} on {one.host}: {', '.join(word for word in words if word)}")
        for worker in one.workers:
            click.echo(f"  process {worker.pid}{f', messages in {worker.log}' if worker.log else ''}")


@batch.command(help="Watch a batch to its end; Ctrl-C stops only the watching.")
@name_argument
@json_option
def follow(*, name: str, as_json: bool) -> None:
    """Follow a batch without working on it."""
    with open_client(load()) as client:
        control.follow_batch(client, name, TerminalReporter())
        _print_result(client, name, as_json=as_json)


@batch.command(help="Start no further run of a batch; runs on a host continue to their ends.")
@name_argument
@json_option
def pause(*, name: str, as_json: bool) -> None:
    """Pause a batch."""
    with open_client(load()) as client:
        for one in control.set_paused(client.store, name, paused=True):
            active = len(batches.list_active(client.store, name, one.host))
            say(f"batch {name} is paused; {active} runs go on to their ends")
        _print_result(client, name, as_json=as_json)


@batch.command(help="Go on with a paused batch.")
@name_argument
@json_option
def resume(*, name: str, as_json: bool) -> None:
    """Resume a batch."""
    with open_client(load()) as client:
        for one in control.set_paused(client.store, name, paused=False):
            to_go_on = f"nobody works on it; to go on: {resume_command(one.file, one.host)}"
            say(f"batch {name} goes on" if one.workers else to_go_on)
        _print_result(client, name, as_json=as_json)


@batch.command(help="Cancel all runs of a batch that have not ended.")
@name_argument
@json_option
def cancel(*, name: str, as_json: bool) -> None:
    """Cancel a batch."""
    with open_client(load()) as client:
        cancelled = control.cancel_batch(client, name)
        say(f"cancelled {cancelled.queued} queued and {cancelled.active} active runs")
        _print_result(client, name, as_json=as_json)


@batch.command(help="Put runs first: a higher PRIORITY goes before a lower one, also of other batches on the host.")
@name_argument
@click.argument("priority", type=click.IntRange(-1000, 1000))
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@json_option
def priority(*, name: str, priority: int, runs: tuple[str, ...], as_json: bool) -> None:
    """Reorder a batch; without runs, all of it."""
    with open_client(load()) as client:
        count = control.set_priority(client.store, name, priority, runs)
        say(f"{count} runs of {name} have priority {priority}")
        _print_result(client, name, as_json=as_json)


def _print_result(client: Client, name: str, *, as_json: bool) -> None:
    """Print the condition of a batch on every host after a command, if JSON is wanted."""
    if as_json:
        _print_conditions(control.list_conditions(client.store, name))


def _print_conditions(conditions: Iterable[control.BatchCondition]) -> None:
    print_json("batch-status", {"batches": [condition.document() for condition in conditions]})
