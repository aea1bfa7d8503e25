"""What the worker knows of a project: where it lies, its default engine, and what parameters each engine has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker

FRESH_S = 30.0
"""Generating a network asks for the same several times, and a changed configuration has to be seen soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project.

    Attributes:
        folder: where the worker is started.
        root: the folder of its configuration and jobs.
        engine: the configured default.
        parameters: of every engine, the default of each parameter by its name.
        synonyms: other names of parameters.
    """

    folder: Path
    root: Path
    engine: str
    parameters: Mapping[str, Mapping[str, str | int | float | bool]]
    synonyms: Mapping[str, str]

    def results(self, name: str) -> Path:
        """Return the folder of a shot's or report's results."""
        return self.root / "cosmos_out" / name


def require_folder(text: str) -> Path:
    """Return the folder that a node names.

    Raises:
        BadInput: there is no such folder.
    """
    if not text or not Path(text).is_dir():
        raise BadInput(f"the project folder {text!r} is no folder", action="save the scene, or set Project Folder")
    return Path(text)


def find_project(folder: str) -> Project:
    """Return the project that a folder belongs to.

    Raises:
        BadInput: there is no such folder, or no worker.
        WorkerTrouble: its configuration cannot be read.
    """
    return _asked(require_folder(folder), int(time.monotonic() // FRESH_S))


@lru_cache(maxsize=16)
def _asked(folder: Path, _period: int) -> Project:
    found = worker.call("config", "show", folder=folder, may_find_fault=True)
    described = found["parameters"]
    return Project(
        folder=folder,
        root=Path(found["project"]),
        engine=found["settings"]["defaults"]["engine"],
        parameters={engine: {known["name"]: known["default"] for known in all_} for engine, all_ in described.items()},
        synonyms={word: known["name"] for all_ in described.values() for known in all_ for word in known["synonyms"]},
    )
