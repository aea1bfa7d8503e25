"""One command of the worker, run as a child process: JSON from its standard output, lines of progress meanwhile."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Any, cast

from cosmos_houdini.errors import BadInput, Cancelled
from cosmos_houdini.houdini.environment import ROOT, clean_environment, install_command, worker_python
from cosmos_houdini.houdini.worker_error import WorkerError, keep_log

POLL_S = 0.1
STOP_GRACE_S = 10.0
TRACEBACK = "Traceback (most recent call last):"
ERROR_SCHEMA = "cosmos-houdini/error/1"


def worker_argv(command: str, arguments: Sequence[str]) -> list[str]:
    """Return the argv of a command; ``--debug`` brings the traceback of an error, which goes to the log alone.

    Raises:
        BadInput: there is no worker environment.
    """
    return [str(worker_python()), "-m", "cosmos_houdini", command, "--debug", *arguments]


def call(
    command: str,
    *arguments: str,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
    may_find_fault: bool = False,
) -> Any:  # noqa: ANN401 - a JSON document is whatever the command prints
    """Run a command of the worker with ``--json`` and return what it prints.

    Args:
        command: for example ``submit``.
        arguments: as on the command line.
        folder: working folder; the configuration and the jobs of a project belong to it.
        environ: more variables of the worker's environment.
        on_line: called with each line that the worker writes for people.
        on_wait: called several times a second; whatever it raises stops the worker and comes out here.
        may_find_fault: whether what is printed is the answer whatever the exit code says, as that of ``doctor`` is.

    Raises:
        BadInput: there is no worker, or it cannot be started.
        WorkerTrouble: the worker failed; title, sentence, what to do, and the log with everything it wrote.
    """
    text = call_text(
        command,
        *arguments,
        "--json",
        folder=folder,
        environ=environ,
        on_line=on_line,
        on_wait=on_wait,
        may_find_fault=may_find_fault,
    )
    return json.loads(text)


def call_text(
    command: str,
    *arguments: str,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
    may_find_fault: bool = False,
) -> str:
    """Run a command of the worker and return its standard output as it is; otherwise like ``call``."""
    argv = worker_argv(command, arguments)
    process, stdout, stderr = _start(argv, folder, environ or {})
    said: list[str] = []
    for_people = True
    try:
        output = _in_thread(stdout)
        for line in _lines(stderr):
            on_wait()
            if line is None:
                continue
            said.append(line)
            for_people = for_people and line != TRACEBACK
            if for_people:
                on_line(line)
        status = process.wait()
        text = output()
    except BaseException:
        _stop(process)
        raise
    if status and not (may_find_fault and text and ERROR_SCHEMA not in text.partition(",")[0]):
        raise WorkerError.of("\n".join(said), status, log=keep_log(argv, status, said))
    return text


def stop_when(stopped: Callable[[], bool], command: str) -> Callable[[], None]:
    """Return an ``on_wait`` that stops the worker once ``stopped()`` is true."""

    def check() -> None:
        if stopped():
            raise Cancelled(f"{command} was stopped", action="what runs on a host goes on; the job monitor shows it")

    return check


def _start(
    argv: list[str], folder: Path | None, environ: Mapping[str, str]
) -> tuple[subprocess.Popen[str], IO[str], IO[str]]:
    # On its own, so that an interrupt in the terminal reaches it through us alone; without a window on Windows.
    own: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own = {"creationflags": subprocess.CREATE_NO_WINDOW}
    try:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**clean_environment(os.environ), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            **own,
        )
    except OSError as error:
        raise BadInput(
            f"the worker cannot be started with {argv[0]} in {folder or Path.cwd()}: {error.strerror}",
            action=f"make its environment again: {install_command(ROOT)}",
        ) from error
    return process, cast("IO[str]", process.stdout), cast("IO[str]", process.stderr)


def _in_thread(stream: IO[str]) -> Callable[[], str]:
    """Read a stream in a thread that does not keep Houdini from closing; call what comes back for its text."""
    # A Future would do the same, and loads the logging library into every work item.
    arrived: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

    def read() -> None:
        try:
            with stream:
                arrived.put(stream.read())
        except (OSError, ValueError) as error:
            arrived.put(error)

    def text() -> str:
        told = arrived.get()
        if isinstance(told, Exception):
            raise told
        return told

    Thread(target=read, daemon=True).start()
    return text


def _lines(stream: IO[str]) -> Iterator[str | None]:
    """Give each line of a stream, and None whenever POLL_S seconds went by without one."""
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
            yield None
            continue
        if line is None:
            return
        yield line


def _stop(process: subprocess.Popen[str]) -> None:
    """End the worker as Ctrl-C would: it tidies up, and jobs that run on a host go on."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
