"""``install-houdini`` and ``uninstall-houdini``: the package in the preferences of every Houdini of this user."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cosmos_houdini import installation
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]

prefs_option = click.option(
    "--prefs",
    type=click.Path(path_type=Path, file_okay=False),
    help="This preferences folder; without it, those of every Houdini of this user.",
)


@click.command("install-houdini", help="Let every Houdini of this user load the package.")
@prefs_option
@json_option
def install_houdini(*, prefs: Path | None, as_json: bool) -> None:
    """Write the package file; Houdini loads it at its next start."""
    # The path is not resolved: the Python of a virtual environment is a link, and finds its libraries by this link.
    python = Path(sys.executable).absolute()
    steps = installation.install_all(prefs, ROOT, python, TerminalReporter())
    if as_json:
        document = {"root": str(ROOT), "python": str(python), "packages": [step.document() for step in steps]}
        print_json("install-houdini", document)
    if not steps:
        raise BadInput("no Houdini from 20.0 to 21 was found", action="name its preferences folder with --prefs")
    say(f"Houdini loads cosmos-houdini from {ROOT} at its next start, and starts the worker with {python}")


@click.command("uninstall-houdini", help="Undo install-houdini.")
@prefs_option
@json_option
def uninstall_houdini(*, prefs: Path | None, as_json: bool) -> None:
    """Remove the package file, and nothing else."""
    steps = installation.uninstall_all(prefs, TerminalReporter())
    if as_json:
        print_json("uninstall-houdini", {"packages": [step.document() for step in steps]})
    if not steps:
        say("the package is not installed; nothing was removed")
