"""The commands as one click program, each imported when it is called."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback

import click

from cosmos_houdini import __version__
from cosmos_houdini.cli.commands import COMMANDS, help_page
from cosmos_houdini.errors import CosmosError, did_you_mean, one_line

INTERRUPTED = 4


class CommandTable(click.Group):
    """A group that imports a command when it is called, and adds ``--debug`` to each."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"cosmos_houdini.cli.{module}"), function)
        if all(option.name != "debug" for option in command.params):
            command.params.append(_debug_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; an unknown name is answered with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            hint = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"no command {args[0]!r}{hint and '; ' + hint}", ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return the help page."""
        return help_page().rstrip()


def _debug_option() -> click.Option:
    return click.Option(["--debug"], is_flag=True, expose_value=False, help="Add the traceback to an error.")


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cosmos_houdini() -> None:
    """Collect the commands."""


def run(argv: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 bad input, 3 host or network, 4 interrupted."""
    try:
        status = cosmos_houdini.main(args=argv, prog_name="cosmos-houdini", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.ClickException, click.Abort, KeyboardInterrupt, CosmosError, OSError) as error:
        if "--debug" in argv:
            traceback.print_exc()
        return _explain(error)
    return status if isinstance(status, int) else 0


def _explain(error: BaseException) -> int:
    """Say in one line what went wrong and return the exit code that stands for it."""
    if isinstance(error, click.ClickException):
        return _say(f"error: {error.format_message().rstrip('.')}{_where_help_is(error)}", error.exit_code)
    if isinstance(error, CosmosError):
        return _say(f"error: {error}", error.exit_code)
    if isinstance(error, BrokenPipeError):
        # The reader of our output left (`| head`); Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError):
        return _say(f"error: {_os_sentence(error)}", 1)
    return _say("interrupted; what runs on a host goes on, `cosmos-houdini status` shows it", INTERRUPTED)


def _where_help_is(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"; see {context.command_path} --help" if context else ""


def _say(sentence: str, exit_code: int) -> int:
    click.echo(f"cosmos-houdini: {one_line(sentence)}", err=True)
    return exit_code


def _os_sentence(error: OSError) -> str:
    """Say what the operating system refused, on which file, and what to do."""
    what = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    if error.errno == errno.ENOSPC:
        return f"the disk is full: {what}; free some room and run the same command again"
    return what
