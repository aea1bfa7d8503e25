"""The folder of a job on its host: its name, and the state that a client observes there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.text_enum import TextEnum

JOBS = "jobs"
LOCKS = "locks"
OBJECTS = "objects"
PROOFS = "proofs"
END_MARK = "exit_code"
"""The file in a job's folder that its own script writes last."""
NOT_STARTED = "not_started"
"""The reason of a job whose shared process ended before the job's turn."""

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")


class HostJobState(TextEnum):
    """The state of a job on its host."""

    ABSENT = "absent"
    FOREIGN = "foreign"
    STAGED = "staged"
    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """State of a job at one moment, by its folder and by the host's process list or scheduler.

    Attributes:
        state: ``foreign``: another user owns its folder, or may write there, so that nothing in it is believed.
            ``staged``: all files are there and nothing was started. ``pending``: it waits for a GPU, for its turn in a
            shared process, or in the queue of a scheduler. ``vanished``: it was started, left no exit code, and there
            is no process, container or scheduler's job of it any more.
        exit_code: of the engine's program; None before the end, and if a cancelled job left none.
        oom_killed: whether the kernel killed the program because memory ran out, by its own or by Docker's record.
        cancelled: whether a client asked the job to stop.
        stopped: why the job's script stopped the program: a class of failures or NOT_STARTED; empty if it did not.
        waits_for: the needs of a ``pending`` job and the resources of its host, in words.
        place: its place among the jobs that wait for the same, from 1; None if that is unknown.
        heartbeat_age_s: seconds since the last heartbeat of the job's script, by the host's own clock.
        began_s: seconds since the program was started.
        run_s: seconds since the program was started, or from its start to its end.
        stdout_tail: the end of the program's standard output; bytes that are no UTF-8 become U+FFFD.
        stderr_tail: the end of its standard error, in the same form.
        stdout_bytes: length of the whole standard output.
        scheduler: the state of the job in the scheduler's own words; empty on a host without one.
        scheduler_failure: why the scheduler ended the job.
    """

    state: HostJobState
    exit_code: int | None = None
    oom_killed: bool = False
    cancelled: bool = False
    stopped: str = ""
    waits_for: str = ""
    place: int | None = None
    heartbeat_age_s: float | None = None
    began_s: float | None = None
    run_s: float | None = None
    stdout_tail: str = ""
    stderr_tail: str = ""
    stdout_bytes: int = 0
    scheduler: str = ""
    scheduler_failure: JobFailure | None = None


def attempt_folder(job_id: str, attempt: int) -> str:
    """Return the name of an attempt's folder.

    >>> attempt_folder("sea-1f2e", 1), attempt_folder("sea-1f2e", 2)
    ('sea-1f2e', 'sea-1f2e.2')

    Raises:
        BadInput: the identifier cannot be the name of a folder or of a container.
    """
    if attempt < 1:
        raise BadInput(f"attempt {attempt} of job {job_id!r}", allowed="1 or more")
    return checked_folder(job_id if attempt == 1 else f"{job_id}.{attempt}")


def checked_folder(folder: str) -> str:
    """Return the name of a folder if it is safe on a command line and as the name of a container.

    Raises:
        BadInput: it is not.
    """
    if not _FOLDER.fullmatch(folder):
        raise BadInput(
            f"{folder!r} cannot name a job on a host",
            allowed="1 to 120 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return folder
