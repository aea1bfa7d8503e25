"""Adaptive points: Optuna's sampler draws new points near the best results so far.

It works on the unit cube, as the other samplers do, so that all samplers share values, rules and seeds. Each point is
drawn by a sampler with its own seed, made of the sweep's seed and the point's number. Equal scores give equal next
points, in another process too.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.sweeps.selection import Point, Selected, add_seeds, explain_empty, map_point
from cosmos_houdini.sweeps.variation import Variation

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

BEGINNING: Final = 10
"""So many first points are drawn at random, since no run has a score yet."""

_MOST_REFUSED = 500
_BELOW_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Gives the points of an adaptive batch: the earlier points and new ones.

    Attributes:
        file: keeps points and scores, an SQLite file; None where nothing is kept.
        scores: of runs that have ended, by the item's name and the run's number; higher is better.
        more: how many points are added for each item.
        liking: how much a person likes runs, as ``scores``; where there is any, it alone chooses new points.
    """

    file: Path | None = None
    scores: Mapping[tuple[str, int], float] = field(default_factory=dict)
    more: int = 0
    liking: Mapping[tuple[str, int], float] = field(default_factory=dict)

    def points(self, name: str, batch: BatchSpec, variation: Variation) -> Selected:
        """Return the points of one item in the order in which they were drawn.

        Raises:
            BadInput: there is no count, or the rules leave nothing.
        """
        how = batch.randomization
        if how.count is None:
            raise BadInput("sampler 'adaptive' needs a count", action="give a count")
        study = _Study(self.file, f"{name} {_digest(batch, variation)}", variation, how.seed)
        study.add_scores(_of_item(self.scores, name))
        wanted = max(min(BEGINNING, how.count), min(how.count, len(study.kept()) + self.more))
        chosen = study.draw_until(wanted, _of_item(self.liking, name))
        if not chosen:
            raise explain_empty(variation)
        left = how.count - len(chosen)
        by = "ratings" if self.liking else "scores"
        note = f"{left} more runs are chosen by the {by} of those before them" if left > 0 else ""
        return Selected(points=add_seeds(chosen, variation, how), notes=(*variation.notes, *([note] if note else [])))


def _of_item(scores: Mapping[tuple[str, int], float], name: str) -> dict[int, float]:
    return {number: score for (item, number), score in scores.items() if item == name}


class _Study:
    """The points of one item, which Optuna keeps in the order in which they were drawn."""

    def __init__(self, file: Path | None, name: str, variation: Variation, seed: int) -> None:
        self._study = _study(file, name)
        self._names = [str(key) for key in variation.domains]
        self._variation = variation
        self._seed = seed

    def kept(self) -> list[FrozenTrial]:
        """Return the points that Optuna keeps; a failed run has no score."""
        return self._study.get_trials(deepcopy=False)

    def add_scores(self, scores: Mapping[int, float]) -> None:
        """Add the scores of points, by their numbers from 1; an earlier score stays."""
        for number, trial in enumerate(self.kept(), start=1):
            if number in scores and trial.value is None:
                self._study.tell(trial.number, scores[number])

    def draw_until(self, wanted: int, liking: Mapping[int, float]) -> list[Point]:
        """Draw until there are so many points, or too many were refused, and return all of them.

        Points are near those of the highest scores, or of the highest liking where there is any. Only points that the
        rules admit are written to the file: each writing takes a tenth of a second.
        """
        import optuna  # noqa: PLC0415 - takes a second to load, which no other sampler needs

        kept = self.kept()
        chosen = [self._point(trial) for trial in kept]
        known = optuna.create_study(direction="maximize")
        known.add_trials(_liked(kept, liking) if liking else [trial for trial in kept if trial.value is not None])
        space: dict[str, BaseDistribution] = {
            name: optuna.distributions.FloatDistribution(0.0, _BELOW_ONE) for name in self._names
        }
        refused = 0
        while len(chosen) < wanted and refused < _MOST_REFUSED:
            seed = zlib.crc32(f"{self._seed} {len(chosen)} {refused}".encode())
            known.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=BEGINNING)
            trial = known.ask(space)
            point = self._point(trial)
            if not self._admits(point) or (point in chosen and not self._variation.seeds):
                refused += 1
                continue
            running = optuna.trial.TrialState.RUNNING
            self._study.add_trial(
                optuna.trial.create_trial(state=running, params=trial.params, distributions=trial.distributions)
            )
            chosen.append(point)
        return chosen

    def _point(self, trial: Trial | FrozenTrial) -> Point:
        return map_point(self._variation, np.array([trial.params[name] for name in self._names]))

    def _admits(self, point: Point) -> bool:
        return bool(self._variation.rules.admit([np.array([value], dtype=object) for value in point], 1)[0])


def _liked(kept: Sequence[FrozenTrial], liking: Mapping[int, float]) -> list[FrozenTrial]:
    """Return the points that a person judged, with the judgement as their score; numbers count from 1."""
    import optuna  # noqa: PLC0415 - see above

    return [
        optuna.trial.create_trial(params=trial.params, distributions=trial.distributions, value=liking[number])
        for number, trial in enumerate(kept, start=1)
        if number in liking
    ]


def _study(file: Path | None, name: str) -> Study:
    import optuna  # noqa: PLC0415 - see above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - see above

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if file is None:
        return optuna.create_study(direction="maximize")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A pool would keep the file open until Python ends; Windows could not remove the file until then.
    storage = optuna.storages.RDBStorage(f"sqlite:///{file.as_posix()}", engine_kwargs={"poolclass": NullPool})
    return optuna.create_study(study_name=name, storage=storage, direction="maximize", load_if_exists=True)


def _digest(batch: BatchSpec, variation: Variation) -> str:
    """Return a key of the item's variation; another count leaves it as it is."""
    how = batch.randomization.model_dump_json(exclude={"count"})
    text = f"{batch.engine}\n{how}\n{dict(variation.weights)}\n{dict(variation.parameters)}\n{variation.domains}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
