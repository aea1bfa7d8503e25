"""What the scripts for hython share: one line for an error, and the command line's exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable

import hou

from cosmos_houdini.errors import CosmosError, one_line
from cosmos_houdini.houdini.trouble import WorkerTrouble

INTERRUPTED = 4


def say(sentence: str) -> None:
    """Write a line for people on standard error."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def answer(text: str) -> None:
    """Write a line of the result on standard output."""
    sys.stdout.write(f"{text}\n")


def exit_code(run: Callable[[], int]) -> int:
    """Run a script and return its exit code: 0 done, 1 failed, 2 bad input, 3 host or network, 4 interrupted.

    An error is one line on standard error; nothing is asked, so that a farm can run it.
    """
    try:
        return run()
    except WorkerTrouble as trouble:
        say(f"error: {trouble} (log: {trouble.log})")
        return trouble.status
    except CosmosError as error:
        say(f"error: {error}")
        return error.exit_code
    except hou.Error as error:
        say(f"error: Houdini: {one_line(error.instanceMessage())}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; what runs on a host goes on, `cosmos-houdini status` shows it")
        return INTERRUPTED
