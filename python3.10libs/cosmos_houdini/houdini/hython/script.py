"""The common part of the hython scripts: one line for an error, and the command line's exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import hou

from cosmos_houdini.errors import CosmosError, one_line
from cosmos_houdini.houdini.worker_error import WorkerError

INTERRUPTED = 4


def say(sentence: str) -> None:
    """Write a line for people on standard error."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def print_result(text: str) -> None:
    """Write a line of the result on standard output."""
    sys.stdout.write(f"{text}\n")


def exit_code(run: Callable[[], int]) -> int:
    """Run a script and return its exit code: 0 done, 1 failed, 2 bad input, 3 host or network, 4 interrupted.

    An error is one line on standard error; nothing is asked, so that a farm can run it. A farm's order to stop is taken
    as Ctrl-C is.
    """
    try:
        with handle_signals([signal.SIGTERM], _interrupt):
            return run()
    except WorkerError as error:
        say(f"error: {error} (log: {error.log})")
        return error.status
    except CosmosError as error:
        say(f"error: {error}")
        return error.exit_code
    except hou.Error as error:
        say(f"error: Houdini: {one_line(error.instanceMessage())}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; what runs on a host goes on, `cosmos-houdini status` shows it")
        return INTERRUPTED


@contextmanager
def handle_signals(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals for the length of a block."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            # None is a handler in Houdini's own C++, which Python cannot restore.
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
