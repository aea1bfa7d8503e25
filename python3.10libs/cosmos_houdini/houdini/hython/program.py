"""The start of a script for hython: its command line is read first, and only then Houdini is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.hython.command_lines import PARSERS


def run_script(name: str, argv: Sequence[str]) -> int:
    """Run the script of a module in ``houdini.hython``, and return its exit code.

    ``--help`` and a wrong command line end the process, as ``argparse`` does.
    """
    parser = PARSERS[name]()
    parser.parse_known_args(argv)
    try:
        module = import_module(f"cosmos_houdini.houdini.hython.{name}")
    except ModuleNotFoundError as error:
        if error.name != "hou":
            raise
        sys.stderr.write(f"error: {parser.prog} needs Houdini's Python; run it with `hython scripts/{parser.prog}`\n")
        return BadInput.exit_code
    code: int = module.main(argv)
    return code
