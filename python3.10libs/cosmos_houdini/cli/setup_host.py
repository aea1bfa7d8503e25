"""``setup-host``: a host made ready for an engine."""

from __future__ import annotations

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.doctor import diagnose, exit_code
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.setup.host_setup import plan_setup, run_setup


@click.command(help="Make a host ready for an engine: checkout, environment or image, weights; then doctor.")
@click.argument("host")
@click.option("--engine", required=True, help="The engine that is to run there.")
@click.option(
    "--image-from", "image_source", default="", help="A registry's image, or a tar on the host, for the image."
)
@click.option("--dry-run", is_flag=True, help="Print the script, and do nothing.")
@json_option
def setup_host(*, host: str, engine: str, image_source: str, dry_run: bool, as_json: bool) -> int:
    """Print the script, or run it and then look at the host as ``doctor`` does."""
    setup = plan_setup(host, engine, load(), image_source=image_source)
    if not dry_run:
        run_setup(setup, TerminalReporter())
        for key, value in setup.settings.items():
            say(f"set hosts.{host}.{key}: {value}")
    elif not as_json:
        click.echo(setup.script, nl=False)
    diagnosis = None if dry_run else diagnose(host, engine, as_json=as_json)
    if as_json:
        print_json("setup-host", {**setup.document(), "doctor": diagnosis and diagnosis.to_dict()})
    return exit_code(diagnosis) if diagnosis else 0
