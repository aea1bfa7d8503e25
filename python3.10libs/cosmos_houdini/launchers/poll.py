"""The command that asks a host for the state of all its jobs, and the reader of its answer."""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.base import PollPart
from cosmos_houdini.launchers.job_folder import JOBS, HostJobState, Observation, checked_folder
from cosmos_houdini.launchers.shell import assignments, script_part, words

JOBS_PER_POLL = 2000
"""The names of their logs still fit into one command line (2 MB on Linux)."""
TAIL_BYTES = 16 * 1024
ALL_TAILS_BYTES = 32 * 2**20
LONGEST_UNPACKED_BYTES = 2 * ALL_TAILS_BYTES

_JOB_LINE = re.compile(
    r"job (?P<folder>\S+) (?P<state>[a-z]+) (?P<code>-|\d{1,9}) (?P<beat>-|\d{1,12}) (?P<began>-|\d{1,12})"
    r" (?P<ended>-|\d{1,12}) (?P<oom>[01]) (?P<cancelled>[01]) (?P<stopped>-|[a-z_]{1,20})",
    re.ASCII,
)
_SCHEDULER = "scheduler "
_PLACE = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_FIRST_LINE = re.compile(r"poll (?P<now>\d{1,12}) (?P<spelling>[./]+)", re.ASCII)


def poll_script(
    root: PurePosixPath,
    folders: Collection[str] | None,
    *,
    tail_bytes: int = TAIL_BYTES,
    config: HostConfig | None = None,
    parts: Sequence[PollPart] = (),
) -> str:
    """Return the script that prints the state of all the named jobs of a host.

    One ``tail`` prints the ends of all logs, and the name of each file before it. The script spells the names with a
    random path that leads nowhere (``.//././/``), so that no content of a log can look like such a name.

    Args:
        root: the root of the host.
        folders: names from attempt_folder, at most JOBS_PER_POLL; None if a script before this one has set ``"$@"`` to
            them.
        tail_bytes: bytes to print from the end of each log; fewer if all together would exceed ALL_TAILS_BYTES.
        config: of the host; the parts read their settings from it.
        parts: the schedulers that may have jobs of this host.
    """
    count = len(folders or ())
    if count > JOBS_PER_POLL:
        raise ValueError(f"{count} jobs in one command")
    tail_bytes = min(tail_bytes, ALL_TAILS_BYTES // (2 * max(1, count)))
    names = "" if folders is None else f"set -- {words(checked_folder(folder) for folder in folders)}\n"
    spelling = "".join(secrets.choice(("./", ".//")) for _ in range(40))
    values = assignments(jobs=root / JOBS, tail_bytes=tail_bytes, spelling=spelling)
    schedulers = assignments(schedulers=" ".join(part.scheduler for part in parts))
    scripts = "".join(part.script(config or HostConfig()) for part in parts)
    common = "".join(script_part(name) for name in ("common/is_running", "common/sweep", "common/poll"))
    return f"{values}{schedulers}{names}{scripts}{common}"


def parse_poll(text: str, parts: Sequence[PollPart] = ()) -> dict[str, Observation]:
    """Return the observations that the script of poll_script printed, by folder.

    Args:
        text: standard output of the script.
        parts: the parts with which the script was made.

    Raises:
        HostError: the text is something else, or incomplete.
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
    found: Mapping[str, Observation] = {
        observed["folder"]: _with_files(_observation(observed, int(first["now"])), observed["folder"], tails, lengths)
        for line in lines[1:lengths_at]
        if not line.startswith(_SCHEDULER)
        for observed in [_job_line(line)]
    }
    for part in parts:
        start = f"{_SCHEDULER}{part.scheduler} "
        said = [line.removeprefix(start) for line in lines[1:lengths_at] if line.startswith(start)]
        found = part.merge(said, found)
    return dict(found)


def _job_line(line: str) -> re.Match[str]:
    found = _JOB_LINE.fullmatch(line)
    if found is None or found["state"] not in {str(state) for state in HostJobState}:
        raise _not_understood(line)
    return found


def _with_files(seen: Observation, folder: str, tails: Mapping[str, str], lengths: Mapping[str, int]) -> Observation:
    """Return an observation with the ends of the job's logs, and with what it waits for."""
    why, place, *_ = [*tails.get(f"{folder}/waiting", "").split("\n"), "", ""]
    return replace(
        seen,
        stdout_tail=tails.get(f"{folder}/stdout.log", ""),
        stderr_tail=tails.get(f"{folder}/stderr.log", ""),
        waits_for=why.strip(),
        place=int(place) if _PLACE.fullmatch(place) else None,
        stdout_bytes=lengths.get(f"{folder}/stdout.log", 0),
    )


def _observation(told: re.Match[str], now: int) -> Observation:
    beat, began, ended = (None if told[key] == "-" else int(told[key]) for key in ("beat", "began", "ended"))
    until = now if ended is None else ended
    return Observation(
        state=HostJobState(told["state"]),
        exit_code=None if told["code"] == "-" else int(told["code"]),
        oom_killed=told["oom"] == "1",
        cancelled=told["cancelled"] == "1",
        stopped=told["stopped"].strip("-"),
        heartbeat_age_s=None if beat is None else float(max(0, now - beat)),
        began_s=None if began is None else float(max(0, now - began)),
        run_s=None if began is None else float(max(0, until - began)),
    )


def _lengths(lines: Iterable[str], spelling: str) -> dict[str, int]:
    """Return the length of each log, as ``wc -c`` printed it."""
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


def _not_understood(line: str) -> HostError:
    return HostError(
        f"the host answered the question for its jobs with {line[-80:]!r}",
        action="look for a shell start-up file that prints text, and for the program base64, on the host",
    )
