"""Makes the worker environment ``.venv`` from a lock, with the standard library alone.

The environment is made once; a stamp that holds the lock's hash says that it is whole, so a second start installs
nothing. ``scripts/demo`` and ``scripts/test`` share it.

uv installs where it can be had, because it is several times faster; pip installs elsewhere. Both compare the hash of
every file with the lock.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
UV_LOCK = ROOT / "requirements-uv.lock"
MINIMUM = (3, 10)
# Settings of pip that say how packages are reached here. uv reads none of them.
_WAYS_OF_PIP = {"index-url", "no-index", "proxy", "trusted-host", "client-cert"}


def ensure(lock_name: str, *, is_quiet: bool = True) -> Path:
    """Return the Python of an environment in which everything of the lock, and this package, is installed.

    Args:
        lock_name: a lock file with hashes at the top of the repository.
        is_quiet: whether the installer's own lines are left out.
    """
    if sys.version_info < MINIMUM:
        sys.exit(f"Python {sys.version.split()[0]} is too old; 3.10 or newer is needed: `python3.12 {sys.argv[0]}`")
    python = python_in(FOLDER)
    if is_ready(lock_name):
        return python
    lock = ROOT / lock_name
    start = time.monotonic()
    print(f"installing {lock_name} into {FOLDER}, once: ", end="", flush=True)
    if not is_quiet:
        print(flush=True)
    installer = _install(lock, ["--quiet"] if is_quiet else [])
    print(f"{installer} took {time.monotonic() - start:.0f} s", flush=True)
    _stamp(lock_name).write_text(_fingerprint(lock), encoding="ascii")
    return python


def remove() -> str:
    """Delete the environment, and return a sentence about it; a folder that is no environment is left alone."""
    if not FOLDER.exists():
        return f"there is no {FOLDER}"
    if not (FOLDER / "pyvenv.cfg").is_file():
        sys.exit(f"{FOLDER} is no environment; it is left as it is")
    shutil.rmtree(FOLDER)
    return f"removed {FOLDER}"


def is_ready(lock_name: str) -> bool:
    """Whether ``ensure`` would install nothing."""
    stamp = _stamp(lock_name)
    wanted = _fingerprint(ROOT / lock_name)
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted and _runs(python_in(FOLDER))


def answer_help(doc: str) -> None:
    """Print the text of a script and end the process, if the command line asks for help."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(doc)
        sys.exit(0)


def program(python: Path, name: str) -> list[str]:
    """Return the argv that starts a module of the environment."""
    return [str(python), "-m", name]


def python_in(folder: Path) -> Path:
    """Return where the Python of an environment is."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def uv_here() -> str | None:
    """Return the program uv, from PATH or from the environment; None where it is in neither."""
    return shutil.which("uv") or shutil.which("uv", path=str(python_in(FOLDER).parent))


def _stamp(lock_name: str) -> Path:
    return FOLDER / f"{lock_name}.stamp"


def _fingerprint(lock: Path) -> str:
    parts = [lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _runs(python: Path, module: str = "sys") -> bool:
    """Whether the environment has a Python of the version that runs this, and a module in it."""
    if not python.exists():
        return False
    check = f"import sys, {module}; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return subprocess.run([str(python), "-c", check], capture_output=True, check=False).returncode == 0


def _install(lock: Path, words: list[str]) -> str:
    """Fill the environment, and return the name of the program that did; ``words`` are further options of it."""
    python = python_in(FOLDER)
    if not _runs(python):
        _make(with_pip=shutil.which("uv") is None)
    uv = uv_here() or _uv_by_pip(python)
    if uv is not None and _install_with_uv(uv, python, lock, words):
        return "uv"
    if not _runs(python, "pip"):
        _make(with_pip=True)
    _install_with_pip(python, lock, words)
    return "pip"


def _make(*, with_pip: bool) -> None:
    try:
        venv.create(FOLDER, with_pip=with_pip, clear=FOLDER.exists())
    except (subprocess.CalledProcessError, ImportError):
        sys.exit(
            "\nthis Python cannot make an environment with pip in it; on Debian and Ubuntu "
            f"`apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv` brings what is missing"
        )


def _uv_by_pip(python: Path) -> str | None:
    """Let pip install uv into the environment; return None where pip cannot, or must install all the rest too."""
    pip = [*program(python, "pip"), "--disable-pip-version-check"]
    configured = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    if any(line.partition("=")[0].rpartition(".")[2] in _WAYS_OF_PIP for line in configured.stdout.splitlines()):
        return None
    install = [*pip, "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(UV_LOCK)]
    done = subprocess.run(install, capture_output=True, check=False)
    return uv_here() if done.returncode == 0 else None


def _install_with_uv(uv: str, python: Path, lock: Path, words: list[str]) -> bool:
    install = [uv, "pip", "install", *words, "--python", str(python)]
    for argv in (
        [*install, "--require-hashes", "-r", str(lock)],
        [*install, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            print(f"\nuv failed, so pip is tried. uv says:\n{done.stderr.strip()}", flush=True)
            return False
        if not words:
            print(done.stderr.strip(), flush=True)
    return True


def _install_with_pip(python: Path, lock: Path, words: list[str]) -> None:
    pip = [*program(python, "pip"), "--disable-pip-version-check", "install", *words]
    for argv in (
        [*pip, "--require-hashes", "-r", str(lock)],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    ):
        code = subprocess.run(argv, check=False).returncode
        if code:
            sys.exit(
                f"the installation failed (exit code {code}); pip's own words stand above; correct that and start again"
            )
