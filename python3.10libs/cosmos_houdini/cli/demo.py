"""``demo``: a run of a shot that the program makes itself."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option
from cosmos_houdini.cli.run import print_job
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.demo.demonstration import make_demonstration


@click.command(help="Write a scene, render it, and run the shot with the preview engine.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), default="demo_out")
@json_option
def demo(*, folder: Path, as_json: bool) -> None:
    """Make the demonstration and print its result."""
    reporter = TerminalReporter()
    record = make_demonstration(load(), folder, reporter).record
    print_job(record, reporter, as_json=as_json, name="demo")
