"""The folder of a job on its host: its name, and what a client can tell from it at any later time."""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from cosmos_houdini.config.settings import HostConfig
from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.launchers.shell import assignments, exports, part, words
from cosmos_houdini.launchers.slurm.state import SILENT, UNKNOWN, SlurmWord, parse_words
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.job import FailureClass, JobFailure
from cosmos_houdini.model.request import Site
from cosmos_houdini.model.text_enum import TextEnum

JOBS = "jobs"
LOCKS = "locks"
OBJECTS = "objects"
END_MARK = "exit_code"
"""The file in a job's folder that its own script writes last."""
SLURM_PREFIX = "SLURM_"
UNSERVED = "unserved"
"""Why a job ended that one process was to serve with others: that went away before the job's turn."""

JOBS_PER_POLL = 2000
"""The names of their logs still fit into one command line (2 MB on Linux)."""
TAIL_BYTES = 16 * 1024
ALL_TAILS_BYTES = 32 * 2**20
LONGEST_UNPACKED_BYTES = 2 * ALL_TAILS_BYTES

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
_JOB_LINE = re.compile(
    r"job (?P<folder>\S+) (?P<phase>[a-z]+) (?P<code>-|\d{1,9}) (?P<beat>-|\d{1,12}) (?P<began>-|\d{1,12})"
    r" (?P<ended>-|\d{1,12}) (?P<oom>[01]) (?P<cancelled>[01]) (?P<stopped>-|[a-z_]{1,20})",
    re.ASCII,
)
_FIRST_LINE = re.compile(r"poll (?P<now>\d{1,12}) (?P<spelling>[./]+)", re.ASCII)


class Phase(TextEnum):
    """How far a job has come on its host."""

    ABSENT = "absent"
    STAGED = "staged"
    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the folder of a job, and the host's process list or its Slurm, told at one moment.

    Attributes:
        phase: ``staged`` when all is there and nothing was started; ``waiting`` for a GPU, or in Slurm's queue;
            ``vanished`` when it was started, left no exit code, and is no longer there as process, container or job of
            Slurm.
        exit_code: of the engine's program; None before the end, and where a cancelled job left none.
        oom_killed: the container was stopped by its memory limit.
        cancelled: a client asked for the end.
        stopped: why the job's script ended it, as a class of failures or UNSERVED; empty where it did not.
        waits_for: what a job that is ``waiting`` needs, and what its host has, in words.
        heartbeat_age_s: seconds since the job's script last said that it lives, by the host's own clock.
        began_s: seconds since the program was started.
        run_s: likewise, or from its start to its end.
        stdout_tail: the end of what the program printed; bytes that are no UTF-8 as U+FFFD.
        stderr_tail: likewise.
        stdout_bytes: length of the whole standard output.
        scheduler: what Slurm says, in its own words; empty on a plain host.
        verdict: why Slurm ended it.
    """

    phase: Phase
    exit_code: int | None = None
    oom_killed: bool = False
    cancelled: bool = False
    stopped: str = ""
    waits_for: str = ""
    heartbeat_age_s: float | None = None
    began_s: float | None = None
    run_s: float | None = None
    stdout_tail: str = ""
    stderr_tail: str = ""
    stdout_bytes: int = 0
    scheduler: str = ""
    verdict: JobFailure | None = None


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


def site_for(root: PurePosixPath, job_id: str, attempt: int, config: HostConfig, *, ffmpeg: FFmpeg) -> Site:
    """Return where an attempt lies below the root of its host; ``ffmpeg`` is this machine's."""
    return Site(
        folder=root / JOBS / attempt_folder(job_id, attempt),
        engine_path=PurePosixPath(config.engine_path) if config.engine_path else None,
        ffmpeg=config.ffmpeg or (ffmpeg.program if _sees_own_programs(config) else None),
        own_ffmpeg=ffmpeg.path,
        python=config.python,
    )


def _sees_own_programs(config: HostConfig) -> bool:
    """Return whether jobs see the programs of this machine as they are, so that no copy has to be brought."""
    return config.address is None and config.launcher == "process"


def poll_script(
    root: PurePosixPath,
    folders: Collection[str] | None,
    *,
    tail_bytes: int = TAIL_BYTES,
    env: Mapping[str, str] | None = None,
) -> str:
    """Return the one script that tells how all the named jobs of a host stand.

    The ends of all logs come from one ``tail``, which writes the name of each file before it. Names are spelled with a
    path that is drawn anew for each script and leads nowhere (``.//././/``): what a log holds cannot look like one.

    Args:
        root: the root of the host.
        folders: names that attempt_folder gave, at most JOBS_PER_POLL; None where the script that comes before has set
            ``"$@"`` to them.
        tail_bytes: how much of the end of each log is told; less where it would be more than ALL_TAILS_BYTES.
        env: the host's ``env``, of which Slurm's programs get their part.
    """
    count = len(folders or ())
    if count > JOBS_PER_POLL:
        raise ValueError(f"{count} jobs in one command")
    tail_bytes = min(tail_bytes, ALL_TAILS_BYTES // (2 * max(1, count)))
    names = "" if folders is None else f"set -- {words(_checked(folder) for folder in folders)}\n"
    spelling = "".join(secrets.choice(("./", ".//")) for _ in range(40))
    values = assignments(jobs=root / JOBS, tail_bytes=tail_bytes, spelling=spelling)
    slurm = exports({name: value for name, value in (env or {}).items() if name.startswith(SLURM_PREFIX)})
    scripts = "".join(part(name) for name in ("slurm_client", "ask_slurm", "runs", "poll"))
    return f"{values}{slurm}{names}{scripts}"


def parse_poll(text: str) -> dict[str, Observation]:
    """Return what the script of poll_script printed, by folder.

    Raises:
        HostError: the text is something else, or not all of it.
    """
    lines = text.splitlines()
    first = _FIRST_LINE.fullmatch(lines[0]) if lines else None
    if first is None or lines[-1] != "done":
        raise _not_understood(text)
    try:
        lengths_at = lines.index("lengths")
        logs_at, packing = next((at, _PACKINGS[line]) for at, line in enumerate(lines) if line in _PACKINGS)
        logs = packing(base64.b64decode("".join(lines[logs_at + 1 : -1]), validate=True))
    except (ValueError, StopIteration, zlib.error) as error:
        raise _not_understood(text) from error
    lengths = _lengths(lines[lengths_at + 1 : logs_at], first["spelling"])
    tails = _tails(logs, first["spelling"])
    found = {}
    words_of_slurm = parse_words(lines[1:lengths_at])
    for line in lines[1:lengths_at]:
        if line.startswith("slurm "):
            continue
        told = _JOB_LINE.fullmatch(line)
        if told is None or told["phase"] not in {str(phase) for phase in Phase}:
            raise _not_understood(line)
        folder = told["folder"]
        found[folder] = replace(
            _observation(told, int(first["now"])),
            stdout_tail=tails.get(f"{folder}/stdout.log", ""),
            stderr_tail=tails.get(f"{folder}/stderr.log", ""),
            waits_for=tails.get(f"{folder}/waiting", "").strip(),
            stdout_bytes=lengths.get(f"{folder}/stdout.log", 0),
        )
        if folder in words_of_slurm:
            found[folder] = with_word(found[folder], words_of_slurm[folder])
    return found


def _observation(told: re.Match[str], now: int) -> Observation:
    beat, began, ended = (None if told[key] == "-" else int(told[key]) for key in ("beat", "began", "ended"))
    until = now if ended is None else ended
    return Observation(
        phase=Phase(told["phase"]),
        exit_code=None if told["code"] == "-" else int(told["code"]),
        oom_killed=told["oom"] == "1",
        cancelled=told["cancelled"] == "1",
        stopped=told["stopped"].strip("-"),
        heartbeat_age_s=None if beat is None else float(max(0, now - beat)),
        began_s=None if began is None else float(max(0, now - began)),
        run_s=None if began is None else float(max(0, until - began)),
    )


def with_word(seen: Observation, word: SlurmWord) -> Observation:
    """Return what a job's folder and Slurm tell together.

    The folder alone says that a job has ended well. That it has ended otherwise, Slurm must say too: it knows why, and
    may start the job again.
    """
    told = replace(seen, scheduler=str(word))
    if seen.exit_code == 0:
        return told
    if word.in_queue and seen.exit_code is None:
        return replace(told, phase=Phase.WAITING, run_s=None)
    if word.over and (verdict := word.verdict()):
        cancelled = seen.cancelled and verdict.failure is FailureClass.CANCELLED
        return replace(told, phase=Phase.ENDED, verdict=None if cancelled else verdict)
    if word.over or word.state == UNKNOWN:
        if seen.exit_code is not None or seen.cancelled:
            return replace(told, phase=Phase.ENDED)
        return replace(told, phase=Phase.VANISHED) if word.settled else told
    return replace(told, phase=Phase.RUNNING) if word.state != SILENT or seen.phase is Phase.ENDED else told


def _lengths(lines: Iterable[str], spelling: str) -> dict[str, int]:
    """Return the length of each log as ``wc -c`` tells it."""
    found = (re.fullmatch(rf"\s*(\d{{1,18}}) {re.escape(spelling)}(\S+)", line, re.ASCII) for line in lines)
    return {told[2]: int(told[1]) for told in found if told}


def _unpacked(packed: bytes) -> bytes:
    """Return what gzip packed.

    Raises:
        ValueError: it is cut off, or larger than any answer.
        zlib.error: it is no gzip.
    """
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    data = stream.decompress(packed, LONGEST_UNPACKED_BYTES)
    if not stream.eof:
        raise ValueError("packed logs have no end")
    return data


_PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {"logs cat": bytes, "logs gzip -1": _unpacked}


def _tails(logs: bytes, spelling: str) -> dict[str, str]:
    """Return the logs that ``tail`` wrote one after another, an empty line and ``==> NAME <==`` between them."""
    _, *pieces = re.split(rb"\n==> " + re.escape(spelling.encode()) + rb"(\S+) <==\n", logs)
    names, contents = pieces[::2], pieces[1::2]
    return {
        name.decode("ascii", "replace"): content.decode("utf-8", "replace")
        for name, content in zip(names, contents, strict=True)
    }


def _checked(folder: str) -> str:
    if not _FOLDER.fullmatch(folder):
        raise BadInput(
            f"{folder!r} cannot name a job on a host",
            allowed="1 to 120 letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return folder


def _not_understood(line: str) -> HostError:
    return HostError(
        f"the host answered the question for its jobs with {line[-80:]!r}",
        action="look for a shell start-up file that prints text, and for the program base64, on the host",
    )
