"""Figures of a benchmark, each beside the number that it is compared with, and its target.

``./scripts/bench NAME`` runs a benchmark; its module has one function ``measure``, which returns the figures.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "opencolorio", "openexr", "openimageio", "opencv-python-headless", "optuna", "paramiko", "pillow")


class NotMeasured(Exception):
    """This machine lacks what the benchmark compares with; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        name: what was measured.
        ours: the number of this package, in ``unit``.
        unit: of both numbers, as in ``s``.
        other: the number of what it is compared with.
        beside: what it is compared with.
        ratio_limit: the target of ``ours / other``: at most so much.
        limit: the target of ``ours``: at most so much.
        at_least: the target of ``ours``: no less.
    """

    name: str
    ours: float
    unit: str
    other: float | None = None
    beside: str = ""
    ratio_limit: float | None = None
    limit: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the other number ours is."""
        return self.ours / self.other if self.other else None

    @property
    def ok(self) -> bool:
        """Whether every target is reached; a figure without one is there to be read."""
        ratio = self.ratio
        return (
            (self.ratio_limit is None or (ratio is not None and ratio <= self.ratio_limit))
            and (self.limit is None or self.ours <= self.limit)
            and (self.at_least is None or self.ours >= self.at_least)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it for JSON, rounded to four digits."""
        told = {**asdict(self), "ratio": self.ratio, "ok": self.ok}
        return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in told.items()}


def seconds(argv: Sequence[str | Path], **options: Any) -> float:  # noqa: ANN401 - those of subprocess.run
    """Return the wall time of a program that must succeed; what it prints is thrown away."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in argv], check=False, capture_output=True, **options)
    taken = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{argv} ended with exit code {done.returncode}: {done.stderr.decode(errors='replace')}")
    return taken


def by_turns(sides: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median of what each side measures; they take turns, so that all of them meet the same load."""
    told = [[side() for side in sides] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*told, strict=True)]


def surroundings() -> dict[str, dict[str, str]]:
    """Return what the figures depend on: the machine, and the versions of what ran."""
    memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB" if os.name != "nt" else ""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{memory}"
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "machine": {"machine": machine, "processor": _processor()},
        "versions": {"cosmos-houdini": _own_version(), "Python": platform.python_version(), **versions},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor()


def _own_version() -> str:
    from cosmos_houdini import __version__  # noqa: PLC0415 - scripts/bench, which has no package, imports this module

    return __version__


def run(name: str) -> int:
    """Run the benchmark of a name and print its figures as JSON; exit code 3 says that this machine lacks something."""
    try:
        found: Sequence[Figure] = importlib.import_module(name).measure()
    except NotMeasured as reason:
        print(reason, file=sys.stderr)
        return 3
    print(json.dumps({"figures": [figure.to_dict() for figure in found], **surroundings()}), flush=True)
    return 0
