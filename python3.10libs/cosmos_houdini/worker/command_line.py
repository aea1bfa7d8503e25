"""Commands that the worker runs through the command line, and options that a person types as on a command line."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import click
from click.core import ParameterSource

from cosmos_houdini.errors import BadInput
from cosmos_houdini.reporter import Reporter


def run_command(argv: Sequence[str], reporter: Reporter) -> str:
    """Run a command line in this process and return its standard output.

    Args:
        argv: the command and its arguments.
        reporter: takes the lines of standard error.

    Raises:
        BadInput: an option cannot be used.
        CosmosError: as for the command.
    """
    from cosmos_houdini.cli.program import cosmos_houdini  # noqa: PLC0415 - most requests need no command line

    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(_Messages(reporter)):
        try:
            cosmos_houdini.main(args=list(argv), prog_name="cosmos-houdini", standalone_mode=False)
        except click.ClickException as error:
            raise _as_bad_input(error) from error
    return output.getvalue()


def parse_words(command: click.Command, name: str, words: Sequence[str], arguments: Sequence[str]) -> dict[str, Any]:
    """Return the options of a command that a person typed, by the names of click's parameters, converted and checked.

    Args:
        command: of the command line.
        name: of the command.
        words: the options.
        arguments: stand for the arguments of the command, which ``words`` do not hold.

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


class _Messages(io.TextIOBase):
    """A text stream whose lines are messages."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._line = ""

    def write(self, text: str) -> int:
        """Take text; each whole line is a message."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._reporter.say(line)
        return len(text)
