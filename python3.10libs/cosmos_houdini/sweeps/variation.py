"""The variation of one item of a batch: varied values with their domains, and fixed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.engines.estimates import COMPUTED, find_estimates
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BatchItem, BatchSpec, Condition, Exclusion, Randomization, Range
from cosmos_houdini.model.control import DEFAULT_WEIGHT, Control
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.request import resolve_weights
from cosmos_houdini.sweeps.domain import Domain, Interval, Steps, build_domain
from cosmos_houdini.sweeps.parameter_names import ParameterNames
from cosmos_houdini.sweeps.rules import Conditions, Key, Rules

SEED: Final = "seed"
LARGEST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """The common and the varied values of one item's runs.

    Attributes:
        weights: of every control that has a video, in the order of the Control type.
        parameters: those that were asked for, checked.
        domains: of the varied values, in an order that does not depend on the file.
        seeds: from which random seeds are drawn; None where seeds are not random.
        has_grid: whether every domain of the batch, in all its items, is a list or has steps.
        rules: for every run.
        notes: sentences about values that were changed.
    """

    weights: Mapping[Control, float]
    parameters: Mapping[str, ParameterValue]
    domains: Mapping[Key, Domain]
    seeds: Steps | None
    has_grid: bool
    rules: Rules
    notes: tuple[str, ...]

    @property
    def varied(self) -> tuple[Key, ...]:
        """The owners of the values of a point."""
        return (*self.domains, SEED) if self.seeds else tuple(self.domains)


def build_variation(batch: BatchSpec, item: BatchItem, spec: PromptSpec, words: ParameterNames) -> Variation:
    """Return the variation of an item; values of the item itself are not varied.

    Args:
        batch: the batch specification.
        item: one of its items.
        spec: the item's prompt spec.
        words: the parameters of the batch's engine.

    Raises:
        BadInput: an unknown parameter, a value that the engine does not accept, or a weight for a control without a
            video.
    """
    how = batch.randomization
    weights = _weights(batch, item, spec)
    of_item = words.check_values(item.parameters)
    asked = words.check_values(batch.parameters) | of_item
    every = {
        key: build_domain(values, _parameter(key, words), clamp=how.clamp)
        for key, values in _varied(how, spec, words).items()
    }
    own = {key: every[key] for key in every if key not in item.weights and key not in of_item}
    domains = {key: domain for key, (domain, _) in own.items()}
    seeds = None
    if SEED not in of_item and _wants_random_seeds(how, domains):
        seeds = _all_seeds(words.parameter(SEED))
    fixed: dict[Key, ParameterValue] = {name: parameter.default for name, parameter in words.parameters.items()}
    fixed.update(asked.items())
    fixed.update(weights.items())
    for key in (*domains, SEED) if seeds else domains:
        fixed.pop(key, None)
    return Variation(
        weights=weights,
        parameters=asked,
        domains=domains,
        seeds=seeds,
        has_grid=not any(isinstance(domain, Interval) for domain, _ in every.values()),
        rules=_rules(how, words, varied=tuple(domains), fixed=fixed),
        notes=(*_unused(how, spec), *(note for _, notes in own.values() for note in notes)),
    )


def _rules(
    how: Randomization, words: ParameterNames, *, varied: tuple[Key, ...], fixed: Mapping[Key, ParameterValue]
) -> Rules:
    return Rules(
        varied=varied,
        fixed=fixed,
        max_weight_sum=how.constraints.max_weight_sum,
        excluded=tuple(_conditions(exclusion, words) for exclusion in how.exclude),
    )


def _weights(batch: BatchSpec, item: BatchItem, spec: PromptSpec) -> dict[Control, float]:
    given = {**batch.weights, **item.weights}
    # Refuses a weight for a control that has no video.
    resolve_weights(RunSpec(name=spec.name, engine=batch.engine, spec=spec, weights=given))
    kinds = [kind for kind in Control if kind in spec.controls or given.get(kind, 0) > 0]
    return {kind: float(given.get(kind, DEFAULT_WEIGHT)) for kind in kinds}


def _varied(how: Randomization, spec: PromptSpec, words: ParameterNames) -> dict[Key, Range | tuple[object, ...]]:
    """Return the values of each varied control, then of each varied parameter in the engine's order."""
    given = how.control_weights
    each: Mapping[Control, Range | tuple[object, ...]] = (
        given if isinstance(given, dict) else {kind: given for kind in spec.controls if given is not None}
    )
    possible = spec.controls.keys() | COMPUTED | find_estimates(words.engine).keys()
    for kind in each:
        if kind not in possible:
            raise BadInput(
                f"control_weights vary {kind}, but {spec.name} has no {kind} video, and {words.engine} estimates none",
                allowed=", ".join(str(known) for known in Control if known in possible),
                action=f"give one with create-spec --control {kind}=VIDEO",
            )
    named: dict[str, Range | tuple[object, ...]] = {**words.spelled(how.parameters)}
    if isinstance(how.seeds, Range | tuple):
        named[words.parameter(SEED).name] = how.seeds
    weights: dict[Key, Range | tuple[object, ...]] = {kind: each[kind] for kind in Control if kind in each}
    return weights | {name: named[name] for name in words.parameters if name in named}


def _unused(how: Randomization, spec: PromptSpec) -> tuple[str, ...]:
    if how.control_weights is None or spec.controls:
        return ()
    return ("control_weights vary nothing: it has no control video",)


def _parameter(key: Key, words: ParameterNames) -> Parameter:
    if isinstance(key, Control):
        return Parameter(name=f"weight of {key}", default=DEFAULT_WEIGHT, help="", low=0, high=1)
    return words.parameters[key]


def _wants_random_seeds(how: Randomization, domains: Mapping[Key, Domain]) -> bool:
    # Several runs without any varied value can differ only by their seeds.
    return how.seeds == "random" or (how.seeds is None and not domains and (how.count or 1) > 1)


def _all_seeds(seed: Parameter) -> Steps:
    low = 0 if seed.low is None else int(seed.low)
    high = LARGEST_SEED if seed.high is None else min(LARGEST_SEED, int(seed.high))
    return Steps(start=low, step=1, scale=1, size=high - low + 1)


def _conditions(exclusion: Exclusion, words: ParameterNames) -> Conditions:
    conditions: dict[Key, Condition] = {**words.spelled(exclusion.parameters)}
    conditions.update(exclusion.control_weights.items())
    return conditions
