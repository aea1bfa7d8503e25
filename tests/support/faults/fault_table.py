"""A table of faults: what goes wrong, and how the job has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Attributes:
        name: what goes wrong.
        on: the kind of host: one of MARKS.
        happen: lets it happen, and does what the user would do then.
        ends: the state in which the job is afterwards.
        why: the class of its failure.
        starts: how often its program was started; None where that cannot be counted.
        full_disk: whether ``happen`` is given a small disk.
    """

    name: str
    on: str
    happen: Callable[..., None]
    ends: str
    why: str | None
    starts: int | None
    full_disk: bool


MARKS = {
    "here": (),
    "ssh": (pytest.mark.sshd,),
    "docker": (pytest.mark.docker,),
    "cluster": (pytest.mark.slurm,),
    "far_cluster": (pytest.mark.slurm, pytest.mark.sshd),
}


class Table(list[Fault]):
    """Rows in the order in which they were written."""

    def fault(
        self,
        name: str,
        *,
        on: str = "here",
        ends: str = "succeeded",
        why: str | None = None,
        starts: int | None = 1,
        full_disk: bool = False,
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Add a row."""

        def added(happen: Callable[..., None]) -> Callable[..., None]:
            self.append(Fault(name=name, on=on, happen=happen, ends=ends, why=why, starts=starts, full_disk=full_disk))
            return happen

        return added
