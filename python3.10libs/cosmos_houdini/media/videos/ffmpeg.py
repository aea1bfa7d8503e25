"""The FFmpeg of this machine, and one watched run of it.

FFmpeg ends with exit code 0 after many errors of decoders. So a run also counts as failed if it printed anything at the
level of an error.
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

from cosmos_houdini.errors import BadInput, Cancelled, DiskFull, ToolError
from cosmos_houdini.user_path import expand_user

_ERROR = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )*\[(?:error|fatal|panic)\] (.*)")
_INFO = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )*\[info\] (.*)")
# Lines that FFmpeg adds after the line with the reason.
_FOLLOW_UP = re.compile(
    r"Task finished|Terminating thread|Conversion failed|packet (to|in) (the )?(decoder|muxer)|Error muxing"
)
_SHOWN_REASONS = 3
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The settings for watching a run.

    Attributes:
        task: what the run does to which file, for errors (``encoding shot.####.png``).
        cwd: the working folder, to which paths among the arguments may be relative.
        on_frames: called with how many more frames are done; an exception that it raises ends the run.
        stop: once set, the run ends with Cancelled.
        timeout_s: after this many seconds the run is killed and fails.
    """

    task: str
    cwd: Path | None = None
    on_frames: Callable[[int], None] = field(default=lambda _: None)
    stop: threading.Event | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FFmpeg:
    """The FFmpeg of this machine: created once from the configuration and passed to all code that encodes or decodes.

    Attributes:
        path: path of the program, ``programs.ffmpeg`` of the configuration; None for the program of imageio-ffmpeg.
    """

    path: Path | None = None

    @property
    def program(self) -> str:
        """The program to start.

        Raises:
            BadInput: ``path`` is no file, or there is no FFmpeg at all.
        """
        if self.path is None:
            return _bundled_program() or _found_program()
        path = expand_user(self.path)
        if not path.is_file():
            raise BadInput(f"programs.ffmpeg of the configuration names {self.path}, which is no file")
        return str(path)

    def run(self, arguments: Sequence[str], how: Run, *, frames: Iterable[memoryview] | None = None) -> tuple[str, ...]:
        """Run FFmpeg to its end and return the lines that it printed at the level ``info``.

        Args:
            arguments: all arguments except those for logging and progress.
            how: how the run is watched; if it ends early, the process is killed first.
            frames: raw pictures for ``pipe:0``; each counts as done when FFmpeg has taken it.

        Raises:
            ToolError: the exit code is not 0, an error was printed, or the time limit is over.
            DiskFull: the run failed because the disk is full.
            Cancelled: ``how.stop`` was set.
        """
        log: list[str] = []
        argv = [self.program, "-hide_banner", "-nostdin", "-nostats", "-y", "-v", "level+info"]
        argv += ["-progress", "pipe:1", *arguments] if frames is None else arguments
        with _process(argv, how, log, piped=frames is not None) as (process, expired):
            if frames is None:
                _follow(process, how)
            else:
                _feed(process, how, frames)
            process.wait()
        _judge(process.returncode, log, how, expired)
        return tuple(match[1] for line in log if (match := _INFO.match(line)))

    def raw_frames(self, arguments: Sequence[str], how: Run, *, frame_bytes: int) -> Iterator[bytes]:
        """Run FFmpeg and yield the raw pictures that it writes, ``frame_bytes`` each; errors are those of ``run``."""
        log: list[str] = []
        argv = [self.program, "-hide_banner", "-nostdin", "-nostats", "-v", "level+info"]
        argv += [*arguments, "-f", "rawvideo", "pipe:1"]
        with _process(argv, how, log, piped=False) as (process, expired):
            assert process.stdout is not None  # noqa: S101 - started with a pipe
            while data := process.stdout.read(frame_bytes):
                _check_stop(how)
                yield data
                how.on_frames(1)
            process.wait()
        _judge(process.returncode, log, how, expired)


def _bundled_program() -> str | None:
    """Return the FFmpeg in imageio-ffmpeg's wheel; the package itself returns it after a trial run of 30 ms."""
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
            # The rest is read and dropped: FFmpeg waits as long as nobody reads it.
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
    """Report the frames from FFmpeg's own progress output until FFmpeg ends."""
    done = 0
    for line in process.stdout or ():
        _check_stop(how)
        if line.startswith(b"frame=") and (frames := int(line[6:])) > done:
            how.on_frames(frames - done)
            done = frames


def _feed(process: subprocess.Popen[bytes], how: Run, frames: Iterable[memoryview]) -> None:
    """Write raw pictures to FFmpeg until there are no more, or until FFmpeg has ended."""
    assert process.stdin is not None  # noqa: S101 - started with a pipe
    for frame in frames:
        _check_stop(how)
        try:
            process.stdin.write(frame)
        except OSError:
            # FFmpeg has ended: its own output says why.
            return
        how.on_frames(1)
    with suppress(OSError):
        process.stdin.close()


def _check_stop(how: Run) -> None:
    if how.stop is not None and how.stop.is_set():
        raise Cancelled(f"{how.task} was interrupted")


def _judge(exit_code: int, log: Sequence[str], how: Run, expired: threading.Event) -> None:
    """Raise an error if the exit code or the log shows a failure."""
    task = how.task
    if expired.is_set():
        raise ToolError(f"{task} took longer than {how.timeout_s:g} s and was stopped")
    errors = [match[1] for line in log if (match := _ERROR.match(line))]
    if any("No space left on device" in line for line in errors):
        raise DiskFull(f"the disk is full: {task}", action="free some room and run the same command again")
    if exit_code or errors:
        raise ToolError(f"{task} failed (FFmpeg, exit code {exit_code})", detail=first_reasons(errors or log))


def first_reasons(lines: Sequence[str]) -> str:
    """Return the first few lines that give the reason, without repetitions.

    >>> first_reasons(["chunk too big", "chunk too big", "Task finished with error code: -1"])
    'chunk too big'
    """
    distinct = list(dict.fromkeys(lines))
    reasons = [line for line in distinct if not _FOLLOW_UP.search(line)] or distinct
    return " | ".join(reasons[:_SHOWN_REASONS])
