"""What went wrong in the worker, as an artist reads it: title, sentence, what to do; the traceback stays in a log."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.environment import ROOT, install_command

LOG_NAME = "cosmos_houdini.log"
LOG_LIMIT_BYTES = 1_000_000

_TITLES = {
    1: "That did not succeed",
    2: "This cannot be used",
    3: "The host did not do it",
    4: "Stopped",
}
_UNEXPECTED = "The worker stopped unexpectedly"
_PREFIXES = ("cosmos-houdini: error: ", "cosmos-houdini: ")


class WorkerError(CosmosError):
    """A command of the worker that failed.

    Args:
        sentence: what failed, on which thing, with which value.
        title: a few words for a window's title.
        action: what is allowed and what to do next.
        status: the worker's exit code, 1 to 4 as the command line documents them.
        log: the file with all that the worker wrote, its traceback too.
    """

    def __init__(self, sentence: str, *, title: str, action: str, status: int, log: Path) -> None:
        super().__init__(sentence, action=action)
        self.title = title
        self.status = status
        self.log = log

    @classmethod
    def of(cls, said: str, status: int, *, log: Path) -> WorkerError:
        """Return the error that a worker's standard error and exit code describe.

        The worker ends with one line, ``problem; allowed: ...; what to do``. A line of another form, such as the end
        of a traceback, means a defect.

        >>> error = WorkerError.of("cosmos-houdini: error: no host 'gpu9'; allowed: local", 2, log=Path("a.log"))
        >>> error.title, error.problem, error.action
        ('This cannot be used', "no host 'gpu9'", 'allowed: local')
        """
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
        prefix = next((prefix for prefix in _PREFIXES if last.startswith(prefix)), None)
        if prefix is None or status not in _TITLES:
            sentence = last or f"it ended with exit code {status} and said nothing"
            action = f"read {log}, and report it"
            if last.startswith("ModuleNotFoundError: "):
                action = f"bring the worker's environment up to date: {install_command(ROOT)}"
            return cls(sentence, title=_UNEXPECTED, action=action, status=1, log=log)
        problem, _, action = last.removeprefix(prefix).partition("; ")
        return cls(problem, title=_TITLES[status], action=action, status=status, log=log)


def log_file(environ: Mapping[str, str] | None = None) -> Path:
    """Return the log: in Houdini's preferences folder, or outside of Houdini in a folder of the user's own."""
    environ = os.environ if environ is None else environ
    named = environ.get("HOUDINI_USER_PREF_DIR", "")
    # A farm's environment may hold the name as a person wrote it, before Houdini has put its version in.
    is_known = named and "__HVER__" not in named
    return (Path(named) if is_known else Path.home() / ".cosmos_houdini") / LOG_NAME


def keep_log(argv: Sequence[str], status: int, said: Sequence[str]) -> Path:
    """Append what a worker wrote to the log, which starts anew beyond LOG_LIMIT_BYTES, and return the log.

    Where nothing can be written there, as on many farms, it is a file of its own among the temporary ones.
    """
    head = f"{time.strftime('%Y-%m-%d %H:%M:%S')} exit code {status}: {shlex.join(argv)}"
    text = "\n".join([head, *said, "", ""])
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
