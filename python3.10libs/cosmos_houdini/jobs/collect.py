"""Fetch a job's logs and outputs; an output gets its final name only after it is verified."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cosmos_houdini.engines.base import PROMPT_FILE, RECORD_FILE, EngineLog
from cosmos_houdini.errors import AuthRefused, BadInput, CosmosError, DiskFull, HostError, HostKeyError, HostUnreachable
from cosmos_houdini.hosts.base import Host, OnProgress, Transfer
from cosmos_houdini.hosts.files import arriving
from cosmos_houdini.hosts.transfer.script import DIGESTS
from cosmos_houdini.jobs.secrets import redacted, redacted_end
from cosmos_houdini.jobs.store.provenance import Provenance, parse_provenance, provenance_script
from cosmos_houdini.jobs.verdict import corrupt, largest_bytes, output_failure
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.request import Clip, ExpectedOutput, Site

LOG_BYTES = 4 * 2**20
LOG_TIMEOUT_S = 300.0
HASH_TIMEOUT_S = 1800.0
RESULT = "result.json"
UNVERIFIED = ".unverified"
"""The folder for files that have arrived and are not verified yet."""
LOGS = ("stdout.log", "stderr.log")
USED_PROMPT = "prompt.txt"
"""The file with the prompt that the model was given, where the engine writes it."""
RAN_WITH = "ran_with.json"
"""The file with the engine's own record of the values that it used."""

_INVENTORY = re.compile(r"(\d{1,9}) (\d{1,18}) ([0-9A-Fa-f]{64})", re.ASCII)

# Sets $size to the size of file $2, and returns 0 if the file is to be read.
_LOOK = f"""\
look() {{
    [ -f "$2" ] || return 1
    size=$(stat -L -c %s "$2" 2>/dev/null || stat -L -f %z "$2") || exit 1
    [ "$size" -gt "$3" ] || return 0
    echo "$1 $size {"0" * 64}"
    return 1
}}
"""


class CorruptOutput(CosmosError):
    """An output is missing, is not as requested, or cannot be fetched; ``failure`` holds the reason for the store."""

    def __init__(self, failure: JobFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file on a host, with the size and SHA-256 that the host reports."""

    bytes: int
    sha256: str


def fetch_log(
    host: Host, folder: PurePosixPath, secrets: Mapping[str, str], *, record_file: PurePosixPath = RECORD_FILE
) -> tuple[EngineLog, Provenance]:
    """Return the last LOG_BYTES of each log of a job, with secrets masked, and the provenance from its folder.

    A log that does not exist is empty. ``record_file`` is relative to the folder.
    """
    # The boundary is new and random, so no program can have printed it.
    boundary = f"\n{uuid.uuid4().hex}\n"
    # Only regular files are read: a pipe in place of a log would never end.
    logs = [_quoted(folder / name) for name in (*LOGS, record_file, PROMPT_FILE)]
    tails = [f"[ ! -f {log} ] || tail -c {LOG_BYTES} {log} 2>/dev/null" for log in logs]
    cut = f"\nprintf %s {shlex.quote(boundary)}\n"
    script = f"owned {_quoted(folder)}\n" + cut.join((*tails, provenance_script(folder))) + ":"
    done = host.run(script, timeout_s=LOG_TIMEOUT_S)
    stdout, stderr, record, prompt, made_with, *_ = [*done.stdout.split(boundary), "", "", "", ""]
    # A longer record is cut off at its beginning. The rest is not valid JSON and is ignored later.
    log = EngineLog(
        stdout=redacted_end(stdout, secrets),
        stderr=redacted_end(stderr, secrets),
        record=redacted_end(record, secrets),
        prompt=redacted_end(prompt, secrets),
    )
    return log, parse_provenance(redacted(made_with, secrets))


def check_folder(results: Path, job_id: str, names: Iterable[PurePosixPath] = ()) -> None:
    """Refuse a folder in which a job would overwrite results of another job, or files that belong to no job.

    Args:
        results: a folder, which may be missing.
        job_id: the job that will write there.
        names: the files that it will write besides ``result.json``.

    Raises:
        BadInput: a file would be overwritten.
    """
    path = results / RESULT
    action = "move it away, or name another folder with -o"
    if not path.exists():
        taken = next((results / name for name in names if (results / name).exists()), None)
        if taken:
            raise BadInput(f"{taken} would be overwritten", action=action)
        return
    try:
        owner = read_json_file(path)["job"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is no result of a job", action=action) from error
    if owner != job_id:
        raise BadInput(f"{results} holds the results of job {owner}", action=action)


def keep_log(log: EngineLog, results: Path) -> None:
    """Write a job's logs into its results folder."""
    results.mkdir(parents=True, exist_ok=True)
    for name, text in zip(LOGS, (log.stdout, log.stderr), strict=True):
        _replace(results / name, text.encode())
    for name, text in ((RAN_WITH, log.record), (USED_PROMPT, log.prompt)):
        if text:
            _replace(results / name, text.encode())
        else:
            (results / name).unlink(missing_ok=True)


def kept_log(results: Path) -> EngineLog:
    """Return the logs that ``keep_log`` wrote; a log that no longer exists is empty."""
    stdout, stderr, record, prompt = (
        path.read_text(encoding="utf-8", errors="replace") if (path := results / name).is_file() else ""
        for name in (*LOGS, RAN_WITH, USED_PROMPT)
    )
    return EngineLog(stdout=stdout, stderr=stderr, record=record, prompt=prompt)


def set_aside(results: Path, attempt: int) -> None:
    """Move the logs of an attempt to a folder of their own, so that the next attempt does not overwrite them."""
    folder = attempt_logs(results, attempt)
    for name in LOGS:
        if (results / name).is_file():
            folder.mkdir(exist_ok=True)
            (results / name).replace(folder / name)


def attempt_logs(results: Path, attempt: int) -> Path:
    """Return the folder for the logs of an attempt that is not the last one."""
    return results / f"attempt-{attempt}"


def inventory_script(limits: Mapping[PurePosixPath, int]) -> str:
    """Return a script that prints ``<index> <bytes> <sha256>`` for each file that exists.

    A file that is larger than its limit is not read; the script prints 64 zeros as its hash.
    """
    looks = (
        f'look {index} {_quoted(path)} {limit} && {{ set -- "$@" {_quoted(path)}; known="$known {index} $size"; }}\n'
        for index, (path, limit) in enumerate(limits.items())
    )
    return (
        f"export LC_ALL=C\n{DIGESTS}{_LOOK}known=\nset --\n{''.join(looks)}"
        '[ "$#" -gt 0 ] || exit 0\n'
        'count=$#\nhashes=$(digests "$@")\nset -- $hashes\n[ "$#" -eq "$count" ] || exit 1\n'
        'set -- $known\nfor hash in $hashes; do\n    echo "$1 $2 $hash"\n    shift 2\ndone\n'
    )


def parse_inventory(text: str) -> dict[int, RemoteFile]:
    """Return the files that an inventory script printed, by their index; ignore all other lines."""
    found = {}
    for line in text.splitlines():
        told = _INVENTORY.fullmatch(line)
        if told:
            found[int(told[1])] = RemoteFile(bytes=int(told[2]), sha256=told[3].lower())
    return found


def fetch_outputs(
    host: Host,
    site: Site,
    expected: tuple[ExpectedOutput, ...],
    results: Path,
    *,
    ffmpeg: FFmpeg,
    on_progress: OnProgress | None = None,
) -> tuple[Clip, ...]:
    """Fetch and verify a job's outputs, then move them to their final names below ``results``.

    If the connection fails, the files that have arrived stay in the folder UNVERIFIED. The next call continues there.

    Raises:
        CorruptOutput: a file is missing or too large, arrives with another hash, cannot be decoded, or has the wrong
            number or size of frames; then no file gets its final name.
        HostError: the connection failed.
        DiskFull: this machine has no disk space left.
    """
    limits = {site.outputs / output.path: largest_bytes(output) for output in expected}
    done = host.run(inventory_script(limits), timeout_s=HASH_TIMEOUT_S)
    if done.exit_code:
        raise CorruptOutput(corrupt(f"the outputs cannot be read on the host: {done.stderr.strip()}"))
    files = parse_inventory(done.stdout)
    unverified = results / UNVERIFIED
    try:
        transfers = [
            _transfer(site.outputs / output.path, unverified / output.path, files.get(index), output)
            for index, output in enumerate(expected)
        ]
        _fetch(host, transfers, on_progress)
        # Threads are enough to decode the outputs in parallel, because FFmpeg runs as a separate process.
        with ThreadPoolExecutor() as pool:
            clips = tuple(pool.map(lambda output: _verified(unverified, output, ffmpeg), expected))
    except CorruptOutput:
        shutil.rmtree(unverified, ignore_errors=True)
        raise
    for output in expected:
        final = results / output.path
        final.parent.mkdir(parents=True, exist_ok=True)
        (unverified / output.path).replace(final)
    shutil.rmtree(unverified, ignore_errors=True)
    return clips


def write_result(results: Path, document: Mapping[str, object]) -> None:
    """Write ``result.json``, the last file of a finished job."""
    _replace(results / RESULT, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


def _transfer(remote: PurePosixPath, local: Path, file: RemoteFile | None, output: ExpectedOutput) -> Transfer:
    if file is None:
        raise CorruptOutput(corrupt(f"{output.path} was not written"))
    if not 0 < file.bytes <= largest_bytes(output):
        raise CorruptOutput(corrupt(f"{output.path} has {file.bytes} bytes"))
    return Transfer(local=local, remote=remote, bytes=file.bytes, sha256=file.sha256)


def _fetch(host: Host, transfers: Iterable[Transfer], on_progress: OnProgress | None) -> None:
    transfers = list(transfers)
    for folder in {transfer.local.parent for transfer in transfers}:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        host.get_many(transfers, on_progress=on_progress)
    except (HostUnreachable, HostKeyError, AuthRefused):
        raise
    except HostError as error:
        # The files on the host may be good. They can be fetched again, so the job is not run again.
        raise CorruptOutput(replace(corrupt(f"the results cannot be fetched: {error}"), retryable=False)) from error


def _verified(unverified: Path, output: ExpectedOutput, ffmpeg: FFmpeg) -> Clip:
    try:
        # If this client is killed here, its temporary files are removed together with the folder.
        clip = probe_video(unverified / output.path, ffmpeg=ffmpeg, scratch=unverified)
    except DiskFull:
        raise
    except CosmosError as error:
        raise CorruptOutput(corrupt(f"{output.path} cannot be decoded: {error.problem}")) from error
    failure = output_failure(output, clip)
    if failure:
        raise CorruptOutput(failure)
    return clip


def _replace(path: Path, data: bytes) -> None:
    with arriving(path, BadInput) as write:
        write(data)


def _quoted(path: PurePosixPath) -> str:
    return shlex.quote(str(path))
