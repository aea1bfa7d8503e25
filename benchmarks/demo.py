"""From a clean clone to the result of the demonstration: the first command that a stranger runs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, NotMeasured, seconds

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 45.0


def measure() -> list[Figure]:
    """Clone, install what the lock names, and make the demonstration; then make it once more."""
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "clone"
        if subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=False).returncode:
            raise NotMeasured("this folder is no clone of the repository: nothing to clone from")
        base = str(Path(sys.base_prefix) / ("python.exe" if sys.platform == "win32" else "bin/python3"))
        first, again = (seconds([base, clone / "scripts" / "demo", "-o", folder], cwd=clone) for folder in "ab")
    return [
        Figure(name="from a clean clone to the result of the demonstration", ours=first, unit="s", limit=TARGET_S),
        Figure(name="the demonstration alone", ours=again, unit="s"),
    ]
