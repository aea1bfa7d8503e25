"""Runs a script as ``hython`` would, with the stand-in for ``hou``: ``python hython.py SCRIPT ARGUMENT...``."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

from support import python_path
from support.houdini import houdini_session


def hython(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, str(Path(__file__)), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": python_path()},
    )


if __name__ == "__main__":
    houdini_session.fresh()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
