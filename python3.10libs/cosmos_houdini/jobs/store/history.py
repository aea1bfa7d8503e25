"""The durations of past jobs, and the estimates for later jobs that follow from them."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmos_houdini.jobs.store.jobs import Store

LATEST = 500
"""This many finished jobs are enough to know a host; older jobs ran with older drivers and software."""

_TAKEN = """
SELECT engine, json_extract(request, '$.video.frames') AS frames,
    json_extract(request, '$.parameters.num_steps') AS steps, ended_at - started_at AS seconds
FROM jobs JOIN attempts ON job = id AND number = attempt
WHERE state = 'succeeded' AND host = ? AND started_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?
"""
_LEFT = """
SELECT engine, json_extract(request, '$.video.frames') AS frames,
    json_extract(request, '$.parameters.num_steps') AS steps, started_at, count(*) AS jobs
FROM jobs LEFT JOIN attempts ON job = id AND number = attempt
WHERE batch = ? AND host = ? AND state IN ('queued', 'staging', 'pending', 'running', 'collecting')
GROUP BY engine, frames, steps, started_at
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """The properties that decide how long a job takes on a host; ``steps`` is None for engines without steps."""

    engine: str
    frames: int
    steps: int | None

    @property
    def work(self) -> float:
        """Frames times steps; the time of a job is roughly proportional to this product."""
        return float(self.frames * (self.steps or 1))


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds that jobs have taken on one host, by kind, from their start on the host until their verified end."""

    seconds: Mapping[Kind, float] = field(default_factory=dict)

    def expected_s(self, kind: Kind) -> float | None:
        """Return the expected seconds of a job of this kind; None if no job of its engine is known.

        They are the median of jobs of the same kind. Without such jobs, they are the median of seconds per unit of work
        over all kinds of the same engine, times the work of this kind.

        >>> known = Durations({Kind("transfer1", 121, 35): 600.0})
        >>> known.expected_s(Kind("transfer1", 121, 35)), known.expected_s(Kind("transfer1", 242, 35))
        (600.0, 1200.0)
        >>> known.expected_s(Kind("preview", 121, 35)) is None
        True
        """
        if kind in self.seconds:
            return self.seconds[kind]
        paces = [seconds / known.work for known, seconds in self.seconds.items() if known.engine == kind.engine]
        return statistics.median(paces) * kind.work if paces else None


def durations(store: Store, host: str) -> Durations:
    """Return how long jobs have taken on a host."""
    taken: defaultdict[Kind, list[float]] = defaultdict(list)
    for row in store.rows(_TAKEN, (host, LATEST)):
        taken[Kind(row["engine"], row["frames"], row["steps"])].append(row["seconds"])
    return Durations({kind: statistics.median(seconds) for kind, seconds in taken.items()})


def estimate_left_s(store: Store, batch: str, host: str, max_parallel: int) -> float | None:
    """Return the seconds until a batch ends at the host's measured pace; None where no similar job has run.

    Args:
        store: the store.
        batch: name of the batch.
        host: where it runs.
        max_parallel: how many of its jobs are active at a time.
    """
    known = durations(store, host)
    total = longest = 0.0
    for row in store.rows(_LEFT, (batch, host)):
        expected_s = known.expected_s(Kind(row["engine"], row["frames"], row["steps"]))
        if expected_s is None:
            return None
        run_s = 0.0 if row["started_at"] is None else time.time() - row["started_at"]
        each_s = max(0.0, expected_s - run_s)
        longest = max(longest, each_s)
        total += each_s * row["jobs"]
    return max(total / max_parallel, longest)
