"""An adaptive batch through the command line: runs are added while it goes on, by the scores of those before them."""

from __future__ import annotations

import json

import optuna
import pytest

from support.jobs.batch_project import batch, table
from support.jobs.job_project import Shop

HOW = {"sampler": "adaptive", "count": 12, "control_weights": {"depth": {"min": 0.1, "max": 0.9}}}


def study(shop: Shop) -> optuna.Study:
    file = f"sqlite:///{(shop.folder / '.cosmos' / 'adaptive.db').as_posix()}"
    (summary,) = optuna.study.get_all_study_summaries(file)
    return optuna.load_study(study_name=summary.study_name, storage=file)


def test_runs_are_added_by_the_scores_of_those_before_them_until_the_count_is_reached(shop: Shop):
    file = batch(shop, {**HOW, "seeds": [5]})
    assert shop.main("run-batch", file, "--max-parallel", 2) == 0
    rows = table(shop)
    assert [(row["run"], row["state"]) for row in rows] == [(f"shot-{n:04d}", "succeeded") for n in range(1, 13)]
    assert len({row["weight_depth"] for row in rows}) == 12
    assert all(trial.value == pytest.approx(1.0) for trial in study(shop).trials)
    assert shop.main("run-batch", file) == 0
    assert shop.started() == 12


def test_runs_that_fail_have_no_score_and_do_not_end_the_batch(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = batch(shop, {**HOW, "seeds": [5], "count": 11}, fault="exit")
    assert shop.main("run-batch", file, "--max-parallel", 3) == 1
    assert [row["state"] for row in table(shop)] == ["failed"] * 11
    assert {trial.value for trial in study(shop).trials} == {None}
    capsys.readouterr()
    assert shop.main("report", file, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 11


def test_create_batch_tells_what_it_can_know(shop: Shop, capsys: pytest.CaptureFixture[str]):
    batch(shop, {})
    how = shop.folder / "how.json"
    how.write_text(json.dumps({**HOW, "count": 40}), encoding="utf-8")
    assert shop.main("create-batch", "shot.spec.json", "--randomization", how, "--engine", "fake", "--json") == 0
    told = capsys.readouterr()
    assert len(json.loads(told.out)["runs"]) == 10
    assert "shot: 30 more runs are chosen by the scores of those before them" in told.err
    assert not (shop.folder / ".cosmos").exists()
