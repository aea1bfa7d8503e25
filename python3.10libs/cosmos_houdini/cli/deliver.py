"""``deliver``: results as comp wants them, over their plates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.model.delivery import DeliveryFormat

if TYPE_CHECKING:
    from cosmos_houdini.media.delivery.exr import Compression


@click.command()
@click.argument("runs", metavar="[RUN|JOB]...", nargs=-1)
@click.option(
    "--to", type=click.Choice([str(each) for each in DeliveryFormat]), required=True, help="The files to write."
)
@click.option(
    "-o",
    "--output",
    metavar="PATTERN",
    help="sh010.####.exr, a movie's name or a folder; {run} and {job} stand for names.  [default: beside the result]",
)
@click.option("--compression", type=click.Choice(["zip", "dwaa"]), default="zip", show_default=True, help="Of EXR.")
@click.option("--picked", type=click.Path(path_type=Path), help="Ratings that the page of a report has saved.")
@json_option
def deliver(
    runs: tuple[str, ...], to: str, output: str | None, compression: str, picked: Path | None, *, as_json: bool
) -> None:
    """Write results in the plate's size, position, frame numbers, rate, timecode and names.

    exr keeps the colours of the display. exr-linear goes back to light through the inverse of the view that was applied
    to the plate. Every file is read back before it gets its name.
    """
    from cosmos_houdini.shots.deliver import DeliverOptions, deliver_results, picked_jobs  # noqa: PLC0415 - numpy

    options = DeliverOptions(to=DeliveryFormat(to), output=output, compression=cast("Compression", compression))
    if not (runs or picked):
        raise BadInput("no run is named", allowed="jobs, names of runs, or --picked FILE")
    with open_client(load()) as client:
        runs += tuple(picked_jobs(client, picked)) if picked else ()
        made = deliver_results(client, runs, options, TerminalReporter())
    for each in made:
        say(f"delivered {each.job}: {each.sentence}")
        if not as_json:
            click.echo(each.path)
    if as_json:
        print_json("deliver", {"deliveries": [each.document() for each in made]})
