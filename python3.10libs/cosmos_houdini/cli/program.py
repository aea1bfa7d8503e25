"""The click program of all commands; each command is imported when it is called."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback

import click

from cosmos_houdini import __version__
from cosmos_houdini.cli.commands import COMMANDS, COMPLETION_VARIABLE, help_page
from cosmos_houdini.cli.console import Output, print_json
from cosmos_houdini.config.variables import unknown_variables
from cosmos_houdini.errors import BadInput, Cancelled, CosmosError, did_you_mean


class CommandTable(click.Group):
    """A group that imports a command when it is called, and adds ``--debug`` to it."""

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
        if COMPLETION_VARIABLE in os.environ:
            from cosmos_houdini.cli.completion import add_completions  # noqa: PLC0415 - for a shell that asks alone

            add_completions(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; the error of an unknown name suggests the nearest one."""
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
    output = Output()
    # File names may hold bytes that are no characters, and a terminal may lack characters: both are printed as escapes.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if argv[:2] != ["config", "show"]:  # which refuses them
        for unknown in unknown_variables(os.environ):
            click.echo(f"cosmos-houdini: warning: {unknown}", err=True)
    try:
        status = cosmos_houdini.main(args=argv, prog_name="cosmos-houdini", standalone_mode=False, obj=output)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:
        # The reader of the output has gone (`| head`). Python would print an error when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (click.ClickException, click.Abort, KeyboardInterrupt, CosmosError, OSError, MemoryError) as error:
        if "--debug" in argv:
            traceback.print_exc()
        return _explain(error, as_json="--json" in argv and not output.has_document)
    return status if isinstance(status, int) else 0


def _explain(error: BaseException, *, as_json: bool) -> int:
    """Print one line about an error on standard error, as JSON on standard output too, and return its exit code."""
    known = _translate(error)
    prefix = "" if isinstance(known, Cancelled) else "error: "
    click.echo(f"cosmos-houdini: {prefix}{known}", err=True)
    if as_json:
        name = type(error if isinstance(error, OSError) else known).__name__
        print_json("error", {"error": {**known.to_dict(), "class": name}})
    return known.exit_code


def _translate(error: BaseException) -> CosmosError:
    """Return an error of click, of the operating system or of the user's Ctrl-C as one of this project's errors."""
    if isinstance(error, CosmosError):
        return error
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        action = f"see {context.command_path} --help" if context else ""
        return BadInput(error.format_message().rstrip("."), action=action)
    if isinstance(error, MemoryError):
        return CosmosError(
            "this machine or its limits give too little memory", action="close other programs, or take smaller pictures"
        )
    if isinstance(error, OSError):
        sentence = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
        if error.errno == errno.ENOSPC:
            return CosmosError(f"the disk is full: {sentence}", action="free some room and run the same command again")
        return CosmosError(sentence)
    return Cancelled("interrupted", action="what runs on a host goes on; `cosmos-houdini status` shows it")
