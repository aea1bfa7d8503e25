"""The program: reads the request, runs its command, and writes the result or the error."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from threading import Event, Thread, main_thread
from typing import TextIO

from cosmos_houdini.errors import BadInput, Cancelled, CosmosError
from cosmos_houdini.worker.events import EventWriter

_CHUNK_BYTES = 65536


def main() -> int:
    """Answer the request on standard input; return 0, or the exit code of the error.

    A closed standard input stops the command as Ctrl-C does: jobs on a host continue.
    """
    events = EventWriter(_take_standard_output())
    ended = Event()
    try:
        line, rest = _read_line(sys.stdin.fileno())
        Thread(target=_stop_when_closed, args=(sys.stdin.fileno(), rest, ended), daemon=True).start()
        document = _run(line, events)
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the other side reads every error as an event
        ended.set()
        traceback.print_exc()
        known = _translate(error)
        events.write("error", error=known.to_dict())
        return known.exit_code
    ended.set()
    events.write("result", document=document)
    return 0


def _run(line: bytes, events: EventWriter) -> object:
    # After the first line is read: a request that is closed at once loads nothing.
    from cosmos_houdini.worker.commands import run  # noqa: PLC0415
    from cosmos_houdini.worker.reporter import JsonReporter  # noqa: PLC0415
    from cosmos_houdini.worker.request import Request  # noqa: PLC0415

    return run(Request.parse(line.decode("utf-8", "surrogateescape")), JsonReporter(events))


def _take_standard_output() -> TextIO:
    """Return standard output for events alone; what anything else prints goes to standard error, and so to the log."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def _read_line(descriptor: int) -> tuple[bytes, bytes]:
    """Return the first line of a stream, and the bytes that were read beyond it.

    The descriptor is read as it is: a thread that waits in Python's own buffer would hold its lock at the end.

    Raises:
        BadInput: the stream ends before.
    """
    found = b""
    while b"\n" not in found:
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            raise BadInput("standard input ended before a request", allowed="one JSON object on one line")
        found += chunk
    line, _, rest = found.partition(b"\n")
    return line, rest


def _stop_when_closed(descriptor: int, chunk: bytes, ended: Event) -> None:
    """Interrupt the main thread when standard input ends."""
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            break
    if not ended.is_set():
        _interrupt()


def _interrupt() -> None:
    if sys.platform == "win32":
        import _thread  # noqa: PLC0415 - Windows alone

        _thread.interrupt_main()
    else:
        # To the main thread, so that a call in which it waits ends too.
        identifier = main_thread().ident
        if identifier is not None:
            signal.pthread_kill(identifier, signal.SIGINT)


def _translate(error: BaseException) -> CosmosError:
    """Return an error as one of this project's."""
    if isinstance(error, CosmosError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("interrupted", action="jobs that run on a host go on; the job monitor shows them")
    if isinstance(error, OSError):
        return CosmosError(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    return UnexpectedError(f"{type(error).__name__}: {error}")


class UnexpectedError(CosmosError):
    """A defect of this program; the log has its traceback."""
