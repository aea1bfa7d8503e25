"""A project as the worker describes it: its folder, its default engine, and the parameters of each engine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.model.project_folders import RESULTS

FRESH_S = 30.0
"""Generating a network reads a project several times; a changed configuration is seen after this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project.

    Attributes:
        folder: working folder of the worker.
        root: the folder of its configuration and jobs.
        engine: the configured default.
        labels: the label of every engine, by its name.
        parameters: for every engine, the default of each parameter by its name.
        synonyms: other names of parameters.
    """

    folder: Path
    root: Path
    engine: str
    labels: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, str | int | float | bool]]
    synonyms: Mapping[str, str]

    def results(self, name: str) -> Path:
        """Return the folder of a shot's or report's results."""
        return self.root / RESULTS / name


def require_folder(text: str) -> Path:
    """Return the project folder that a node names.

    Raises:
        BadInput: there is no such folder.
    """
    if not text or not Path(text).is_dir():
        raise BadInput(f"the project folder {text!r} does not exist", action="save the scene, or set Project Folder")
    return Path(text)


def find_project(folder: str) -> Project:
    """Return the project of a folder.

    Raises:
        BadInput: there is no such folder, or no worker.
        WorkerTrouble: its configuration cannot be read.
    """
    return _read_project(require_folder(folder), int(time.monotonic() // FRESH_S))


@lru_cache(maxsize=16)
def _read_project(folder: Path, _period: int) -> Project:
    found = worker.call("config", folder=folder)
    engines = found["engines"]
    return Project(
        folder=folder,
        root=Path(found["project"]),
        engine=found["settings"]["defaults"]["engine"],
        labels={engine["name"]: engine["label"] for engine in engines},
        parameters={
            engine["name"]: {parameter["name"]: parameter["default"] for parameter in engine["parameters"]}
            for engine in engines
        },
        synonyms={
            word: parameter["name"]
            for engine in engines
            for parameter in engine["parameters"]
            for word in parameter["synonyms"]
        },
    )
