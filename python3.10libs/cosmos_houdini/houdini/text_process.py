"""A child process whose output is read as text, without a window on Windows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def without_window() -> dict[str, Any]:
    """Return the options of a process that opens no window of its own."""
    own: dict[str, Any] = {}
    if sys.platform == "win32":
        own = {"creationflags": subprocess.CREATE_NO_WINDOW}
    return own


def start_text_process(
    argv: Sequence[str],
    *,
    folder: Path | None,
    environ: Mapping[str, str],
    stdin: int,
    stderr: int,
    has_own_session: bool = False,
) -> subprocess.Popen[str]:
    """Start a program; its standard output is a pipe of UTF-8.

    Args:
        argv: program and arguments.
        folder: working folder; None for that of this process.
        environ: environment.
        stdin: as for ``subprocess.Popen``.
        stderr: as for ``subprocess.Popen``.
        has_own_session: whether an interrupt in the terminal does not reach it; Windows has no sessions.

    Raises:
        OSError: it does not start.
    """
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=environ,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=has_own_session and sys.platform != "win32",
        **without_window(),
    )
