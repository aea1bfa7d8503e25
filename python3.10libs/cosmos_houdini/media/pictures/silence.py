"""Drops what a library prints on standard output, where programs expect a JSON document and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any, TextIO, cast

_lock = Lock()
# The threads that are silent now, each as often as it has asked for it.
_silent: list[int] = []
_replaced: Any = None


@contextmanager
def silent_output() -> Iterator[None]:
    """Drop what this thread prints on ``sys.stdout``; other threads print as before."""
    with _lock:
        _enter()
    try:
        yield
    finally:
        with _lock:
            _leave()


def _enter() -> None:
    global _replaced  # noqa: PLW0603 - standard output is global itself
    if not _silent:
        _replaced = sys.stdout
        sys.stdout = cast("TextIO", _Sieve(_replaced))
    _silent.append(get_ident())


def _leave() -> None:
    _silent.remove(get_ident())
    # Somebody else may have replaced it meanwhile, and restores it later.
    if not _silent and isinstance(sys.stdout, _Sieve):
        sys.stdout = _replaced


class _Sieve:
    """A stream that drops the text of silent threads."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - any stream, or None where there is no console
        self._stream = stream

    def write(self, text: str) -> int:
        if get_ident() not in _silent and self._stream is not None:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as of the stream
        return getattr(self._stream, name)
