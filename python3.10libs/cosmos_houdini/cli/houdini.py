"""``install-houdini`` and ``uninstall-houdini``: the package in the preferences of every Houdini of this user."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import platformdirs

from cosmos_houdini import installation
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.errors import BadInput
from cosmos_houdini.installation import Step

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
    folders = _folders(prefs)
    served = [folder for folder in folders if prefs or installation.is_supported(folder)]
    # Not resolved: the python of a virtual environment is a link, and the link is what knows its libraries.
    python = Path(sys.executable).absolute()
    for folder in folders:
        if folder not in served:
            say(f"{folder} is skipped: the package needs Houdini 20.0 to 21")
    steps = _each(served, lambda folder: installation.install(folder, ROOT, python))
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
    steps = _each(_folders(prefs), installation.uninstall)
    if as_json:
        print_json("uninstall-houdini", {"packages": [step.document() for step in steps]})
    if not steps:
        say("the package is not installed; nothing was removed")


def _folders(prefs: Path | None) -> tuple[Path, ...]:
    if prefs:
        return (prefs.absolute(),)
    folders = installation.preferences(documents=platformdirs.user_documents_path())
    if not folders:
        raise BadInput(
            "no Houdini preferences folder was found",
            allowed="~/houdiniX.Y, Documents/houdiniX.Y, ~/Library/Preferences/houdini/X.Y, $HOUDINI_USER_PREF_DIR",
            action="start Houdini once, or name the folder with --prefs",
        )
    return folders


def _each(folders: Sequence[Path], act: Callable[[Path], Step | None]) -> list[Step]:
    """Do something to every folder, say what was done, and return it; one that resists does not hold up the others.

    Raises:
        BadInput: the file in one of them is another's.
        OSError: one of them cannot be written.
    """
    steps, first = [], None
    for folder in folders:
        try:
            step = act(folder)
        except (BadInput, OSError) as error:
            first = first or error
            continue
        if step:
            say(f"{step.action} {step.file}")
            steps.append(step)
    if first:
        raise first
    return steps
