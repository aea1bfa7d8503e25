"""A report in memory: runs in order, their common values, and the best ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.report.entry import ReportEntry
from cosmos_houdini.report.folder import SCHEMA
from cosmos_houdini.report.table import sum_costs
from cosmos_houdini.report.weighting import DEFAULT, Weighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One page of the grid, as files of the report's folder.

    Attributes:
        picture: middle frames, as PNG.
        video: the same page as a video; empty where no run of it has a result, or where the report has several pages.
        size: width and height of both in pixels.
    """

    picture: str
    video: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report of some runs.

    Attributes:
        name: the name of the report.
        folder: of the report on disk.
        entries: the runs, in the order of the batch.
        varied: names of the settings that are not the same for all of them.
        grids: pages of the grid.
        currency: of all costs; may be empty.
        weighting: gave the scores by which runs are ranked.
    """

    name: str
    folder: Path
    entries: tuple[ReportEntry, ...]
    varied: tuple[str, ...]
    grids: tuple[Grid, ...]
    currency: str = ""
    weighting: Weighting = DEFAULT

    @property
    def best(self) -> list[ReportEntry]:
        """The runs that have a score, the best first."""
        return sorted((entry for entry in self.entries if entry.rank), key=lambda entry: entry.rank or 0)

    @property
    def is_preview(self) -> bool:
        """Whether any of the runs was made without a model."""
        return any(entry.is_preview for entry in self.entries)

    @property
    def states(self) -> dict[str, int]:
        """How many runs are in each state."""
        return dict(Counter(entry.state for entry in self.entries))

    @property
    def seconds(self) -> float:
        """The time of all attempts of all runs."""
        return round(sum(entry.row.seconds or 0.0 for entry in self.entries if entry.row), 3)

    @property
    def cost(self) -> float | None:
        """The cost of that time; None where no run's host had a price, or where prices had several currencies."""
        return sum_costs(entry.row for entry in self.entries if entry.row)

    def document(self, files: Sequence[str]) -> dict[str, Any]:
        """Return the content of ``report.json``.

        Args:
            files: all files of the report, by their names relative to its folder.
        """
        ranked = [entry.document() for entry in self.best]
        return {
            "schema": SCHEMA,
            "name": self.name,
            "totals": {
                "runs": len(self.entries),
                "states": self.states,
                "seconds": self.seconds,
                "cost": self.cost,
                "currency": self.currency,
            },
            "varied": list(self.varied),
            "score": self.weighting.text,
            "best": [{key: run[key] for key in ("rank", "run", "job", "score", "parameters")} for run in ranked],
            "runs": [entry.document() for entry in self.entries],
            "files": sorted(files),
        }
