"""An adaptive batch: runs are added while it goes on, by the scores of those before them."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
from sqlalchemy.pool import NullPool

from cosmos_houdini import config
from cosmos_houdini.batches.adaptive import read_liking
from cosmos_houdini.batches.create import create_batch
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.plan import plan_batch
from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.model.batch import Randomization
from cosmos_houdini.model.ratings import SCHEMA, key_of
from cosmos_houdini.report.make import make_report
from cosmos_houdini.reporter import Silent
from cosmos_houdini.specs.batch_file import load_batch
from support.jobs.batch_project import batch, records, run, table
from support.jobs.job_project import Shop
from support.recorder import Recorder

HOW = {"sampler": "adaptive", "count": 12, "control_weights": {"depth": {"min": 0.1, "max": 0.9}}}


def study(shop: Shop) -> optuna.Study:
    file = f"sqlite:///{(shop.folder / '.cosmos' / 'adaptive.db').as_posix()}"
    # A pool would leave connections open; from Python 3.13 on, the interpreter warns of those.
    storage = optuna.storages.RDBStorage(file, engine_kwargs={"poolclass": NullPool})
    (summary,) = optuna.study.get_all_study_summaries(storage)
    return optuna.load_study(study_name=summary.study_name, storage=storage)


def test_runs_are_added_by_the_scores_of_those_before_them_until_the_count_is_reached(shop: Shop):
    file = batch(shop, {**HOW, "seeds": [5]})
    assert run(shop, file, BatchOptions(max_parallel=2)).error is None
    rows = table(shop)
    assert [(row["run"], row["state"]) for row in rows] == [(f"shot-{n:04d}", "succeeded") for n in range(1, 13)]
    assert len({row["weight_depth"] for row in rows}) == 12
    assert all(trial.value == pytest.approx(1.0) for trial in study(shop).trials)
    assert run(shop, file).error is None
    assert shop.started() == 12


def test_runs_that_fail_have_no_score_and_do_not_end_the_batch(shop: Shop):
    file = batch(shop, {**HOW, "seeds": [5], "count": 11}, fault="exit")
    assert isinstance(run(shop, file, BatchOptions(max_parallel=3)).error, JobError)
    assert [row["state"] for row in table(shop)] == ["failed"] * 11
    assert {trial.value for trial in study(shop).trials} == {None}
    report = make_report(config.load(shop.folder), [str(file)], None, Silent())
    assert len(report.document["runs"]) == 11


def test_a_new_batch_has_the_runs_that_are_known_before_any_has_ended(shop: Shop):
    batch(shop, {})
    recorder = Recorder()
    created = create_batch(
        [shop.folder / "shot.spec.json"],
        config.load(shop.folder),
        recorder,
        randomization=Randomization.model_validate({**HOW, "count": 40}),
        engine="fake",
    )
    assert len(created.sweep.runs) == 10
    assert recorder.sentences == ["shot: 30 more runs are chosen by the scores of those before them"]
    assert not (shop.folder / ".cosmos").exists()


def test_ratings_of_the_first_runs_choose_those_that_are_added(shop: Shop, tmp_path: Path):
    file = batch(shop, {**HOW, "seeds": [5], "count": 10})
    assert run(shop, file).error is None
    jobs = [record.id for record in records(shop)]
    judged = {"rating": 5, "picked": False, "note": "", "at": ""}
    runs = [{"run": job, "key": key_of(job), **judged} for job in jobs[:3]]
    ratings = tmp_path / "r.json"
    document = {"schema": SCHEMA, "report": "night", "saved_at": "", "choices": []}
    ratings.write_text(json.dumps({**document, "runs": runs}), encoding="utf-8")
    with pytest.raises(BadInput, match="chooses further runs, and night has all of them already"):
        run(shop, batch(shop, {"seeds": [5]}), BatchOptions(ratings=ratings))
    longer = batch(shop, {**HOW, "seeds": [5], "count": 12})
    recorder = Recorder()
    planned = plan_batch(load_batch(longer), config.load(shop.folder), recorder, file=longer)
    assert sorted(set(read_liking(planned, ratings).values())) == [1.0]
    assert run(shop, longer, BatchOptions(ratings=ratings)).error is None
    assert len(table(shop)) == 12
    ratings.write_text(json.dumps({**document, "runs": [{**runs[0], "rating": None}]}), encoding="utf-8")
    with pytest.raises(BadInput, match="rates and picks no run"):
        read_liking(planned, ratings)
