"""A worker that knows the engine ``fake`` too: a few lines of shell that copy a video, after as long as wanted."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from support import FAKE_ENGINE, TESTS


def use_fake_worker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Houdini ring start, instead of the command line, the one that knows the engine."""
    python = folder / "python"
    program = shlex.quote(str(FAKE_ENGINE))
    lines = [
        "#!/bin/sh",
        'if [ "$1" != -m ]; then exec ' + shlex.quote(sys.executable) + ' "$@"; fi',
        "shift 2",
        f"PYTHONPATH=$PYTHONPATH{os.pathsep}{shlex.quote(str(TESTS))}",
        f'export PYTHONPATH; exec {shlex.quote(sys.executable)} {program} "$@"',
    ]
    python.write_text("\n".join(lines) + "\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(python))
