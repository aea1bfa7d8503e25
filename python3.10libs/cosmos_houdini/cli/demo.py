"""``demo``: a run of a shot that the program makes itself."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.cli.run import print_outputs
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.demo.demonstration import make_demonstration
from cosmos_houdini.jobs.follow import raise_failure


@click.command(help="Write a scene, render it, and run the shot with the preview engine.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), default="demo_out")
@json_option
def demo(*, folder: Path, as_json: bool) -> None:
    """Make the demonstration and print its result."""
    reporter = TerminalReporter()
    record = make_demonstration(load(), folder, reporter).record
    if as_json:
        print_json("demo", record.job.document())
    else:
        print_outputs([record])
    raise_failure([record], reporter)
