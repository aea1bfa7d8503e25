"""The tests' workshop: real servers, stand-ins for what cannot be had, and builders of files, one folder a subject."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
LIBRARIES = ROOT / "python3.10libs"
FAKE_ENGINE = TESTS / "support" / "engines" / "fake_engine.py"
"""Started as a program, it is the command line with the engine ``fake`` in its registry."""


def python_path(*more: object) -> str:
    """Return a PYTHONPATH for a process that imports the product and this workshop."""
    return os.pathsep.join([*map(str, more), str(TESTS), str(LIBRARIES)])
