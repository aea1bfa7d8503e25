"""The channel of one command that the program ``ssh`` runs: its pipes, read and written by threads.

Threads, because Windows cannot wait for several pipes, and nothing else can give up a pipe after a time.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO

_PIECE_BYTES = 64 * 1024
_PIECES_AHEAD = 16
_HELD_BYTES = 4096
_LOOK_INTERVAL_S = 0.1
_LOST = 255
"""The exit code of ssh itself, where it cannot connect or loses its connection."""


class ProgramChannel:
    """A command on a host, run by OpenSSH's client.

    Args:
        argv: the client with its options and the host; the command is the last argument.
        environ: its environment.
        failure: makes the error of a connection that did not come about, from what the client said.
    """

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], failure: Callable[[str], Exception] | None
    ) -> None:
        self._argv = argv
        self._environ = environ
        self._failure = failure
        self._timeout_s = 60.0
        self._mark = ""
        self._code: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = threading.Event()
        self._is_broken = threading.Event()
        self._input: queue.Queue[bytes | None] = queue.Queue(1)
        self._outputs = {name: queue.Queue[bytes](_PIECES_AHEAD) for name in ("stdout", "stderr")}
        self._ended: set[str] = set()
        self._last_words = b""

    def telling(self, action: str, mark: str) -> str:
        """Return an action that tells its exit code on standard error; see Channel.telling."""
        self._mark = mark
        return f'({action}); echo "{mark} $?" >&2'

    def settimeout(self, timeout_s: float) -> None:
        """Wait at most so long for each piece."""
        self._timeout_s = timeout_s

    def execute(self, command: str) -> None:
        """Start the client with a command."""
        self._process = process = subprocess.Popen(
            [*self._argv, command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(self._environ),
            # A Ctrl-C meant for this program must not cut the connection.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert process.stdin and process.stdout and process.stderr  # noqa: PT018, S101 - pipes, for the type checker
        threads = [
            threading.Thread(target=self._write, args=(process.stdin,), daemon=True),
            threading.Thread(target=self._pump, args=(process.stdout, "stdout"), daemon=True),
            threading.Thread(target=self._pump_errors, args=(process.stderr,), daemon=True),
        ]
        for thread in threads:
            thread.start()

    def sendall(self, piece: bytes) -> None:
        """Send bytes; see Channel.sendall."""
        self._put(piece)

    def shutdown_write(self) -> None:
        """Send the end of input, unless the command has ended."""
        with contextlib.suppress(BrokenPipeError):
            self._put(None)

    def recv(self, _most_bytes: int) -> bytes:
        """Return what comes next on standard output."""
        return self._next("stdout")

    def recv_stderr(self, _most_bytes: int) -> bytes:
        """Return what comes next on standard error."""
        return self._next("stderr")

    def exit_code(self, timeout_s: float) -> int | None:
        """Return the exit code; see Channel.exit_code."""
        if self._code is not None:
            return self._code
        if self._process is None:
            return None
        try:
            code = self._process.wait(max(0.0, timeout_s))
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        if code == _LOST and self._failure:
            raise self._failure(self._last_words.decode("utf-8", "replace"))
        return None if code in {0, _LOST} or code < 0 else code

    def close(self) -> None:
        """End the client; the host closes the input and output of the command."""
        self._closed.set()
        if self._process:
            with contextlib.suppress(OSError):
                self._process.kill()
            self._process.wait()

    def _put(self, piece: bytes | None) -> None:
        if self._is_broken.is_set() or self._closed.is_set():
            raise BrokenPipeError
        try:
            self._input.put(piece, timeout=self._timeout_s)
        except queue.Full as error:
            raise TimeoutError from error

    def _write(self, stdin: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), stdin:
            while not self._closed.is_set():
                with contextlib.suppress(queue.Empty):
                    piece = self._input.get(timeout=_LOOK_INTERVAL_S)
                    if piece is None:
                        return
                    stdin.write(piece)
                    stdin.flush()
        self._is_broken.set()
        # A sender that waits for room is told that there is none to come.
        with contextlib.suppress(queue.Empty):
            self._input.get_nowait()

    def _next(self, name: str) -> bytes:
        if name in self._ended:
            return b""
        try:
            piece = self._outputs[name].get(timeout=self._timeout_s)
        except queue.Empty as error:
            if self._closed.is_set():
                # The master connection keeps the pipes open until the command ends on the host.
                return b""
            raise TimeoutError from error
        if not piece:
            self._ended.add(name)
        return piece

    def _pump(self, pipe: IO[bytes], name: str) -> None:
        with pipe:
            while piece := os.read(pipe.fileno(), _PIECE_BYTES):
                self._offer(name, piece)
        self._offer(name, b"")

    def _pump_errors(self, pipe: IO[bytes]) -> None:
        """Pass standard error on, but for the line with the exit code, which stands near the end."""
        held = b""
        with pipe:
            while piece := os.read(pipe.fileno(), _PIECE_BYTES):
                held += piece
                if len(held) > _HELD_BYTES:
                    self._offer("stderr", held[:-_HELD_BYTES])
                    held = held[-_HELD_BYTES:]
        self._last_words = held
        found = re.search(rb"%b (\d+)\r?\n" % self._mark.encode(), held) if self._mark else None
        if found:
            self._code = int(found[1])
            held = held[: found.start()] + held[found.end() :]
        if held:
            self._offer("stderr", held)
        self._offer("stderr", b"")

    def _offer(self, name: str, piece: bytes) -> None:
        """Hand a piece over, unless nobody will take it any more."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._outputs[name].put(piece, timeout=_LOOK_INTERVAL_S)
                return
        # The reader of a closed channel sees its end.
        with contextlib.suppress(queue.Full):
            self._outputs[name].put_nowait(b"")
