"""``config``: the configuration, and the origin of each value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.config import Config, load, plain, trust_file, user_file
from cosmos_houdini.config.description import describe_config
from cosmos_houdini.config.settings import FILE_NAME
from cosmos_houdini.config.trust import write_trust
from cosmos_houdini.doctor.configuration import ConfigProblem, find_problems
from cosmos_houdini.engines.description import describe_engines
from cosmos_houdini.errors import BadInput


@click.group(help="The configuration.")
def config() -> None:
    """Collect the commands."""


@config.command(help="Print every value with the file or variable that set it; fail on what no command accepts.")
@json_option
def show(*, as_json: bool) -> int:
    """Print the merged configuration; exit with 2 if a value of it is refused."""
    loaded = load()
    problems = list(find_problems(loaded))
    _print(loaded, problems, as_json=as_json)
    for problem in problems:
        say(f"cosmos-houdini: error: {problem.error()}")
    return BadInput.exit_code if problems else 0


_folder = click.argument("folder", type=click.Path(path_type=Path), default=".")


@config.command(
    help="Let the configuration file of FOLDER count, whoever may write it, and let it change hosts of your own file."
)
@_folder
@json_option
def trust(*, folder: Path, as_json: bool) -> None:
    """Note that the user trusts everybody who may write to a folder."""
    file = _note(folder, counts=True, as_json=as_json)
    if not as_json:
        click.echo(f"{file} counts from now on, and may change hosts of {user_file()}")


@config.command(help="Go on without the configuration file of FOLDER from now on.")
@_folder
@json_option
def ignore(*, folder: Path, as_json: bool) -> None:
    """Note that commands go on without the file of a folder."""
    file = _note(folder, counts=False, as_json=as_json)
    if not as_json:
        click.echo(f"commands go on without {file} from now on")


def _note(folder: Path, *, counts: bool, as_json: bool) -> Path:
    """Note whether the file of a folder counts, print that as JSON where it is asked for, and return the file."""
    write_trust(trust_file(), folder, ignored=not counts)
    file = folder.resolve() / FILE_NAME
    if as_json:
        print_json("config-trust", {"file": str(file), "counts": counts})
    return file


def _print(loaded: Config, problems: Sequence[ConfigProblem], *, as_json: bool) -> None:
    values = plain(loaded.settings)
    if as_json:
        origins, project = dict(loaded.origins), str(loaded.project)
        known = {engine["name"]: engine["parameters"] for engine in describe_engines()}
        print_json(
            "config",
            {
                "settings": values,
                "origins": origins,
                "files": [str(path) for path in loaded.files],
                "ignored": [str(path) for path in loaded.ignored],
                "project": project,
                "engines": list(known),
                "parameters": known,
                "problems": [problem.to_dict() for problem in problems],
            },
        )
        return
    click.echo("\n".join(describe_config(loaded)))
