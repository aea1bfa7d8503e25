"""The worker's Python, and the environment in which it is started: nothing of Houdini's own reaches it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]
LIBRARIES = ROOT / "python3.10libs"
PYTHON_VARIABLE = "COSMOS_HOUDINI_PYTHON"

# Houdini sets these for its own Python and Qt; each of them breaks another Python or the programs that it starts.
_HOUDINIS = ("PYTHON", "QT_", "PYSIDE", "SHIBOKEN", "HOUDINI")
_OWN = {
    # The worker runs the very code that Houdini loaded, whatever else its environment holds.
    "PYTHONPATH": str(LIBRARIES),
    # A queue.py or random.py beside the artist's scene must not take the place of the standard library's.
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
}


def worker_python(environ: Mapping[str, str] | None = None) -> Path:
    """Return the Python of the worker environment: ``$COSMOS_HOUDINI_PYTHON``, else that of ``.venv`` in the checkout.

    Raises:
        BadInput: it is not there; the command that makes it is named.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(PYTHON_VARIABLE)
    python = Path(named) if named else default_python(ROOT)
    if not python.is_file():
        raise BadInput(
            f"the worker's Python {python} does not exist" + (f" (${PYTHON_VARIABLE} names it)" if named else ""),
            action=f"click Cosmos > Set Up in Houdini, or make it once in a shell: {install_command(ROOT)}",
        )
    return python


def default_python(root: Path) -> Path:
    """Return where the Python of a checkout's own worker environment is, or would be."""
    return root / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def install_command(root: Path) -> str:
    """Return the line of shell that makes the worker environment and installs the package."""
    return f'{"py -3" if sys.platform == "win32" else "python3"} "{root / "scripts" / "install"}"'


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without Houdini's own variables and without paths into its installation folder ``$HFS``.

    ``$OCIO`` stays: Houdini's own colours are a file in that folder, and no program is loaded from there.

    >>> houdini = {"HFS": "/opt/hfs", "PATH": os.pathsep.join(["/opt/hfs/bin", "/usr/bin"]), "QT_PLUGIN_PATH": "x"}
    >>> clean_environment(houdini)["PATH"]
    '/usr/bin'
    """
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_HOUDINIS)}
    home = environ.get("HFS", "").rstrip("/\\")
    if home:
        homes = _spellings(home)
        outside = {name: value if name == "OCIO" else _outside(value, homes) for name, value in kept.items()}
        kept = {name: value for name, value in outside.items() if value is not None}
    return kept | _OWN


def _spellings(home: str) -> tuple[str, ...]:
    """Return how paths into a folder may begin: as it is named, and as the system names it.

    Houdini names its folder on Windows in 8.3 form (``C:/PROGRA~1``), and others write the long form into ``PATH``.
    """
    return tuple({_spelled(home), _spelled(os.path.realpath(home))})


def _spelled(path: str) -> str:
    # As forward slashes: Houdini writes them on Windows too, where upper and lower case are the same.
    text = path.replace("\\", "/")
    return text.casefold() if sys.platform == "win32" else text


def _outside(value: str, homes: Sequence[str]) -> str | None:
    """Return a value without its entries below one of some folders; None where nothing is left of it."""
    entries = value.split(os.pathsep)
    left = [e for e in entries if not any(f"{_spelled(e)}/".startswith(f"{home}/") for home in homes)]
    if len(left) == len(entries):
        return value
    return os.pathsep.join(left) or None
