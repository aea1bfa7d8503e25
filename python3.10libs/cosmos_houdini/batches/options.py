"""The options of a run of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """The options of a run of a batch; a limit that is None comes from the section ``overnight`` of the configuration.

    Attributes:
        max_parallel: most runs at a time, 1 or more; None for one per GPU, or all of them on Slurm.
        window: times of day between which runs are started, as in ``22:00-07:00``.
        gpu_hours: the most GPU hours that all attempts may take, above 0.
        max_cost: the most that all attempts may cost, above 0, at the host's price and in ``defaults.currency``.
        table: the CSV file to write, one row for each run; None for ``cosmos_out/NAME.csv`` in the project.
        log: the file with the messages of a detached process; empty if a person reads them.
        resume_command: the command that continues the batch; empty for a command from its file.
        ratings: a file of ratings that chooses the further runs of an adaptive batch; None for their scores.
        folder: the folder in which the summary's commands work; None for the project.
    """

    max_parallel: int | None = None
    window: str | None = None
    gpu_hours: float | None = None
    max_cost: float | None = None
    table: Path | None = None
    log: str = ""
    resume_command: str = ""
    ratings: Path | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a number of runs out of range."""
        if self.max_parallel is not None and self.max_parallel < 1:
            raise BadInput(f"max_parallel = {self.max_parallel}", allowed="a whole number of at least 1")
