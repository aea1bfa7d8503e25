"""FFmpeg: which program, and one run of it, watched.

FFmpeg ends with exit code 0 after many a decoder error, so a run counts as failed when it printed anything at the
level of an error, too.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_houdini import config
from cosmos_houdini.errors import BadInput, Cancelled, DiskFull, ToolError

_ERROR = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\] (.*)")
_INFO = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )*\[info\] (.*)")
# What FFmpeg adds to the line that tells the reason.
_ECHO = re.compile(
    r"Task finished|Terminating thread|Conversion failed|packet (to|in) (the )?(decoder|muxer)|Error muxing"
)
_TOLD_LINES = 3
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run is watched.

    Attributes:
        task: what the run does to which file, for errors (``encoding shot.####.png``).
        cwd: the working folder, to which paths among the arguments may be relative.
        on_frames: called with how many more frames are done; an exception that it raises ends the run.
        stop: once set, the run ends with Cancelled.
        timeout_s: after so many seconds the run is killed and fails.
    """

    task: str
    cwd: Path | None = None
    on_frames: Callable[[int], None] = field(default=lambda _: None)
    stop: threading.Event | None = None
    timeout_s: float | None = None


def program() -> str:
    """Return the path of FFmpeg: the configured one (``programs.ffmpeg``), else the one of imageio-ffmpeg.

    Raises:
        BadInput: the configuration names a file that is not there, or there is no FFmpeg at all.
    """
    configured = config.load().settings.programs.ffmpeg
    if configured is not None:
        if not configured.expanduser().is_file():
            raise BadInput(f"programs.ffmpeg of the configuration names {configured}, which is no file")
        return str(configured.expanduser())
    return _own_program() or _found_program()


def _own_program() -> str | None:
    """Return the FFmpeg in imageio-ffmpeg's wheel: what the package itself says after a trial run, 30 ms later."""
    package = importlib.util.find_spec("imageio_ffmpeg")
    if package is None or package.origin is None or "IMAGEIO_FFMPEG_EXE" in os.environ:
        return None
    programs = list(Path(package.origin).with_name("binaries").glob("ffmpeg-*"))
    return str(programs[0]) if len(programs) == 1 else None


def _found_program() -> str:
    import imageio_ffmpeg  # noqa: PLC0415 - hardly ever needed, and slow to load

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise BadInput("no FFmpeg was found", action="name one as programs.ffmpeg in the configuration") from error


def run(arguments: Sequence[str], how: Run, *, frames: Iterable[memoryview] | None = None) -> tuple[str, ...]:
    """Run FFmpeg to its end and return the lines that it printed at the level ``info``.

    Args:
        arguments: everything after the program, but for logging and progress.
        how: how the run is watched; whatever ends it early, the process is killed first.
        frames: raw pictures for ``pipe:0``; each counts as done when FFmpeg has taken it.

    Raises:
        ToolError: the exit code is not 0, an error was printed, or the time is over.
        DiskFull: the run failed for want of room.
        Cancelled: ``how.stop`` was set.
    """
    log: list[str] = []
    argv = [program(), "-hide_banner", "-nostdin", "-nostats", "-y", "-v", "level+info"]
    argv += ["-progress", "pipe:1", *arguments] if frames is None else arguments
    with _process(argv, how, log, piped=frames is not None) as (process, expired):
        if frames is None:
            _follow(process, how)
        else:
            _feed(process, how, frames)
        process.wait()
    if expired.is_set():
        raise ToolError(f"{how.task} took longer than {how.timeout_s:g} s and was stopped")
    _judge(process.returncode, log, how.task)
    return tuple(match[1] for line in log if (match := _INFO.match(line)))


def raw_frames(arguments: Sequence[str], how: Run, *, frame_bytes: int) -> Iterator[bytes]:
    """Run FFmpeg and yield the raw pictures, ``frame_bytes`` each, that it writes; errors as for ``run``."""
    log: list[str] = []
    argv = [
        program(),
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-v",
        "level+info",
        *arguments,
        "-f",
        "rawvideo",
        "pipe:1",
    ]
    with _process(argv, how, log, piped=False) as (process, expired):
        assert process.stdout is not None  # noqa: S101 - started with a pipe
        while data := process.stdout.read(frame_bytes):
            _check_stop(how)
            yield data
            how.on_frames(1)
        process.wait()
    if expired.is_set():
        raise ToolError(f"{how.task} took longer than {how.timeout_s:g} s and was stopped")
    _judge(process.returncode, log, how.task)


@contextmanager
def _process(
    argv: list[str], how: Run, log: list[str], *, piped: bool
) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
    """Start ``argv``, collect its standard error in ``log``, and leave no process behind."""
    expired = threading.Event()
    with subprocess.Popen(
        argv,
        cwd=how.cwd,
        stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if piped else subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:

        def read_log() -> None:
            lines = (line.decode(errors="replace").rstrip() for line in process.stderr or ())
            log.extend(itertools.islice(lines, _MOST_LINES))
            # The rest is read all the same: FFmpeg waits while nobody reads it.
            deque(lines, maxlen=0)

        def expire() -> None:
            expired.set()
            process.kill()

        reader = threading.Thread(target=read_log, daemon=True)
        reader.start()
        clock = threading.Timer(how.timeout_s or 0, expire)
        if how.timeout_s is not None:
            clock.start()
        try:
            yield process, expired
        finally:
            clock.cancel()
            process.kill()
            reader.join()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()


def _follow(process: subprocess.Popen[bytes], how: Run) -> None:
    """Report the frames that FFmpeg's own progress tells, until it ends."""
    done = 0
    for line in process.stdout or ():
        _check_stop(how)
        if line.startswith(b"frame=") and (frames := int(line[6:])) > done:
            how.on_frames(frames - done)
            done = frames


def _feed(process: subprocess.Popen[bytes], how: Run, frames: Iterable[memoryview]) -> None:
    """Hand over raw pictures until there are no more, or FFmpeg has ended."""
    assert process.stdin is not None  # noqa: S101 - started with a pipe
    for frame in frames:
        _check_stop(how)
        try:
            process.stdin.write(frame)
        except OSError:
            # FFmpeg has ended: its own words tell why.
            return
        how.on_frames(1)
    with suppress(OSError):
        process.stdin.close()


def _check_stop(how: Run) -> None:
    if how.stop is not None and how.stop.is_set():
        raise Cancelled(f"{how.task} was interrupted")


def _judge(exit_code: int, log: Sequence[str], task: str) -> None:
    """Raise what exit code and log amount to, if that is a failure."""
    errors = [match[1] for line in log if (match := _ERROR.match(line))]
    if any("No space left on device" in line for line in errors):
        raise DiskFull(f"the disk is full: {task}", action="free some room and run the same command again")
    if exit_code or errors:
        raise ToolError(f"{task} failed (FFmpeg, exit code {exit_code})", detail=telling(errors or log))


def telling(lines: Sequence[str]) -> str:
    """Return the few lines that tell the reason, without repetitions.

    >>> telling(["chunk too big", "chunk too big", "Task finished with error code: -1"])
    'chunk too big'
    """
    distinct = list(dict.fromkeys(lines))
    reasons = [line for line in distinct if not _ECHO.search(line)] or distinct
    return " | ".join(reasons[:_TOLD_LINES])
