"""The command line ``cosmos-houdini``: one module a group of commands, loaded when a command of it is called."""

from __future__ import annotations

import os
import sys

from cosmos_houdini.cli.commands import COMPLETION_VARIABLE, help_page

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; the help page alone does not even load click."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in ([], ["-h"], ["--help"], ["help"]) and COMPLETION_VARIABLE not in os.environ:
        sys.stdout.write(help_page())
        return 0
    from cosmos_houdini.cli.program import run  # noqa: PLC0415 - click takes longer to load than Python to start

    return run(arguments)
