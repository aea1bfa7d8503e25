"""The package in Houdini's preferences: one JSON file in ``packages/`` of each version, with the checkout's path."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.reporter import Reporter

PACKAGE_NAME = "houdini_package.json"
INSTALLED_NAME = "cosmos_houdini.json"
OLDEST, NEWEST_KNOWN = (20, 0), (22, 99)
"""The oldest Houdini that the package's own ``enable`` expression accepts, and the newest that it was written for."""

_ROOT_VARIABLE = "COSMOS_HOUDINI"
_PYTHON_VARIABLE = "COSMOS_HOUDINI_PYTHON"
_VERSION = re.compile(r"(?:houdini)?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The action on one file.

    Attributes:
        file: the package file.
        action: ``written``, ``replaced``, ``unchanged`` or ``removed``.
    """

    file: Path
    action: str

    def document(self) -> dict[str, str]:
        """Return the step as ``install-houdini --json`` prints it."""
        return {"file": str(self.file), "action": self.action}


def preferences(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    documents: Path | None = None,
    platform: str = sys.platform,
) -> tuple[Path, ...]:
    """Return the existing preferences folders of all Houdini versions, the oldest version first.

    On Linux they are ``~/houdiniX.Y``. On Windows they are ``houdiniX.Y`` in the documents folder or in ``$HOME``. On
    macOS they are ``~/Library/Preferences/houdini/X.Y``. On all systems ``$HOUDINI_USER_PREF_DIR`` can name further
    folders; ``__HVER__`` in it means the version.

    Args:
        environ: the environment.
        home: the user's home folder.
        documents: the user's documents folder, which on Windows may be in OneDrive.
        platform: as ``sys.platform`` names it.
    """
    environ = os.environ if environ is None else environ
    home = home or Path.home()
    if platform == "darwin":
        found = set((home / "Library" / "Preferences" / "houdini").glob("*.*"))
    elif platform == "win32":
        # If HOME is set, Houdini uses it as the documents folder.
        places = [documents or home / "Documents", *([Path(environ["HOME"])] if environ.get("HOME") else [])]
        found = {folder for place in places for folder in place.glob("houdini*.*")}
    else:
        found = set(home.glob("houdini*.*"))
    found = {folder for folder in found if _VERSION.fullmatch(folder.name)} | set(_named(environ))
    return tuple(sorted((folder for folder in found if folder.is_dir()), key=lambda f: (version_of(f) or (0, 0), f)))


def version_of(folder: Path) -> tuple[int, int] | None:
    """Return the Houdini version in a preferences folder's name, or None if the name has none.

    >>> version_of(Path("/home/a/houdini20.5")), version_of(Path("/home/a/prefs"))
    ((20, 5), None)
    """
    match = _VERSION.search(folder.name)
    return (int(match[1]), int(match[2])) if match else None


def is_unknown(folder: Path) -> bool:
    """Whether a preferences folder is that of a Houdini which is newer than this package."""
    version = version_of(folder)
    return version is not None and version > NEWEST_KNOWN


def is_supported(folder: Path) -> bool:
    """Whether the Houdini of a preferences folder loads the package; a folder without a version counts as loading."""
    version = version_of(folder)
    return version is None or version >= OLDEST


def install(folder: Path, root: Path, python: Path) -> Step:
    """Write the package into a preferences folder; other packages stay as they are.

    Args:
        folder: the preferences folder; created if it does not exist.
        root: the checkout.
        python: the Python of the worker environment.

    Raises:
        BadInput: another program wrote the file, or a package cannot hold the checkout's path.
    """
    file = folder / "packages" / INSTALLED_NAME
    text = installed_text(root, python)
    before = _read_own(file)
    if before == text:
        return Step(file=file, action="unchanged")
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{INSTALLED_NAME}.{os.getpid()}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
    return Step(file=file, action="written" if before is None else "replaced")


def uninstall(folder: Path) -> Step | None:
    """Remove the package from a preferences folder; return None if there is none.

    Raises:
        BadInput: another program wrote the file there.
    """
    file = folder / "packages" / INSTALLED_NAME
    if _read_own(file) is None:
        return None
    file.unlink()
    return Step(file=file, action="removed")


def install_all(prefs: Path | None, root: Path, python: Path, reporter: Reporter) -> list[Step]:
    """Install the package for every supported Houdini of this user, and return the steps.

    Args:
        prefs: the only preferences folder to use, of any version; None for all folders of the user.
        root: the checkout.
        python: the Python of the worker environment.
        reporter: takes a sentence for each step.

    Raises:
        BadInput: there is no preferences folder, or another program wrote the package file in one of them.
        OSError: one of them cannot be written.
    """
    folders = _find_folders(prefs)
    supported = [folder for folder in folders if prefs or is_supported(folder)]
    for folder in folders:
        if folder not in supported:
            reporter.say(f"{folder} is skipped: the package needs Houdini 20.0 or newer")
        elif is_unknown(folder):
            reporter.say(f"{folder}: a Houdini newer than 22; hython scripts/cosmos_selftest.py says what works there")
    return _do_all(supported, lambda folder: install(folder, root, python), reporter)


def uninstall_all(prefs: Path | None, reporter: Reporter) -> list[Step]:
    """Undo install_all, and return the steps; arguments and errors are the same."""
    return _do_all(_find_folders(prefs), uninstall, reporter)


def _find_folders(prefs: Path | None) -> tuple[Path, ...]:
    if prefs:
        return (prefs.absolute(),)
    import platformdirs  # noqa: PLC0415 - all else here needs the standard library alone

    folders = preferences(documents=platformdirs.user_documents_path())
    if not folders:
        raise BadInput(
            "no Houdini preferences folder was found",
            allowed="~/houdiniX.Y, Documents/houdiniX.Y, ~/Library/Preferences/houdini/X.Y, $HOUDINI_USER_PREF_DIR",
            action="start Houdini once, or name the folder with --prefs",
        )
    return folders


def _do_all(folders: Sequence[Path], act: Callable[[Path], Step | None], reporter: Reporter) -> list[Step]:
    """Do the same in every folder and return the steps; the first error is raised after the last folder."""
    steps, first = [], None
    for folder in folders:
        try:
            step = act(folder)
        except (BadInput, OSError) as error:
            first = first or error
            continue
        if step:
            reporter.say(f"{step.action} {step.file}")
            steps.append(step)
    if first:
        raise first
    return steps


def installed_text(root: Path, python: Path) -> str:
    """Return the text of the checkout's package, with the checkout's own path in it.

    The text also holds the path of the worker's Python if that is outside the checkout's ``.venv``.

    Raises:
        BadInput: there is no package in ``root``, or one of the paths holds a ``$``, which Houdini would expand.
    """
    source = root / PACKAGE_NAME
    if not source.is_file():
        raise BadInput(
            f"{root} is no checkout of cosmos-houdini: it holds no {PACKAGE_NAME}",
            action="clone the repository and run its scripts/install",
        )
    document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    values = [{_ROOT_VARIABLE: root.as_posix()}]
    if root / ".venv" not in python.parents:
        values.append({_PYTHON_VARIABLE: python.as_posix()})
    for name, path in (pair for value in values for pair in value.items()):
        if "$" in path:
            raise BadInput(f"{name}: {path} holds a $, which Houdini expands", action="move it to another folder")
    own = {name for value in values for name in value}
    document["env"] = [*values, *(entry for entry in document["env"] if not own & set(entry))]
    return json.dumps(document, indent=4, ensure_ascii=False) + "\n"


def _named(environ: Mapping[str, str]) -> Iterable[Path]:
    named = environ.get("HOUDINI_USER_PREF_DIR")
    if not named:
        return ()
    path = Path(named)
    if "__HVER__" not in path.name:
        return (path,)
    return (folder for folder in path.parent.glob(path.name.replace("__HVER__", "*")) if version_of(folder))


def _read_own(file: Path) -> str | None:
    """Return the text of a package file of this project, or None where there is no file.

    Raises:
        BadInput: another program wrote the file.
    """
    if not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
        if any(_ROOT_VARIABLE in entry for entry in json.loads(text)["env"]):
            return text
    except (ValueError, KeyError, TypeError):
        pass
    raise BadInput(f"{file} was not written by install-houdini", action="move it away, then run the command again")
