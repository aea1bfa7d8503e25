"""The renders that watchers of a project wait for, and the fate of each complete one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.watch.ledger import DATABASE, Ledger, RenderRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """The ledger of a project at one moment.

    Attributes:
        watchers: processes that watch, with their folders.
        waiting: shots that lack something, with the reason.
        renders: complete renders, the oldest change first.
    """

    watchers: Sequence[Mapping[str, Any]] = ()
    waiting: Sequence[Mapping[str, Any]] = ()
    renders: Sequence[RenderRow] = ()

    def document(self) -> dict[str, Any]:
        """Return the status as ``watch status --json`` prints it."""
        return {
            "watchers": [dict(each) for each in self.watchers],
            "waiting": [dict(each) for each in self.waiting],
            "renders": [row.document() for row in self.renders],
        }

    @property
    def lines(self) -> list[str]:
        """The status for people, a line for each watcher and each render."""
        lines = [f"process {each['pid']} watches {', '.join(each['folders'])}" for each in self.watchers]
        lines += [f"{each['name']}: {each['reason']}  ({each['folder']})" for each in self.waiting]
        for row in self.renders:
            words = [f"frames {row.frames}", str(row.state), row.job, row.message]
            lines.append(f"{row.name}: {', '.join(word for word in words if word)}")
        return lines or ["nothing is watched yet; `cosmos-houdini watch DIR` begins"]


def read_status(project: Path) -> WatchStatus:
    """Return the status of a project; an empty one where nothing was ever watched."""
    if not (project / FOLDER / DATABASE).is_file():
        return WatchStatus()
    with closing(Ledger(project)) as ledger:
        return WatchStatus(watchers=ledger.watchers(), waiting=ledger.waiting(), renders=ledger.rows())
