"""``show``: the history of a result, and the command that repeats it."""

from __future__ import annotations

import click

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.config import load
from cosmos_houdini.errors import one_line
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.report.history import find_history, history_lines


@click.command(
    help="The whole history of a job: parameters, versions, inputs, attempts, outputs, and how to repeat it."
)
@click.argument("word", metavar="JOB")
@json_option
def show(*, word: str, as_json: bool) -> None:
    """Print the history of one job; ask no host."""
    with open_client(load()) as client:
        document = find_history(client, word)
    if as_json:
        print_json("history", document)
        return
    for line in history_lines(document):
        click.echo("\n".join(one_line(part) for part in line.split("\n")))
