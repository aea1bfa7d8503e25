"""``next``: the next sweep, around chosen runs."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cosmos_houdini.batches.next_sweep import write_next
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.run_batch import FILE
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.model.batch import MAX_RUNS


@click.command(help="Write the next sweep of a batch: its values, narrowed around chosen runs.")
@click.argument("file", metavar="BATCH.yaml", type=FILE)
@click.option("--around", metavar="RUN", multiple=True, help="A chosen run; repeat it. Without any, the best count.")
@click.option("--picked", metavar="FILE", type=FILE, help="Ratings from the page of the report: the picked runs count.")
@click.option("--count", type=click.IntRange(1, MAX_RUNS), help="Runs for each shot; the earlier count without it.")
@click.option("--host", help="The host of the earlier runs; without it, the host where they ran last.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; NAME-next.batch.yaml without it.")
@json_option
def next_sweep(
    *,
    file: Path,
    around: tuple[str, ...],
    picked: Path | None,
    count: int | None,
    host: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Write the file, and say what became of each value."""
    with open_client(load()) as client:
        written, found = write_next(
            client, file, TerminalReporter(), around=around, picked=picked, count=count, host=host, output=output
        )
    if as_json:
        print_json("next", {"file": str(written), **found.document()})
    else:
        click.echo(written)
    for line in (*found.reasons, found.sentence()):
        say(line)
    say(f"next: cosmos-houdini run-batch {shlex.quote(str(written))}")
