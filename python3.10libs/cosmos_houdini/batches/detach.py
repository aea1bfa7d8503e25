"""A detached process that works on a batch; it continues when the terminal is closed and the user logs out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread

from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.batches import WorkerRow
from cosmos_houdini.jobs.store.jobs import FOLDER, Store

PAUSE_S = 0.1


def log_file(project: Path, batch: str) -> Path:
    """Return the file that takes the messages of a batch's detached processes."""
    return project / FOLDER / "logs" / f"{batch}.log"


def start_worker(
    arguments: Sequence[str],
    project: Path,
    batch: str,
    host: str,
    on_text: Callable[[str], None],
    *,
    folder: Path | None = None,
) -> WorkerRow | int:
    """Start this program again as a detached process, and wait until it works on a batch.

    Args:
        arguments: the command line, with ``--log`` and the log file of the batch.
        project: folder of the project.
        batch: name of the batch.
        host: where it runs.
        on_text: takes the output of the process until then.
        folder: the working folder of the process; None for that of this process.

    Returns:
        The process as the store knows it, or its exit code if it ended before that.
    """
    log = log_file(project, batch)
    read = log.stat().st_size if log.exists() else 0
    started_at = time.time()
    process = _start_detached(arguments, log, folder)
    # The process outlives this call. A thread waits for its end, so that a long program keeps no zombie.
    Thread(target=process.wait, daemon=True).start()
    with closing(Store.of(project)) as store:
        while True:
            exit_code = process.poll()
            workers = batches.list_workers(store, batch, host)
            mine = [worker for worker in workers if worker.log == str(log) and worker.since >= started_at]
            read = _pass_on(log, read, on_text)
            if mine:
                return mine[0]
            if exit_code is not None:
                return exit_code
            time.sleep(PAUSE_S)


def _start_detached(arguments: Sequence[str], log: Path, folder: Path | None) -> subprocess.Popen[bytes]:
    """Start this program with the same Python, outside the terminal's session; it appends to ``log``."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = 0
    if sys.platform == "win32":
        # The process gets a hidden console. Without it, each program that it starts would open a console.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as messages:
        log.chmod(0o600)
        return subprocess.Popen(
            [sys.executable, "-m", "cosmos_houdini", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            start_new_session=True,
            creationflags=flags,
        )


def _pass_on(log: Path, offset: int, on_text: Callable[[str], None]) -> int:
    """Pass on the text that was added to a log, and return the new end of the log."""
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read()
    on_text(text.decode(errors="replace"))
    return offset + len(text)
