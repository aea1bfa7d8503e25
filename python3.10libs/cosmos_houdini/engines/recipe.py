"""How a host is made ready for an engine: the checkout, its environment or image, and the weights, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Files of one repository of the Hugging Face Hub.

    Attributes:
        repository: its name, such as ``nvidia/Cosmos-Guardrail1``.
        revision: a branch, tag or commit.
        files: patterns of the files that are used, as ``fnmatch`` reads them.
        folder: the folder below ``engine_path`` that gets them; empty for the Hub's cache.
    """

    repository: str
    revision: str = "main"
    files: tuple[str, ...] = ("*",)
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a host is made ready for an engine.

    Attributes:
        repository: the URL of the git repository that ``engine_path`` becomes a checkout of; empty for none.
        commit: the full hash of the commit that this project was written for.
        environment: commands that make the environment of a process, run in ``engine_path``; empty if none are known.
        image: whether the checkout has a Dockerfile.
        weights: the files that the engine loads.
        cache: the folder below ``engine_path`` with the Hub's cache.
        settings: keys of the host that the environment needs; ``{engine_path}`` stands for that folder.
    """

    repository: str = ""
    commit: str = ""
    environment: tuple[tuple[str, ...], ...] = ()
    image: bool = False
    weights: tuple[Weights, ...] = ()
    cache: str = "checkpoints"
    settings: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class PreparableEngine(Protocol):
    """An engine for which ``setup-host`` can make a host ready."""

    @property
    def recipe(self) -> Recipe:
        """How a host is made ready."""
