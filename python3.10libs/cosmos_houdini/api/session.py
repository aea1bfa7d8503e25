"""The configuration of a project, and the reporter that takes its messages: every handle needs both."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.reporter import Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A project as its jobs and batches see it; it holds no connection, and any thread may use it.

    Attributes:
        config: the merged configuration.
        reporter: takes messages and progress.
    """

    config: Config
    reporter: Reporter

    @property
    def folder(self) -> Path:
        """The folder of the project."""
        return self.config.project

    def client(self) -> AbstractContextManager[Client]:
        """Open the store and connections for one step of work."""
        return open_client(self.config)
