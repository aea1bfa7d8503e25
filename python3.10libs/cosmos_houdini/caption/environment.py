"""The Python in which captioning models run: an environment of its own, made on first use with the user's yes."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import filelock
import platformdirs

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.user_path import expand_user

LOCK = Path(__file__).with_name("requirements-caption.lock")
TORCH = ("torch==2.13.0", "torchvision==0.28.0")
"""They come without a hash: builds for a GPU and for a CPU alone are different files."""
_SIZE = "about 1 GB with torch for a CPU, 5 GB with torch for a GPU"
_DONE = "installed.lock"


def environment_folder() -> Path:
    """Return the folder of the environment that this module makes."""
    return platformdirs.user_data_path("cosmos-houdini", appauthor=False) / "caption"


def find_python(config: Config) -> Path:
    """Return the Python of captioning models.

    Raises:
        BadInput: ``caption.python`` of the configuration names no file, or there is no environment yet.
    """
    if configured := config.settings.caption.python:
        python = expand_user(configured)
        if not python.is_file():
            raise BadInput(f"caption.python of the configuration names {configured}, which is no file")
        return python
    folder = environment_folder()
    if not is_made(folder):
        raise BadInput(
            f"captions need an environment of their own in {folder}, {_SIZE}",
            action="`cosmos-houdini caption --install` makes it where there is a network; or name a Python with torch "
            "and transformers as caption.python",
        )
    return python_of(folder)


def is_made(folder: Path) -> bool:
    """Whether a folder holds the environment of this version's lock, whole."""
    done = folder / _DONE
    return done.is_file() and done.read_bytes() == LOCK.read_bytes() and python_of(folder).exists()


def make_environment(folder: Path, reporter: Reporter) -> Path:
    """Make the environment from its lock and return its Python; one that is there is taken.

    Raises:
        ToolError: pip failed; the next call begins again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder.with_name(f"{folder.name}.lock")):
        if is_made(folder):
            return python_of(folder)
        reporter.say(f"making the environment of captioning models in {folder}: {_SIZE}")
        venv.create(folder, clear=True, with_pip=True)
        _install(folder, ["--no-deps", "--require-hashes", "-r", str(LOCK)])
        _install(folder, list(TORCH))
        (folder / _DONE).write_bytes(LOCK.read_bytes())
    return python_of(folder)


def python_of(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what would load another Python's packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _install(folder: Path, arguments: list[str]) -> None:
    argv = [str(python_of(folder)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=clean_environment(), errors="replace")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise ToolError(
            "pip could not install what captions need",
            detail=lines[-1] if lines else "",
            action="check the network, and that pip finds a package index; then run it again",
        )
