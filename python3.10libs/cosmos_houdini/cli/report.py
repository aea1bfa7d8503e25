"""``report``: the results of a batch, or of jobs, side by side."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load


@click.command(help="Set the results of a batch, or of some jobs, side by side: grid, page, table, best parameters.")
@click.argument("wanted", metavar="BATCH.yaml|JOB...", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder; cosmos_out/NAME/report without it.")
@click.option("--host", help="The host of the batch's runs; without it, the host where it ran last.")
@json_option
def report(*, wanted: tuple[str, ...], output: Path | None, host: str | None, as_json: bool) -> None:
    """Write the report."""
    from cosmos_houdini.report.make import make_report  # noqa: PLC0415 - loads NumPy and OpenCV

    written = make_report(load(), wanted, output, TerminalReporter(), host=host)
    document = written.document
    if as_json:
        print_json("report", document)
    else:
        click.echo(written.page)
    states, best = document["totals"]["states"], document["best"]
    say(f"{sum(states.values())} runs: {', '.join(f'{count} {state}' for state, count in states.items())}")
    if best:
        say(f"best by score: {best[0]['run']} ({best[0]['score']}); report.json and the page say what the score is")
