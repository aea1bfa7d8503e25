"""Every script answers ``--help`` in any Python, without Houdini, and without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython.command_lines import PARSERS

LIBRARIES = {"environment.py", "externaldragdrop.py"}
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.name not in LIBRARIES)


def call(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start a script as a person does who has neither Houdini nor the package on the module path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        # Without site packages, nothing of this environment helps.
        [sys.executable, "-S", "-E", str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**clean, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
        timeout=120,
    )


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the size and the time of every file of the repository that a script could write."""
    found = [path for path in folder.iterdir() if path.name[0] != "." and path.name != "tests"]
    files = [file for path in found for file in ([path] if path.is_file() else path.rglob("*"))]
    kept = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in kept}


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_is_printed_and_nothing_is_written(name: str) -> None:
    before = state(ROOT)
    done = call(ROOT / "scripts" / name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) > 60
    assert state(ROOT) == before


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_a_script_for_hython_says_so_in_another_python(name: str) -> None:
    words = (
        ["shot.hip"] if name in {"cook", "scene"} else [] if name == "selftest" else ["shot.hip", "--prompt", "rain"]
    )
    done = call(ROOT / "scripts" / f"cosmos_{name}.py", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"error: cosmos_{name}.py needs Houdini's Python; run it with `hython scripts/cosmos_{name}.py`\n"
    )
