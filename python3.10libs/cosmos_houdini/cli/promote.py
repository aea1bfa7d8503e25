"""``promote``: runs whose scouts looked best, at full quality."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from cosmos_houdini.batches.promote import list_picked, select_promoted
from cosmos_houdini.cli.run_batch import FILE, BatchArguments, running_options, work
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.specs.batch_file import load_batch


@click.command(help="Run chosen runs of a batch at full quality, each with the seed and weights that its scout had.")
@click.argument("file", metavar="BATCH.yaml", type=FILE)
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option("--picked", type=FILE, help="Ratings that the page of a report has saved: the picked runs are run.")
@running_options
@click.pass_context
def promote(
    context: click.Context, /, *, file: Path, names: tuple[str, ...], picked: Path | None, arguments: BatchArguments
) -> None:
    """Run them beside the runs that were promoted before."""
    config, reporter, batch = load(), TerminalReporter(), load_batch(file)
    with open_client(config) as client:
        if picked:
            names += list_picked(client, batch, picked, reporter, host=arguments.host, file=file)
        elif not names:
            raise BadInput("no run is named", allowed="names of runs, or --picked FILE")
        selection = select_promoted(client, batch, names, reporter, host=arguments.host, file=file)
    work(context, config, file, replace(selection, skip_bad=arguments.skip_bad), arguments)
