"""Something that an artist can do with results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cosmos_houdini.houdini.windows.job_row import JobRow

Arguments = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Something that can be done with chosen results.

    Attributes:
        label: of its button.
        tip: what it does, in a sentence.
        commands: the worker's commands for the chosen jobs, one after another.
        finish: called on Houdini's own thread with the jobs and what each command printed; what it returns is shown.
        most: how many results it takes.
    """

    label: str
    tip: str
    commands: Callable[[Sequence[JobRow]], list[Arguments]]
    finish: Callable[[Sequence[JobRow], list[str]], str]
    most: int | None = None
