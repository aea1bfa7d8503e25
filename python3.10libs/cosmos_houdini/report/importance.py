"""How much each parameter moved a measure: PED-ANOVA of Optuna, with its spread and the number of runs.

PED-ANOVA (Watanabe et al., IJCAI 2023) compares where the better runs lie with where all runs lie. Optuna's other
evaluators, fANOVA and mean decrease impurity, need scikit-learn, and are less sure with few runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LEAST_RUNS = 8
DRAWINGS = 20
"""The spread of a share is then known to a sixth of itself."""
_SEED = 7
_TOP = 0.3
"""Share of the runs that count as good; with fewer, eight runs would have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """The importance of one parameter for a measure.

    Attributes:
        name: of the parameter.
        share: of all parameters together, 0 to 1.
        spread: standard deviation of the share over drawings of the runs with repetition.
    """

    name: str
    share: float
    spread: float


def parameter_importance(
    settings: Sequence[Mapping[str, Any]], values: Sequence[float], *, higher: bool
) -> list[Importance]:
    """Return the importance of each parameter that varies, the most important first; empty with too few runs.

    Args:
        settings: of each run; a parameter counts if every run has it.
        values: the measure of each run.
        higher: whether a higher measure is better.
    """
    names = [
        name
        for name in (settings[0] if settings else ())
        if all(name in one for one in settings) and len({_plain(one[name]) for one in settings}) > 1
    ]
    if len(values) < LEAST_RUNS or len(set(values)) < 2 or not names:  # noqa: PLR2004 - nothing to explain
        return []
    space = {name: _distribution([_plain(one[name]) for one in settings]) for name in names}
    rows = [{name: _plain(one[name]) for name in names} for one in settings]
    trials = _trials(rows, values, space)
    whole = _evaluate(trials, space, higher=higher)
    drawn = [whole] if len(names) == 1 else []
    random = np.random.default_rng(_SEED)
    while len(drawn) < DRAWINGS and len(names) > 1:
        chosen = random.integers(0, len(rows), len(rows))
        drawn.append(_evaluate([trials[index] for index in chosen], space, higher=higher))
    found = [
        Importance(name=name, share=whole[name], spread=float(np.std([one[name] for one in drawn]))) for name in names
    ]
    return sorted(found, key=lambda one: -one.share)


def _plain(value: object) -> bool | int | float | str:
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _distribution(values: Sequence[Any]) -> BaseDistribution:
    from optuna import distributions  # noqa: PLC0415 - takes a second to load

    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return distributions.FloatDistribution(float(min(values)), float(max(values)))
    return distributions.CategoricalDistribution(sorted({*values}, key=str))


def _trials(
    rows: Sequence[Mapping[str, Any]], values: Sequence[float], space: Mapping[str, BaseDistribution]
) -> list[FrozenTrial]:
    import optuna  # noqa: PLC0415 - takes a second to load

    numeric = {name for name, one in space.items() if isinstance(one, optuna.distributions.FloatDistribution)}
    return [
        optuna.trial.create_trial(
            params={name: float(value) if name in numeric else value for name, value in row.items()},
            distributions=dict(space),
            value=float(value),
        )
        for row, value in zip(rows, values, strict=True)
    ]


def _evaluate(
    trials: Sequence[FrozenTrial], space: Mapping[str, BaseDistribution], *, higher: bool
) -> dict[str, float]:
    import optuna  # noqa: PLC0415 - takes a second to load

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize" if higher else "minimize")
    study.add_trials(trials)
    with warnings.catch_warnings():
        # The evaluator is marked as experimental, and warns where all values of a drawing are equal.
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=_TOP, region_quantile=1.0)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: _share(found.get(name, 0.0)) for name in space}


def _share(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0
