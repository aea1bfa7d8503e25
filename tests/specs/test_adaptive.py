"""The adaptive sampler: where results were best so far, the same again after the same scores, within the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.sweeps.adaptive import BEGINNING, Adaptive
from cosmos_houdini.sweeps.sweep import Sweep, SweepRun, expand
from support.jobs.batches_in_memory import SPEC_FILE, batch_of, street

HOW: dict[str, object] = {
    "sampler": "adaptive",
    "count": 24,
    "seed": 5,
    "control_weights": {"edge": {"min": 0, "max": 1}},
    "guidance": {"min": 0, "max": 20},
    "seeds": "random",
}


def sweep(how: dict[str, object], adaptive: Adaptive | None = None) -> Sweep:
    return expand(batch_of(how), {SPEC_FILE: street(("edge", "depth"))}, TRANSFER1_PARAMETERS, adaptive)


def score(run: SweepRun) -> float:
    """Return what is best at an edge weight of 0.8 and a guidance of 4."""
    return -abs(run.weights[Control.EDGE] - 0.8) - abs(float(run.parameters["guidance"]) - 4) / 20


def steps(run: SweepRun) -> float:
    return float(run.parameters["num_steps"])


def through(file: Path, how: dict[str, object], rate: Callable[[SweepRun], float] = score) -> tuple[SweepRun, ...]:
    """Run a batch one run at a time, each time as a new process would."""
    runs = sweep(how, Adaptive(file=file)).runs
    while True:
        scores = {("street", run.number): rate(run) for run in runs}
        longer = sweep(how, Adaptive(file=file, scores=scores, more=1)).runs
        if len(longer) == len(runs):
            return runs
        assert longer[: len(runs)] == runs
        runs = longer


def test_the_first_runs_are_known_before_any_has_run_and_the_others_are_said():
    first = sweep(HOW)
    assert len(first.runs) == BEGINNING
    assert first.notes == ("street: 14 more runs are chosen by the scores of those before them",)
    assert sweep(HOW) == first
    assert len({run.parameters["seed"] for run in first.runs}) == BEGINNING


def test_later_runs_are_nearer_to_what_scores_best(tmp_path: Path):
    runs = through(tmp_path / "points.db", HOW)
    assert len(runs) == 24
    scores = [score(run) for run in runs]
    assert sum(scores[18:]) / 6 > sum(scores[:10]) / 10 + 0.1
    assert runs[:BEGINNING] == sweep(HOW).runs


def test_the_same_scores_give_the_same_runs_and_others_give_others(tmp_path: Path):
    how = {**HOW, "count": 13}
    runs = through(tmp_path / "a.db", how)
    assert through(tmp_path / "b.db", how) == runs
    others = through(tmp_path / "c.db", how, lambda run: -score(run))
    assert others[:BEGINNING] == runs[:BEGINNING]
    assert others != runs
    assert through(tmp_path / "d.db", {**how, "seed": 6})[0] != runs[0]


def test_rules_hold_for_every_run(tmp_path: Path):
    how = {
        **HOW,
        "count": 14,
        "control_weights": {"min": 0.1, "max": 0.9, "step": 0.1},
        "num_steps": [1, 35, 50],
        "constraints": {"max_weight_sum": 1},
        "exclude": [{"num_steps": 50}],
    }
    # The excluded values would score best.
    runs = through(tmp_path / "points.db", how, lambda run: sum(run.weights.values()) + steps(run))
    assert len(runs) == 14
    assert max(sum(run.weights.values()) for run in runs) <= 1 + 1e-9
    assert {run.parameters["num_steps"] for run in runs} <= {1, 35}
    assert {round(weight * 10, 9) % 1 for run in runs for weight in run.weights.values()} == {0}


def test_without_random_seeds_no_run_is_repeated(tmp_path: Path):
    how = {"sampler": "adaptive", "count": 50, "num_steps": [1, 20, 35], "use_distilled": [False], "seeds": [4, 5]}
    runs = through(tmp_path / "points.db", how, steps)
    assert len({run.point for run in runs}) == len(runs) == 6


def test_a_batch_that_does_not_say_when_to_end_and_rules_that_leave_nothing_are_refused():
    with pytest.raises(BadInput, match="give a count"):
        sweep({**HOW, "count": None})
    with pytest.raises(BadInput, match="no run is left"):
        sweep({**HOW, "exclude": [{"guidance": {"min": 0, "max": 20}}]})


def test_a_larger_count_goes_on_where_the_smaller_one_ended(tmp_path: Path):
    few = through(tmp_path / "points.db", {**HOW, "count": 12})
    many = through(tmp_path / "points.db", {**HOW, "count": 14})
    assert many[:12] == few


def test_a_persons_liking_chooses_instead_of_the_scores(tmp_path: Path):
    how = {**HOW, "count": 30}

    def add(file: str, liking: dict[tuple[str, int], float]) -> tuple[SweepRun, ...]:
        first = sweep(how, Adaptive(file=tmp_path / file)).runs
        scores = {("street", run.number): score(run) for run in first}
        return sweep(how, Adaptive(file=tmp_path / file, scores=scores, more=12, liking=liking)).runs

    first = sweep(how).runs
    # The person likes what scores worst.
    liking = {("street", run.number): -score(run) for run in first}
    by_score, by_liking = add("a.db", {}), add("b.db", liking)
    assert by_liking[:BEGINNING] == by_score[:BEGINNING] == first
    added = [sum(map(score, runs[BEGINNING:])) for runs in (by_liking, by_score)]
    assert added[0] < added[1] - 1
