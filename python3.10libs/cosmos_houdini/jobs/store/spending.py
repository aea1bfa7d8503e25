"""The time that a batch has used so far, running attempts included, and its cost."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.jobs.store.jobs import Store

SECONDS_PER_HOUR = 3600.0

# Jobs that share a process run one after the other, so they count as one. A waiting job uses no time yet.
_ATTEMPTS = """
SELECT coalesce(max(json_extract(request, '$.num_gpu')), 1) AS gpus, count(ended_at) AS ended,
    coalesce(sum(max(0, ended_at - started_at)), 0) AS ended_s,
    count(DISTINCT CASE WHEN ended_at IS NULL THEN coalesce(nullif(shared_process, ''), id) END) AS running,
    coalesce(sum(CASE WHEN ended_at IS NULL THEN max(0, :now - started_at) END), 0) AS running_s
FROM jobs JOIN attempts ON job = id
WHERE batch = :batch AND host = :host AND started_at IS NOT NULL
    AND (ended_at IS NOT NULL OR (number = attempt AND state IN ('pending', 'running', 'collecting')))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Sums over the attempts of a batch on one host.

    An attempt lasts from the start of its program until a client sees its end.

    Attributes:
        ended: number of attempts that have ended.
        ended_s: seconds that the ended attempts took.
        running: number of attempts that run now.
        running_s: seconds that the running attempts have taken so far.
        gpus: number of GPUs of each run.
    """

    ended: int = 0
    ended_s: float = 0.0
    running: int = 0
    running_s: float = 0.0
    gpus: int = 1

    @property
    def seconds(self) -> float:
        """Seconds of all attempts until now."""
        return self.ended_s + self.running_s

    @property
    def with_one_more_s(self) -> float:
        """The total seconds once all running attempts and one more have taken the mean time.

        Before the first attempt has ended, this is the seconds of all attempts until now.
        """
        if not self.ended:
            return self.seconds
        usual_s = self.ended_s / self.ended
        return self.ended_s + max(self.running_s, self.running * usual_s) + usual_s

    def gpu_hours(self, seconds: float) -> float:
        """Return the GPU hours that ``seconds`` of runs use."""
        return seconds * self.gpus / SECONDS_PER_HOUR


def cost_of(seconds: float, price_per_hour: float) -> float:
    """Return the cost of ``seconds`` of runs, at the price of one hour of a run."""
    return seconds / SECONDS_PER_HOUR * price_per_hour


def format_cost(cost: float, currency: str) -> str:
    """Return a cost as people read it.

    >>> format_cost(12.5, "EUR"), format_cost(12.5, "")
    ('12.50 EUR', '12.50')
    """
    return f"{cost:.2f} {currency}".rstrip()


def read_spending(store: Store, batch: str, host: str, now: float) -> Spending:
    """Return the time that a batch has used on a host until ``now``, in seconds since the epoch."""
    (row,) = store.rows(_ATTEMPTS, {"batch": batch, "host": host, "now": now})
    return Spending(**dict(row))
