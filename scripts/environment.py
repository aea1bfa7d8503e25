"""Makes the worker environment ``.venv`` from the lock, with the standard library alone.

The environment is made once; a stamp that holds the lock's hash says that it is whole, so a second start installs
nothing. ``scripts/demo`` and ``scripts/test`` share it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
MINIMUM = (3, 10)


def ensure(lock_name: str) -> Path:
    """Return the Python of an environment in which everything of the lock, and this package, is installed.

    Args:
        lock_name: a lock file with hashes at the top of the repository.
    """
    if sys.version_info < MINIMUM:
        sys.exit(f"Python {sys.version.split()[0]} is too old; 3.10 or newer is needed: `python3.12 {sys.argv[0]}`")
    lock = ROOT / lock_name
    stamp = FOLDER / f"{lock_name}.stamp"
    wanted = _fingerprint(lock)
    python = _python()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted and _runs(python):
        return python
    _make(python)
    print(f"installing from {lock_name} into {FOLDER} (once)", flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--require-hashes", "-r", str(lock)])
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    stamp.write_text(wanted, encoding="ascii")
    return python


def program(python: Path, name: str) -> list[str]:
    """Return the argv that starts a module of the environment."""
    return [str(python), "-m", name]


def _fingerprint(lock: Path) -> str:
    parts = [lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _python() -> Path:
    return FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    check = f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return subprocess.run([str(python), "-c", check], capture_output=True, check=False).returncode == 0


def _make(python: Path) -> None:
    if _runs(python):
        return
    print(f"making the environment {FOLDER}", flush=True)
    try:
        venv.create(FOLDER, with_pip=True, clear=FOLDER.exists())
    except (subprocess.CalledProcessError, ImportError):
        sys.exit(
            "this Python cannot make an environment with pip in it; on Debian and Ubuntu "
            f"`apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv` brings what is missing"
        )


def _run(argv: list[str]) -> None:
    code = subprocess.run(argv, check=False).returncode
    if code:
        sys.exit(
            f"the installation failed (exit code {code}); what pip says stands above; start again when it is mended"
        )
