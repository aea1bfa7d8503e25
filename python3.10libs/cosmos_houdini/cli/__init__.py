"""The command line ``cosmos-houdini``: one module a command group, none of them loaded before it is called."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import click

from cosmos_houdini.cli.commands import CommandTable
from cosmos_houdini.errors import CosmosError, one_line

__all__ = ["main"]

INTERRUPTED = 4


@click.group(
    cls=CommandTable,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="NVIDIA Cosmos video-to-video for Houdini shots: from a scene and its comp renders to verified results.",
)
@click.version_option(package_name="cosmos-houdini")
def cosmos_houdini() -> None:
    """Collect the commands."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 bad input, 3 host or network, 4 interrupted."""
    try:
        status = cosmos_houdini.main(args=argv, prog_name="cosmos-houdini", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.ClickException, click.Abort, KeyboardInterrupt, CosmosError, OSError) as error:
        if "--debug" in (sys.argv if argv is None else argv):
            traceback.print_exc()
        return _explain(error)
    return status if isinstance(status, int) else 0


def _explain(error: BaseException) -> int:
    """Say in one line what went wrong and return the exit code that stands for it."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, CosmosError):
        return _say(f"error: {error}", error.exit_code)
    if isinstance(error, BrokenPipeError):
        # The reader of our output left (`| head`); Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError):
        return _say(f"error: {_os_sentence(error)}", 1)
    return _say("interrupted; what runs on a host goes on, `cosmos-houdini status` shows it", INTERRUPTED)


def _say(sentence: str, exit_code: int) -> int:
    click.echo(f"cosmos-houdini: {one_line(sentence)}", err=True)
    return exit_code


def _os_sentence(error: OSError) -> str:
    """Say what the operating system refused, on which file, and what to do."""
    what = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    if error.errno == errno.ENOSPC:
        return f"the disk is full: {what}; free some room and run the same command again"
    return what
