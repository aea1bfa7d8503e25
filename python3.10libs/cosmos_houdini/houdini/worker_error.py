"""An error of the worker as an artist reads it: title, sentence, what to do; the log has the traceback."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.environment import ROOT, install_command

LOG_NAME = "cosmos_houdini.log"
LOG_LIMIT_BYTES = 1_000_000

_TITLES = {
    1: "The command failed",
    2: "This cannot be used",
    3: "The host failed",
    4: "Stopped",
}
_UNEXPECTED = "The worker stopped unexpectedly"
DEFECT = "UnexpectedError"
"""The class of an error that the worker does not expect."""


class WorkerError(CosmosError):
    """A command of the worker that failed.

    Args:
        problem: what failed, on which thing, with which value.
        allowed: what would have been accepted.
        action: what to do next.
        title: a few words for a window's title.
        status: the worker's exit code, 1 to 4 as the command line documents them.
        log: the file with everything that the worker wrote, its traceback too.
    """

    def __init__(self, problem: str, *, allowed: str = "", action: str, title: str, status: int, log: Path) -> None:
        super().__init__(problem, allowed=allowed, action=action)
        self.title = title
        self.status = status
        self.log = log

    @classmethod
    def from_document(cls, error: Mapping[str, Any], *, log: Path) -> WorkerError:
        """Return the error of an error document.

        >>> document = {"class": "BadInput", "problem": "no host 'gpu9'", "allowed": "local", "action": ""}
        >>> document["exit_code"] = 2
        >>> error = WorkerError.from_document(document, log=Path("a.log"))
        >>> error.title, error.problem, error.allowed
        ('This cannot be used', "no host 'gpu9'", 'local')
        """
        is_defect = error["class"] == DEFECT
        status = error["exit_code"]
        return cls(
            error["problem"],
            allowed=error["allowed"],
            action=f"read {log}, and report it" if is_defect else error["action"],
            title=_UNEXPECTED if is_defect else _TITLES.get(status, _TITLES[1]),
            status=status,
            log=log,
        )

    @classmethod
    def from_crash(cls, written: Sequence[str], status: int, *, log: Path) -> WorkerError:
        """Return the error of a worker that ended without an answer.

        Args:
            written: the lines that it wrote.
            status: its exit code.
            log: the file that has them.
        """
        last = next((line.strip() for line in reversed(written) if line.strip()), "")
        problem = last or f"it ended with exit code {status} and wrote nothing"
        action = f"read {log}, and report it"
        if last.startswith("ModuleNotFoundError: "):
            action = f"bring the worker's environment up to date: {install_command(ROOT)}"
        return cls(problem, action=action, title=_UNEXPECTED, status=1, log=log)


def title_of(error: CosmosError) -> str:
    """Return a few words for a window's title, or for the first line of a log."""
    return error.title if isinstance(error, WorkerError) else _TITLES.get(error.exit_code, _TITLES[1])


def log_file(environ: Mapping[str, str] | None = None) -> Path:
    """Return the log: in Houdini's preferences folder, or outside of Houdini in the user's home folder."""
    environ = os.environ if environ is None else environ
    named = environ.get("HOUDINI_USER_PREF_DIR", "")
    # A farm's environment may hold the name as a person wrote it, before Houdini replaced __HVER__ by its version.
    is_known = named and "__HVER__" not in named
    return (Path(named) if is_known else Path.home() / ".cosmos_houdini") / LOG_NAME


def keep_log(argv: Sequence[str], status: int, written: Sequence[str]) -> Path:
    """Append the lines of a worker to the log and return the log; beyond LOG_LIMIT_BYTES a new one begins.

    On many farms the folder cannot be written; the lines then go to a file of their own among the temporary ones.
    """
    head = f"{time.strftime('%Y-%m-%d %H:%M:%S')} exit code {status}: {shlex.join(argv)}"
    text = "\n".join([head, *written, "", ""])
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".old.log"))
        with path.open("a", encoding="utf-8") as log:
            log.write(text)
    except OSError:
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 - every work item would load it

        stem, _, suffix = LOG_NAME.partition(".")
        with NamedTemporaryFile(
            "w", encoding="utf-8", prefix=f"{stem}.", suffix=f".{suffix}", delete=False
        ) as substitute:
            substitute.write(text)
        return Path(substitute.name)
    return path
