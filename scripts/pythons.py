"""The Pythons that this package promises to run on, and where they are on this machine; standard library alone."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Some builds of Python lack a module because a library of the system was missing.
_NEEDED = "import ctypes, lzma, sqlite3, ssl, venv"


def supported() -> tuple[str, ...]:
    """Return the promised versions, oldest first, as in ``3.10``; pyproject.toml names them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tuple(re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text))


def find(version: str) -> str | None:
    """Return a Python of a version like ``3.10``, or None where this machine has none that works."""
    named = shutil.which(f"python{version}")
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    others = sorted(map(str, versions.glob(f"{version}.*/bin/python{version}")), reverse=True)
    return next((each for each in [sys.executable, named, *others] if each and _is(each, version)), None)


def of_commit(commit: str) -> str:
    """Return the version that all tests of a commit run on, so that commits share the versions out among themselves.

    >>> len({of_commit(f"{number:08x}") for number in range(4)})
    4
    """
    versions = supported()
    return versions[int(commit[:8], 16) % len(versions)]


def _is(python: str, version: str) -> bool:
    check = f"import sys; {_NEEDED}; sys.exit('{version}' != '%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Print the Python for a commit, or of a version like 3.13, and say on standard error which it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("asked", metavar="COMMIT|VERSION", help="a commit's hash, or a version like 3.13")
    asked: str = parser.parse_args().asked
    version = asked if asked in supported() else of_commit(asked)
    found = find(version)
    own = ".".join(map(str, sys.version_info[:2]))
    missing = f"; this machine has none that works, so {own} runs them" if found is None else ""
    print(f"all tests run on Python {version}{missing}", file=sys.stderr)
    print(found or sys.executable)


if __name__ == "__main__":
    main()
