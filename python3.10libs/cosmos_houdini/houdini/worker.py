"""One command of the worker, run as a child process: a JSON request goes in, JSON lines come out."""

from __future__ import annotations

import json
import os
import queue
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, cast

from cosmos_houdini.errors import BadInput, Cancelled
from cosmos_houdini.houdini.environment import LIBRARIES, ROOT, clean_environment, install_command, worker_python
from cosmos_houdini.houdini.text_process import start_text_process
from cosmos_houdini.houdini.worker_error import WorkerError, keep_log

POLL_S = 0.1
_PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from cosmos_houdini.worker.program import main
sys.exit(main())
"""
STOP_GRACE_S = 10.0

Event = Mapping[str, Any]
"""One line of the worker's answer; ``cosmos_houdini/worker/events.py`` lists them."""


def worker_argv() -> list[str]:
    """Return the argv of the worker. The request is not on it: other users can read command lines.

    Raises:
        BadInput: there is no worker environment.
    """
    # Isolated: neither the working folder nor anything of Houdini's is on its path, in Python 3.10 too.
    return [str(worker_python()), "-I", "-X", "utf8", "-u", "-c", _PROGRAM, str(LIBRARIES)]


def call(
    command: str,
    options: Mapping[str, object] | None = None,
    *,
    words: Sequence[str] = (),
    folder: Path | None = None,
    on_message: Callable[[str], None] = lambda _: None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
) -> Any:  # noqa: ANN401 - a JSON document is whatever the command returns
    """Run a command of the worker and return its document.

    Args:
        command: for example ``submit``.
        options: JSON values by the name of an option.
        words: further options as a person typed them, one word each; they override ``options``.
        folder: working folder; configuration and jobs of a project belong to it.
        on_message: called with each sentence for people.
        on_event: called with every other event: progress, jobs, batches.
        on_wait: called several times a second; an exception that it raises stops the worker and comes out here.

    Raises:
        BadInput: there is no worker, or it cannot be started.
        WorkerError: the command failed.
    """
    argv = worker_argv()
    request = {"command": command, "options": dict(options or {}), "words": list(words)}
    process = _start(argv, folder)
    written: list[str] = []
    result: Event | None = None
    failure: Event | None = None
    errors = _collect_lines(cast("IO[str]", process.stderr))
    try:
        _send(process, request)
        for line in _lines(cast("IO[str]", process.stdout)):
            on_wait()
            event = _parse_event(line) if line else None
            if event is None:
                written += [line] if line else []
            elif event["event"] == "message":
                written.append(event["text"])
                on_message(event["text"])
            elif event["event"] == "result":
                result = event
            elif event["event"] == "error":
                failure = event["error"]
            else:
                on_event(event)
        status = process.wait()
        _close(process)
        written += errors()
    except BaseException:
        _stop(process)
        raise
    if result is not None and not status:
        return result["document"]
    log = keep_log([*argv, command], status, written)
    if failure is not None:
        raise WorkerError.from_document(failure, log=log)
    raise WorkerError.from_crash(written, status, log=log)


def stop_when(stopped: Callable[[], bool], command: str) -> Callable[[], None]:
    """Return an ``on_wait`` that stops the worker once ``stopped()`` is true."""

    def check() -> None:
        if stopped():
            raise Cancelled(
                f"{command} was stopped", action="jobs that run on a host go on; the job monitor shows them"
            )

    return check


def _start(argv: list[str], folder: Path | None) -> subprocess.Popen[str]:
    try:
        # In its own session, so that an interrupt in the terminal reaches it through us alone.
        return start_text_process(
            argv,
            folder=folder,
            environ=clean_environment(os.environ),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            has_own_session=True,
        )
    except OSError as error:
        raise BadInput(
            f"the worker cannot be started with {argv[0]} in {folder or Path.cwd()}: {error.strerror}",
            action=f"make its environment again: {install_command(ROOT)}",
        ) from error


def _send(process: subprocess.Popen[str], request: Mapping[str, object]) -> None:
    """Write the request. Standard input stays open: closing it stops the worker."""
    stream = cast("IO[str]", process.stdin)
    try:
        # ASCII, as in the answer: a file name may hold halves of characters.
        stream.write(f"{json.dumps(request)}\n")
        stream.flush()
    except OSError:
        # The worker has ended already; its exit code and its standard error say why.
        return


def _parse_event(line: str) -> dict[str, Any] | None:
    """Return the event of a line; None for a line that is none, which a defect may print."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _collect_lines(stream: IO[str]) -> Callable[[], list[str]]:
    """Read a stream in a thread that does not keep Houdini from closing; call the returned function for the lines."""
    # A Future would do the same, and loads the logging library into every work item.
    arrived: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def read() -> None:
        with stream:
            arrived.put(stream.read().splitlines())

    Thread(target=read, daemon=True).start()
    return arrived.get


def _lines(stream: IO[str]) -> Iterator[str]:
    """Yield each line of a stream, and an empty text whenever POLL_S seconds passed without one."""
    arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        with stream:
            for line in stream:
                arrived.put(line.rstrip("\r\n"))
        arrived.put(None)

    Thread(target=read, daemon=True).start()
    while True:
        try:
            line = arrived.get(timeout=POLL_S)
        except queue.Empty:
            yield ""
            continue
        if line is None:
            return
        yield line


def _stop(process: subprocess.Popen[str]) -> None:
    """End the worker as Ctrl-C would: it cleans up, and jobs that run on a host go on."""
    if process.poll() is not None:
        return
    _close(process)
    try:
        process.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[str]) -> None:
    """Close the worker's standard input."""
    with suppress(OSError):
        # Closing writes what is left of a request that a dead worker has not read.
        cast("IO[str]", process.stdin).close()
