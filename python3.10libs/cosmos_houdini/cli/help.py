"""``help``: the help page, and the help of one command."""

from __future__ import annotations

from typing import Any

import click

from cosmos_houdini.cli.commands import COMMANDS, help_page
from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.errors import BadInput, did_you_mean


@click.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@json_option
@click.pass_context
def show_help(ctx: click.Context, *, words: tuple[str, ...], as_json: bool) -> None:
    """Print the help of COMMAND, or the list of all commands."""
    root = ctx.find_root()
    command, context = _find(root, words)
    if as_json:
        print_json("help", _describe(command, context, "" if words else "all commands"))
    else:
        click.echo(command.get_help(context) if words else help_page().rstrip())


def _find(context: click.Context, words: tuple[str, ...]) -> tuple[click.Command, click.Context]:
    """Return the command with these words as its name.

    Raises:
        BadInput: there is no such command.
    """
    command = context.command
    for word in words:
        names = command.list_commands(context) if isinstance(command, click.Group) else []
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise BadInput(
                f"no command {' '.join(words)!r}",
                allowed=", ".join(names),
                action=did_you_mean(word, names) or "`cosmos-houdini help` lists all commands",
            )
        command, context = found, click.Context(found, info_name=word, parent=context)
    return command, context


def _describe(command: click.Command, context: click.Context, summary: str) -> dict[str, Any]:
    """Return a command with its parameters; for the program itself, only the names of its commands."""
    names = command.list_commands(context) if isinstance(command, click.Group) else []
    is_program = context.parent is None
    return {
        "command": context.command_path,
        "summary": summary or command.get_short_help_str(limit=1000),
        "usage": command.get_usage(context).removeprefix("Usage: "),
        "parameters": [] if is_program else [_parameter(each, context) for each in command.get_params(context)],
        "commands": {name: COMMANDS[name][2] if is_program else _short(command, context, name) for name in names},
    }


def _short(group: click.Command, context: click.Context, name: str) -> str:
    found = group.get_command(context, name) if isinstance(group, click.Group) else None
    return found.get_short_help_str(limit=1000) if found else ""


def _parameter(parameter: click.Parameter, context: click.Context) -> dict[str, Any]:
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else []
    return {
        "names": [*parameter.opts, *parameter.secondary_opts],
        "kind": parameter.param_type_name,
        "value": "" if getattr(parameter, "is_flag", False) else parameter.make_metavar(context),
        "help": getattr(parameter, "help", None) or "",
        "required": parameter.required,
        "repeatable": getattr(parameter, "multiple", False) or parameter.nargs == -1,
        "choices": [str(choice) for choice in choices],
    }
