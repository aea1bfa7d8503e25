"""The points that become runs: a grid, or points from a sampler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import MAX_RUNS, Randomization, Sampler
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.sweeps.domain import Choices, Column, Interval, Steps
from cosmos_houdini.sweeps.samplers import Stream, unit_points
from cosmos_houdini.sweeps.variation import SEED, Variation

DEFAULT_COUNT: Final = 10

_LEAST_ROUNDS = 16
_LEAST_DRAWS = 20_000

Point = tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The values of each run, in the order of ``Variation.varied``, and sentences on runs that were left out."""

    points: tuple[Point, ...]
    notes: tuple[str, ...]


def select(variation: Variation, how: Randomization) -> Selected:
    """Return the points of one item, all different, in an order that depends on the batch alone.

    Raises:
        BadInput: a grid of something without steps or of more than MAX_RUNS points, or rules that leave nothing.
    """
    chosen, notes = _grid(variation, how) if _sampler(variation, how) == "grid" else _sampled(variation, how)
    if not chosen:
        raise explain_empty(variation)
    return Selected(points=add_seeds(chosen, variation, how), notes=(*variation.notes, *notes))


def add_seeds(chosen: Sequence[Point], variation: Variation, how: Randomization) -> tuple[Point, ...]:
    """Return points with a random seed for each, where seeds are random; further points do not change earlier seeds."""
    if variation.seeds is None:
        return tuple(chosen)
    seeds = _distinct(variation.seeds, len(chosen), how.seed)
    return tuple((*point, seed) for point, seed in zip(chosen, seeds, strict=True))


def map_point(variation: Variation, unit: NDArray[np.float64]) -> Point:
    """Return the values for one point of the unit cube."""
    columns = [domain.spread(unit[[place]]) for place, domain in enumerate(variation.domains.values())]
    return _points(columns, 1)[0]


def _sampler(variation: Variation, how: Randomization) -> Sampler:
    if how.sampler is not None:
        return how.sampler
    only_seeds = variation.seeds is not None and not variation.domains
    return "random" if how.count is not None or only_seeds or not variation.has_grid else "grid"


def _grid(variation: Variation, how: Randomization) -> tuple[list[Point], list[str]]:
    """Return every combination that the rules admit; the last varied value changes fastest."""
    axes: list[Choices | Steps] = []
    for key, domain in variation.domains.items():
        if isinstance(domain, Interval):
            raise BadInput(
                f"{key} from {domain.low:g} to {domain.high:g} has no steps, and a grid needs them",
                action="give it a step or a list, or take another sampler with a count",
            )
        axes.append(domain)
    sizes = [axis.size for axis in axes]
    total = prod(sizes)
    if total > MAX_RUNS:
        raise BadInput(
            f"the grid has {total:,} points", allowed=f"up to {MAX_RUNS:,}", action="take another sampler with a count"
        )
    indices = np.unravel_index(np.arange(total), sizes) if sizes else ()
    columns = [axis.at(index) for axis, index in zip(axes, indices, strict=True)]
    admitted = np.flatnonzero(variation.rules.admit(columns, total))
    notes = []
    if how.count is not None and how.count < len(admitted):
        notes.append(f"{how.count} of the {len(admitted)} points of the grid are taken at random")
        order = np.argsort(Stream(how.seed, "grid").units(len(admitted)), kind="stable")
        admitted = np.sort(admitted[order[: how.count]])
    elif how.count is not None and how.count > len(admitted):
        notes.append(f"the grid has {len(admitted)} points and not {how.count}")
    return _points([column[admitted] for column in columns], len(admitted)), notes


def _sampled(variation: Variation, how: Randomization) -> tuple[list[Point], list[str]]:
    """Draw until the rules admit enough different points, or too many were refused.

    Where the rules refuse points of a Latin hypercube, further hypercubes replace them; its slices are then filled less
    evenly. A Sobol sequence goes on.
    """
    count = how.count or DEFAULT_COUNT
    notes = [] if how.count else [f"{DEFAULT_COUNT} runs are drawn; --count or 'count' says another number"]
    found: list[Point] = []
    known: set[Point] = set()
    repeated = 0
    for block in islice(_admitted(variation, how, count), max(_LEAST_ROUNDS, _LEAST_DRAWS // count)):
        if variation.seeds:
            found += block
        else:
            fresh = [point for point in dict.fromkeys(block) if point not in known]
            known.update(fresh)
            repeated += len(block) - len(fresh)
            found += fresh
        if len(found) >= count:
            break
    if 0 < len(found) < count:
        notes.append(f"only {len(found)} different runs were found instead of {count}")
    elif repeated:
        notes.append(f"{repeated} repeated runs are left out and others drawn for them")
    return found[:count], notes


def _admitted(variation: Variation, how: Randomization, count: int) -> Iterator[list[Point]]:
    """Yield the admitted points of blocks of ``count`` drawn ones, without end."""
    names = [str(key) for key in variation.domains]
    sampler: Sampler = how.sampler or "random"
    for units in unit_points(sampler, names, count, how.seed):
        domains = variation.domains.values()
        columns = [domain.spread(unit) for domain, unit in zip(domains, units.T, strict=True)]
        admitted = np.flatnonzero(variation.rules.admit(columns, count))
        yield _points([column[admitted] for column in columns], len(admitted))


def _points(columns: list[Column], rows: int) -> list[Point]:
    return list(zip(*(column.tolist() for column in columns), strict=True)) if columns else [()] * rows


def _distinct(seeds: Steps, count: int, seed: int) -> list[ParameterValue]:
    """Return random seeds, all different; a larger count does not change the first ones."""
    if count > seeds.size:
        raise BadInput(f"{count} runs cannot have different seeds", allowed=f"up to {seeds.size} runs")
    stream = Stream(seed, SEED)
    found: dict[ParameterValue, None] = {}
    while len(found) < count:
        found.update(dict.fromkeys(seeds.spread(stream.units(count)).tolist()))
    return list(found)[:count]


def explain_empty(variation: Variation) -> BadInput:
    """Return the error that names the rule which no run satisfies."""
    limit = variation.rules.max_weight_sum
    least = sum(variation.weights[key] for key in variation.weights if key not in variation.domains)
    for key, domain in variation.domains.items():
        if isinstance(key, Control):
            least += _least(domain)
    if limit is not None and least > limit:
        return BadInput(
            f"max_weight_sum = {limit:g} leaves no run: the weights add up to at least {least:g}",
            action="raise it, lower the least weights, or give the other controls the weight 0",
        )
    if not any(variation.weights.values()) and not any(isinstance(key, Control) for key in variation.domains):
        return BadInput("no control takes part: every weight is 0", allowed="at least one weight above 0")
    return BadInput(
        "no run is left that satisfies constraints and exclude, and in which a control takes part",
        action="loosen max_weight_sum, or shorten exclude",
    )


def _least(domain: Choices | Steps | Interval) -> float:
    if isinstance(domain, Choices):
        return min(float(value) for value in domain.values)
    return domain.low if isinstance(domain, Interval) else domain.start / domain.scale
