"""The time and the money that a run will take: by the runs of the same engine on its host, else by published times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.jobs import DATABASE, FOLDER, Store
from cosmos_houdini.jobs.store.spending import cost_of, format_cost
from cosmos_houdini.model.request import FramePlan, InferenceRequest

MOST_RUNS = 20
_MADE = """
SELECT id, (SELECT ended_at - started_at FROM attempts WHERE job = id AND number = attempt) AS seconds
FROM jobs WHERE engine = ? AND host = ? AND state = 'succeeded' ORDER BY updated_at DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The time and the money that runs will take.

    Attributes:
        seconds: of all runs, one after the other, on the GPUs of a run; None where nobody has measured a time.
        cost: at the host's price; None where time or price are unknown.
        currency: of the cost; may be empty.
        host: the name of the host.
        runs: the number of earlier runs that the time comes from; 0 for a published time.
    """

    seconds: float | None
    cost: float | None
    currency: str
    host: str
    runs: int

    @property
    def sentence(self) -> str:
        """The time, its source and the money in one sentence."""
        if self.seconds is None:
            return f"no time is published or measured for it on {self.host}, so the cost is unknown"
        source = f"by {self.runs} earlier run{'s' * (self.runs != 1)} there" if self.runs else "by published times"
        time = f"about {timedelta(seconds=round(self.seconds))} on {self.host}, {source}"
        if self.cost is None:
            return f"{time}; hosts.{self.host}.price_per_hour is not set, so the cost is unknown"
        return f"{time}; {format_cost(self.cost, self.currency)}"


def expect(config: Config, host: str, requests: Iterable[InferenceRequest]) -> Expectation:
    """Return what runs of one engine will take on a host; the store is only read, and no host is reached.

    Args:
        config: the configuration, with the host's price and the project.
        host: the name of the host.
        requests: at least one, all of one engine.

    Raises:
        BadInput: the configuration has no such host.
    """
    _, settings = config.settings.host(host)
    wanted = list(requests)
    engine = find_engine(wanted[0].engine)
    plans = [(engine.plan(request), request) for request in wanted]
    paces = list(_paces(config, engine.name, host))
    published = all(plan.estimate_s is not None for plan, _ in plans)
    seconds = None
    if paces:
        seconds = median(paces) * sum(_work(plan, request) for plan, request in plans)
    elif published:
        seconds = sum(plan.estimate_s or 0.0 for plan, _ in plans)
    price = settings.price_per_hour
    return Expectation(
        seconds=seconds,
        cost=None if seconds is None or price is None else cost_of(seconds, price),
        currency=config.settings.defaults.currency,
        host=host,
        runs=len(paces),
    )


def _paces(config: Config, engine: str, host: str) -> Iterator[float]:
    """Yield the seconds for a unit of work of each earlier run."""
    path = config.project / FOLDER / DATABASE
    if not path.is_file():
        return
    with closing(Store(path)) as store:
        found = {row["id"]: row["seconds"] for row in store.rows(_MADE, (engine, host, MOST_RUNS))}
        records = store.records(found)
    for record in records:
        try:
            request = record.inference()
            work = _work(find_engine(engine).plan(request), request)
        except BadInput:
            # An earlier version of the engine took other values.
            continue
        if work > 0 and (found[record.id] or 0) > 0:
            yield found[record.id] / work


def _work(plan: FramePlan, request: InferenceRequest) -> float:
    """Return the amount of work in a plan: its published seconds, else chunks, steps and pixels."""
    if plan.estimate_s is not None:
        return plan.estimate_s
    frames = plan.chunks * plan.frames_per_chunk
    return frames * plan.size[0] * plan.size[1] * float(request.parameters.get("num_steps", 1))
