"""Options that a person types as on a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from cosmos_houdini.errors import BadInput


def parse_words(command: click.Command, name: str, words: Sequence[str], arguments: Sequence[str]) -> dict[str, Any]:
    """Return the options of a command that a person typed, by the names of click's parameters, converted and checked.

    Args:
        command: of the command line.
        name: of the command.
        words: the options.
        arguments: the arguments of the command, which ``words`` do not contain.

    Raises:
        BadInput: an option is unknown, or its value cannot be used.
    """
    try:
        context = command.make_context(name, [*words, *arguments], resilient_parsing=False)
    except click.ClickException as error:
        raise _as_bad_input(error) from error
    except click.exceptions.Exit as error:
        # --help, --schema and the like print something and end.
        raise BadInput(f"{' '.join(words)} cannot be used here", allowed=f"options of {name}") from error
    return {
        key: value
        for key, value in context.params.items()
        if context.get_parameter_source(key) is ParameterSource.COMMANDLINE
    }


def _as_bad_input(error: click.ClickException) -> BadInput:
    context = error.ctx if isinstance(error, click.UsageError) else None
    action = f"see cosmos-houdini {context.info_name} --help" if context and context.info_name else ""
    return BadInput(error.format_message().rstrip("."), action=action)
