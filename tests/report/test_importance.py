"""How much each parameter moved a measure, told from the runs alone."""

from __future__ import annotations

from cosmos_houdini.report.importance import LEAST_RUNS, parameter_importance

RUNS = [{"depth": (n % 6) / 5, "seed": n * 7 % 30, "guidance": 3.0} for n in range(30)]


def test_the_parameter_that_moves_the_measure_comes_first():
    found = parameter_importance(RUNS, [run["depth"] for run in RUNS], higher=True)
    assert [one.name for one in found] == ["depth", "seed"]
    assert found[0].share > 0.7
    assert all(0 < one.spread < 0.5 for one in found)
    assert parameter_importance(RUNS, [run["depth"] for run in RUNS], higher=True) == found


def test_few_runs_or_one_value_explain_nothing():
    few = RUNS[: LEAST_RUNS - 1]
    assert parameter_importance(few, [run["depth"] for run in few], higher=True) == []
    assert parameter_importance(RUNS, [1.0] * len(RUNS), higher=True) == []
