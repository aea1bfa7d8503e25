"""The next sweep of a batch, around the runs that somebody chose."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cosmos_houdini.batches.plan import expand_batch
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.price import Price
from cosmos_houdini.jobs.store.spending import cost_of, format_cost
from cosmos_houdini.model.batch import MAX_RUNS, BatchItem, BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.report.entry import ReportEntry, find_result
from cosmos_houdini.report.make import find_batch_entries
from cosmos_houdini.report.ratings import read_ratings
from cosmos_houdini.report.table import Row
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.batch_file import load_batch, save_batch
from cosmos_houdini.sweeps.narrow import SEEDS, narrow
from cosmos_houdini.sweeps.parameter_names import ParameterNames
from cosmos_houdini.sweeps.variation import SEED

BEST = 3
"""How many runs count where nobody chose: those of the highest score."""
_RUNS_FOR_EACH = 8
_SUFFIX = ".batch.yaml"
# A sampler that needs lists alone, or earlier points, may not fit narrowed values.
_KEPT_SAMPLERS = frozenset({"random", "latin_hypercube", "sobol"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSweep:
    """A sweep around chosen runs.

    Attributes:
        batch: the new batch.
        chosen: names of the runs that it is around.
        reasons: a sentence for each value: what becomes of it, and why.
        runs: how many runs it makes, for all its items.
        expected_s: seconds that these take at the mean of the earlier runs' time; None where no run has ended.
        cost: of this time at the price of the chosen runs' host; None without a price.
        currency: of the cost; may be empty.
    """

    batch: BatchSpec
    chosen: tuple[str, ...]
    reasons: tuple[str, ...]
    runs: int
    expected_s: float | None
    cost: float | None
    currency: str

    def sentence(self) -> str:
        """Return what the sweep takes, as people read it."""
        around = f"{self.runs} runs around {', '.join(self.chosen)}"
        if self.expected_s is None:
            return f"{around}; nothing is known of their time"
        cost = "" if self.cost is None else f", {format_cost(self.cost, self.currency)}"
        return (
            f"{around}; about {timedelta(seconds=round(self.expected_s))} of GPU time{cost}, as the earlier ones took"
        )

    def document(self) -> dict[str, Any]:
        """Return it as ``next --json`` prints it."""
        return {
            "batch": self.batch.name,
            "chosen": list(self.chosen),
            "reasons": list(self.reasons),
            "runs": self.runs,
            "expected_s": self.expected_s,
            "cost": self.cost,
            "currency": self.currency,
        }


def write_next(
    client: Client,
    file: Path,
    reporter: Reporter,
    *,
    around: Sequence[str] = (),
    picked: Path | None = None,
    count: int | None = None,
    output: Path | None = None,
    host: str | None = None,
) -> tuple[Path, NextSweep]:
    """Write the next sweep of a batch as a file of its own, and return both.

    Args:
        client: of the project.
        file: of the earlier batch.
        reporter: takes messages.
        around: names of runs to narrow the values around.
        picked: a file of ratings, whose picked runs count; with neither, the runs of the highest score count.
        count: runs for each item; None for the earlier count, or eight for each chosen run.
        output: the file to write; None for ``NAME-next.batch.yaml`` beside the earlier one, or the next free name.
        host: of the earlier runs; None for the one where they ran last.

    Raises:
        BadInput: a run that does not exist or has no result, a file of ratings of another batch, no chosen run, or a
            file that exists already; nothing is written.
    """
    batch = load_batch(file)
    if count is not None and not 1 <= count <= MAX_RUNS:
        raise BadInput(f"count = {count}", allowed=f"a whole number from 1 to {MAX_RUNS}")
    entries = find_batch_entries(client, batch, reporter, file=file, host=host)
    chosen = _choose(client, entries, around, picked)
    target = output or _free_name(file)
    if target.exists():
        raise BadInput(f"{target} exists already", action="name another file with -o")
    name = target.name.removesuffix(".yaml").removesuffix(".json").removesuffix(".batch")
    renamed = batch.model_copy(update={"name": portable_name(name) or "next"})
    found = plan_next(renamed, entries, chosen, client.price(_row(chosen[0]).job), count)
    expand_batch(found.batch, reporter)
    save_batch(found.batch, target)
    return target, found


def plan_next(
    batch: BatchSpec, entries: Sequence[ReportEntry], chosen: Sequence[ReportEntry], price: Price, count: int | None
) -> NextSweep:
    """Return the sweep around chosen runs of a batch.

    Args:
        batch: the earlier batch, under the name of the new one.
        entries: its runs.
        chosen: those that count, one at least; each has a result.
        price: of the host of the chosen runs.
        count: runs for each item; None for the earlier count, or eight for each chosen run.
    """
    how = batch.randomization
    words = ParameterNames(engine=batch.engine, parameters=find_engine(batch.engine).parameters)
    names = {name: words.parameter(name).name for name in how.parameters} | {SEEDS: words.parameter(SEED).name}
    rows = [entry.row for entry in chosen if entry.row]
    weights = [{Control(kind): weight for kind, weight in row.weights.items()} for row in rows]
    narrowed = narrow(how, weights, [row.parameters for row in rows], names)
    items = _items_of(batch, chosen)
    runs = count or how.count or _RUNS_FOR_EACH * len(chosen)
    closer = how.model_copy(
        update={
            **narrowed.parameters,
            **({"control_weights": dict(narrowed.weights)} if narrowed.weights else {}),
            "sampler": how.sampler if how.sampler in _KEPT_SAMPLERS else None,
            "count": runs,
            # Another seed, so that the runs are others than before.
            "seed": how.seed + 1,
        }
    )
    left_out = len(batch.items) - len(items)
    reasons = (*narrowed.reasons, *([f"{left_out} shots without a chosen run are left out"] * (left_out > 0)))
    seconds = [row.seconds for entry in entries if (row := entry.row) and row.seconds is not None]
    expected_s = sum(seconds) / len(seconds) * runs * len(items) if seconds else None
    return NextSweep(
        batch=batch.model_copy(update={"items": items, "randomization": closer}),
        chosen=tuple(entry.name for entry in chosen),
        reasons=reasons,
        runs=runs * len(items),
        expected_s=expected_s,
        cost=None if expected_s is None or price.per_hour is None else cost_of(expected_s, price.per_hour),
        currency=price.currency,
    )


def _choose(
    client: Client, entries: Sequence[ReportEntry], around: Sequence[str], picked: Path | None
) -> list[ReportEntry]:
    """Return the runs that the next sweep is around, each with a result.

    Raises:
        BadInput: there is none, or one that is named does not exist or has no result.
    """
    made = {entry.name: entry for entry in entries if entry.row and find_result(entry)}
    if picked is not None:
        judged = read_ratings(picked, [entry.row.job.id for entry in entries if entry.row])
        keys = set(judged.picked())
        found = [entry for entry in made.values() if key_of(_row(entry).job.id) in keys]
        if not found and not around:
            raise BadInput(
                f"{picked} picks no run with a result", action="pick some on the page with p, and save again"
            )
        around = [*around, *(entry.name for entry in found)]
    for name in around:
        if name not in made:
            exists = any(entry.name == name for entry in entries)
            raise BadInput(
                f"run {name} has no result" if exists else f"the batch has no run {name!r}",
                action=did_you_mean(name, list(made)) or "`report` shows the runs and their results",
            )
    if around:
        return [made[name] for name in dict.fromkeys(around)]
    return _best(client, list(made.values()))


def _best(client: Client, made: Sequence[ReportEntry]) -> list[ReportEntry]:
    # Imported only here: loads NumPy and OpenCV.
    from cosmos_houdini.report.examine import score_entries  # noqa: PLC0415

    ranked = sorted((e for e in score_entries(made, ffmpeg=client.config.ffmpeg) if e.rank), key=lambda e: e.rank or 0)
    if not ranked:
        raise BadInput(
            "no run of the batch can be ranked, and none is chosen",
            action="choose some: --around RUN, or --picked FILE saved from the page of the report",
        )
    return ranked[:BEST]


def _items_of(batch: BatchSpec, chosen: Sequence[ReportEntry]) -> tuple[BatchItem, ...]:
    """Return the shots that have a chosen run."""
    return tuple(
        item
        for item in batch.items
        if any(
            _row(entry).spec == str(item.spec) and (item.name is None or entry.name.startswith(f"{item.name}-"))
            for entry in chosen
        )
    )


def _row(entry: ReportEntry) -> Row:
    assert entry.row is not None  # noqa: S101 - chosen runs have results
    return entry.row


def _free_name(file: Path) -> Path:
    """Return the first file beside the earlier one that does not exist: NAME-next, NAME-next-2, and so on."""
    word = file.name.removesuffix(file.suffix).removesuffix(".batch")
    names = (f"{word}-next{'' if number == 1 else f'-{number}'}{_SUFFIX}" for number in itertools.count(1))
    return next(path for name in names if not (path := file.with_name(name)).exists())
