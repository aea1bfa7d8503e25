"""The runs of a batch as jobs that can be queued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from cosmos_houdini.cli.batch import expanded
from cosmos_houdini.cli.console import progress_bar, say
from cosmos_houdini.config import Config
from cosmos_houdini.engines import engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.plan.request import build_request, remembering
from cosmos_houdini.plan.sweep import Run
from cosmos_houdini.queue.prepare import prepare
from cosmos_houdini.queue.record import JobRecord

SHOWN_WARNINGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """A batch, and a job for each of its runs.

    Attributes:
        batch: what stands in its file.
        host: where the jobs are for.
        runs: every run in order.
        jobs: of the runs, in the same order; none of them is queued yet.
    """

    batch: BatchSpec
    host: str
    runs: Sequence[Run]
    jobs: Sequence[JobRecord]


def plan_batch(batch: BatchSpec, config: Config, host: str) -> PlannedBatch:
    """Work out every run of a batch and check it; nothing is reached or written.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    runs = expanded(batch).runs
    return PlannedBatch(batch=batch, host=host, runs=runs, jobs=_checked(runs, config, host))


def _checked(runs: Sequence[Run], config: Config, host: str) -> list[JobRecord]:
    """Return the job of every run, and say the warnings.

    Raises:
        BadInput: a run that cannot be run, by name.
    """
    known = engine(runs[0].shared.engine)
    probe = remembering()
    jobs = []
    warnings: defaultdict[str, list[str]] = defaultdict(list)
    with progress_bar("checking", total=len(runs), unit="runs") as advance:
        for run in runs:
            try:
                request, said = build_request(run.run_spec(), known.parameters, probe=probe)
                prepared = prepare(request, config=config, host=host, results=None)
            except BadInput as error:
                problem = error.problem.removeprefix(f"{run.name}: ")
                raise BadInput(f"{run.name}: {problem}", allowed=error.allowed, action=error.action) from error
            jobs.append(prepared.record)
            for warning in (*said, *prepared.warnings):
                warnings[warning].append(run.name)
            advance(1)
    for warning, names in islice(warnings.items(), SHOWN_WARNINGS):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        say(f"warning: {names[0]}{others}: {warning}")
    if len(warnings) > SHOWN_WARNINGS:
        say(f"{len(warnings) - SHOWN_WARNINGS} more warnings are not shown")
    return jobs
