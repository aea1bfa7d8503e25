"""Runs a script as ``hython`` would, with the stand-in for ``hou``: ``python hython.py SCRIPT ARGUMENT...``."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import houdini_session
from cosmos_houdini.houdini.environment import LIBRARIES


def hython(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, str(Path(__file__)), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(LIBRARIES)},
    )


if __name__ == "__main__":
    houdini_session.fresh()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
