"""A worker that has the engine ``fake`` too: a few lines of shell that copy a video after a given time."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import LIBRARIES
from support import TESTS


def use_fake_worker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Houdini's side start the worker that has the engine."""
    python = folder / "python"
    program = shlex.quote(
        "import sys; "
        f"sys.path[:0] = [{str(LIBRARIES)!r}, {str(TESTS)!r}]; "
        "from support.engines import fake_engine; fake_engine.register(); "
        "from cosmos_houdini.worker.program import main; sys.exit(main())"
    )
    lines = [
        "#!/bin/sh",
        # The worker's own call, and not that of a work item's program.
        'if [ "$2" != -X ]; then exec ' + shlex.quote(sys.executable) + ' "$@"; fi',
        f"PYTHONPATH=$PYTHONPATH{os.pathsep}{shlex.quote(str(TESTS))}",
        f"export PYTHONPATH; exec {shlex.quote(sys.executable)} -I -u -c {program}",
    ]
    python.write_text("\n".join(lines) + "\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(python))
