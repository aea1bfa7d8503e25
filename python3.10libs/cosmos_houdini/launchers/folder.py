"""The folder of a job on its host: its name, and what a client can tell from it at any later time."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from cosmos_houdini.config import HostConfig
from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.launchers.shell import assignments, part, words
from cosmos_houdini.model.request import Site

JOBS = "jobs"
LOCKS = "locks"
OBJECTS = "objects"

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
_JOB_LINE = re.compile(
    r"job (?P<folder>\S+) (?P<phase>[a-z]+) (?P<code>-|\d{1,9}) (?P<beat>-|\d{1,12}) (?P<began>-|\d{1,12})"
    r" (?P<ended>-|\d{1,12}) (?P<oom>[01]) (?P<cancelled>[01]) (?P<size>\d{1,18})",
    re.ASCII,
)


class Phase(str, Enum):
    """How far a job has come on its host."""

    ABSENT = "absent"
    STAGED = "staged"
    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the folder of a job, and the host's process list, told at one moment.

    Attributes:
        phase: ``staged`` when all is there and nothing was started; ``waiting`` for a GPU; ``vanished`` when it was
            started, left no exit code, and neither its process nor its container is there any more.
        exit_code: of the engine's program; None before the end, and where a cancelled job left none.
        oom_killed: the container was stopped by its memory limit.
        cancelled: a client asked for the end.
        heartbeat_age_s: seconds since the job's script last said that it lives, by the host's own clock.
        run_s: seconds since the program was started, or from its start to its end.
        stdout_tail: the end of what the program printed; bytes that are no UTF-8 as U+FFFD.
        stderr_tail: likewise.
        stdout_bytes: length of the whole standard output.
    """

    phase: Phase
    exit_code: int | None = None
    oom_killed: bool = False
    cancelled: bool = False
    heartbeat_age_s: float | None = None
    run_s: float | None = None
    stdout_tail: str = ""
    stderr_tail: str = ""
    stdout_bytes: int = 0


def attempt_folder(job_id: str, attempt: int) -> str:
    """Return the name of an attempt's folder.

    >>> attempt_folder("sea-1f2e", 1), attempt_folder("sea-1f2e", 2)
    ('sea-1f2e', 'sea-1f2e.2')

    Raises:
        BadInput: the identifier cannot be the name of a folder and of a container.
    """
    if attempt < 1:
        raise BadInput(f"attempt {attempt} of job {job_id!r}", allowed="1 or more")
    return _checked(job_id if attempt == 1 else f"{job_id}.{attempt}")


def site_for(root: PurePosixPath, job_id: str, attempt: int, config: HostConfig) -> Site:
    """Return where an attempt lies below the root of its host."""
    return Site(
        folder=root / JOBS / attempt_folder(job_id, attempt),
        engine_path=PurePosixPath(config.engine_path) if config.engine_path else None,
        ffmpeg=config.ffmpeg,
    )


def poll_script(root: PurePosixPath, folders: Iterable[str], *, tail_bytes: int = 16384) -> str:
    """Return the one script that tells how all the named jobs of a host stand.

    Args:
        root: the root of the host.
        folders: names that attempt_folder gave.
        tail_bytes: how much of the end of each log is told.
    """
    names = words(_checked(folder) for folder in folders)
    return assignments(jobs=root / JOBS, tail_bytes=tail_bytes) + f"set -- {names}\n" + part("poll")


def parse_poll(text: str) -> dict[str, Observation]:
    """Return what the script of poll_script printed, by folder.

    Raises:
        HostError: the text is something else, or not all of it.
    """
    lines = iter(text.splitlines())
    first = next(lines, "")
    if not re.fullmatch(r"poll \d{1,12}", first, re.ASCII):
        raise _not_understood(first)
    now = int(first.removeprefix("poll "))
    found: dict[str, Observation] = {}
    for line in lines:
        if line == "done":
            return found
        told = _JOB_LINE.fullmatch(line)
        if not told or told["phase"] not in {str(phase) for phase in Phase}:
            raise _not_understood(line)
        found[told["folder"]] = _observation(told, now, _log(lines), _log(lines))
    raise _not_understood("an answer without its end")


def _observation(told: re.Match[str], now: int, stdout: str, stderr: str) -> Observation:
    beat, began, ended = (None if told[key] == "-" else int(told[key]) for key in ("beat", "began", "ended"))
    until = now if ended is None else ended
    return Observation(
        phase=Phase(told["phase"]),
        exit_code=None if told["code"] == "-" else int(told["code"]),
        oom_killed=told["oom"] == "1",
        cancelled=told["cancelled"] == "1",
        heartbeat_age_s=None if beat is None else float(max(0, now - beat)),
        run_s=None if began is None else float(max(0, until - began)),
        stdout_tail=stdout,
        stderr_tail=stderr,
        stdout_bytes=int(told["size"]),
    )


def _log(lines: Iterator[str]) -> str:
    encoded: list[str] = []
    for line in lines:
        if line == ".":
            break
        encoded.append(line)
    else:
        raise _not_understood("a log without its end")
    try:
        return base64.b64decode("".join(encoded), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise _not_understood("".join(encoded)) from error


def _checked(folder: str) -> str:
    if not _FOLDER.fullmatch(folder):
        raise BadInput(
            f"{folder!r} cannot name a job on a host",
            allowed="1 to 120 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return folder


def _not_understood(line: str) -> HostError:
    return HostError(
        f"the host answered the question for its jobs with {line[:80]!r}",
        action="look for a shell start-up file that prints text, and for the program base64, on the host",
    )
