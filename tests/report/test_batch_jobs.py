"""The jobs that a report shows: those of its own batch and host, whatever else ran in the project."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini import config
from cosmos_houdini.batches.plan import RunSelection, plan_batch
from cosmos_houdini.config import Config
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.jobs import DATABASE, FOLDER, Store
from cosmos_houdini.jobs.store.record import Change
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.make import find_batch_entries
from cosmos_houdini.reporter import Silent
from cosmos_houdini.specs.batch_file import load_batch
from support.jobs.batch_project import batch as fake_batch
from support.jobs.fixtures import _fake_engine, clip, shop
from support.jobs.job_project import Shop
from support.media.transfer_clips import write_clips

__all__ = ["_fake_engine", "clip", "shop"]

HOSTS = ("local", "far")
NUMBERS = count()


@dataclass(frozen=True)
class Night:
    """A batch, the host that it runs on, and the selection of its runs that is queued."""

    document: dict[str, Any]
    host: str
    scout: bool = field(default=False)

    def write(self, folder: Path, name: str) -> Path:
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(self.document), encoding="utf-8")
        return path


def write_shot(folder: Path) -> None:
    paths = write_clips(folder, "color", "edge", frames=3, size=(32, 32))
    for name, prompt in (("wet", "rain"), ("dry", "sun")):
        spec = {
            "schema": "cosmos-houdini/prompt-spec/1",
            "name": "shot",
            "prompt": prompt,
            "input_video": str(paths["color"]),
            "controls": {"edge": str(paths["edge"])},
        }
        (folder / f"{name}.spec.json").write_text(json.dumps(spec), encoding="utf-8")
    hosts = {"far": {"address": "127.0.0.1", "port": 1, "root": "/data"}}
    (folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump({"hosts": hosts}), encoding="utf-8")


@st.composite
def nights(draw: st.DrawFn) -> Night:
    """Return a batch out of few values, so that two of them often ask for the same runs, or nearly the same."""
    parameters = draw(
        st.fixed_dictionaries(
            {}, optional={"num_steps": st.sampled_from([5, 35]), "guidance": st.sampled_from([5.0, 11.0])}
        )
    )
    document = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": draw(st.sampled_from(["night", "night", "second", "night-scout"])),
        "engine": "preview",
        "items": [{"spec": draw(st.sampled_from(["wet.spec.json", "dry.spec.json"]))}],
        "parameters": parameters,
        "randomization": {"seeds": draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True))},
    }
    return Night(document, draw(st.sampled_from(HOSTS)), draw(st.booleans()))


def enqueue(night: Night, file: Path, settings_: Config) -> set[str]:
    """Queue the runs of a night as ``run-batch`` does, let them end, and return the ids of their jobs."""
    selection = RunSelection(scout=night.scout)
    planned = plan_batch(load_batch(file), settings_, Silent(), host=night.host, selection=selection, file=file)
    with closing(Store.of(settings_.project)) as store:
        batches.enqueue(store, planned.batch.name, planned.host, planned.file, planned.jobs)
        for record in store.records(job.id for job in planned.jobs):
            if record.state is JobState.QUEUED:
                store.move(record, JobState.CANCELLED, Change(failure=batches.CANCELLED.failure))
    return {job.id for job in planned.jobs}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=nights(), second=nights(), order=st.permutations([0, 1, 0, 1]))
def test_two_batches_of_a_project_report_only_their_own_jobs(
    tmp_path_factory: pytest.TempPathFactory, first: Night, second: Night, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp(f"project{next(NUMBERS)}")
    write_shot(folder)
    found = config.load(folder)
    files = [first.write(folder, "a"), second.write(folder, "b")]
    both = (first, second)
    own: list[set[str]] = [set(), set()]
    for index in order:
        own[index] = enqueue(both[index], files[index], found)
    namesakes = first.document["name"] == second.document["name"]
    with open_client(found) as client:
        for index, night in enumerate(both):
            entries = find_batch_entries(client, load_batch(files[index]), Silent(), file=files[index], host=night.host)
            jobs = [entry.row.job for entry in entries if entry.row]
            ids = {job.id for job in jobs}
            assert len(ids) == len(jobs)
            assert {job.host for job in jobs} == {night.host}
            # Two files of one name are one batch to the store; then the very same work is shown for both.
            assert own[index] <= ids <= (asked(night, files[index], found) if namesakes else own[index])


def asked(night: Night, file: Path, settings_: Config) -> set[str]:
    """Return the ids of all jobs that a batch can ask for: of its runs, and of their scouts."""
    selections = (RunSelection(), RunSelection(scout=True))
    plans = [plan_batch(load_batch(file), settings_, Silent(), host=night.host, selection=s) for s in selections]
    return {job.id for planned in plans for job in planned.jobs}


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [run["job"] for run in json.loads(capsys.readouterr().out)["runs"]]


def test_a_batch_with_other_defaults_does_not_take_the_place_of_another(shop: Shop, capsys: pytest.CaptureFixture[str]):
    night = fake_batch(shop, {"seeds": [7, 8]})
    second = shop.folder / "second.yaml"
    document = yaml.safe_load(night.read_text("utf-8"))
    document |= {"name": "second", "parameters": {**document["parameters"], "fault": "exit"}}
    second.write_text(yaml.safe_dump(document), encoding="utf-8")
    ids = {}
    for file, code in ((night, 0), (second, 1), (night, 0)):
        assert shop.main("run-batch", file, "--json") == code
        ids[file] = shown(capsys)
    assert len({*ids[night], *ids[second]}) == 4
    for file in (night, second, night):
        assert shop.main("report", file, "--json") == 0
        assert shown(capsys) == ids[file]


def test_a_run_that_two_batches_ask_for_counts_in_both(shop: Shop, capsys: pytest.CaptureFixture[str]):
    night = fake_batch(shop, {"seeds": [7, 8]})
    second = shop.folder / "second.yaml"
    second.write_text(night.read_text("utf-8").replace("name: night", "name: second"), encoding="utf-8")
    assert shop.main("run-batch", night) == 0
    assert shop.main("run-batch", second) == 0
    assert shop.started() == 2
    capsys.readouterr()
    assert shop.main("batch", "status", "--json") == 0
    found = json.loads(capsys.readouterr().out)["batches"]
    assert [(one["name"], one["counts"]) for one in found] == [
        ("night", {"succeeded": 2}),
        ("second", {"succeeded": 2}),
    ]
    for file in (night, second):
        assert shop.main("report", file, "--json") == 0
        assert len(shown(capsys)) == 2
    assert shop.main("show", shop.record("shot-0001").id) == 0
    assert "run shot-0001 of batch night, second" in capsys.readouterr().out


def test_a_batch_that_changed_since_is_told_and_the_jobs_of_before_are_named(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    file = fake_batch(shop, {"seeds": [7]})
    assert shop.main("run-batch", file, "--json") == 0
    [job] = shown(capsys)
    fake_batch(shop, {"seeds": [7]}, sleep_s="0.01")
    assert shop.main("report", file) == 2
    error = capsys.readouterr().err
    assert "none of the 1 runs of" in error
    assert f"`cosmos-houdini report {job}` shows the jobs of before" in error


def test_the_inputs_may_be_gone(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = fake_batch(shop, {"seeds": [7]})
    assert shop.main("run-batch", file, "--json") == 0
    ids = shown(capsys)
    shop.clip.rename(shop.clip.with_name("elsewhere.mp4"))
    try:
        assert shop.main("report", file, "--json") == 0
        assert shown(capsys) == ids
    finally:
        shop.clip.with_name("elsewhere.mp4").rename(shop.clip)


def test_a_host_where_the_batch_never_ran_is_told(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = fake_batch(shop, {"seeds": [7]})
    assert shop.main("run-batch", file) == 0
    assert shop.main("report", file, "--host", "gpu9") == 2
    assert "ever queued on host 'gpu9'; allowed: local" in capsys.readouterr().err
    assert shop.main("report", shop.record("shot-0001").id, "--host", "local") == 2
    assert "--host local is for a batch" in capsys.readouterr().err


def test_promoting_takes_no_runs_of_another_batch_along(shop: Shop):
    night = fake_batch(shop, {"seeds": [7, 8]})
    other = shop.folder / "other" / "night.yaml"
    other.parent.mkdir()
    document = yaml.safe_load(night.read_text("utf-8"))
    document["items"] = [{"spec": str(shop.folder / "shot.spec.json")}]
    document["parameters"]["sleep_s"] = "0.01"
    other.write_text(yaml.safe_dump(document), encoding="utf-8")
    for file, name in ((night, "shot-0001"), (other, "shot-0002")):
        assert shop.main("run-batch", file, "--scout") == 0
        assert shop.main("promote", file, name) == 0
    # Four scouts would be two: the fake engine's scouts do not sleep. Only the chosen runs were promoted.
    with closing(Store.of(shop.folder)) as store:
        promoted = [record for record in store.records() if not record.job.name.endswith("-scout")]
    assert [(record.job.name, record.request["parameters"]["sleep_s"]) for record in promoted] == [
        ("shot-0001", "0"),
        ("shot-0002", "0.01"),
    ]


def test_the_jobs_of_batches_of_an_older_store_are_still_reported(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = fake_batch(shop, {"seeds": [7, 8]})
    assert shop.main("run-batch", file, "--json") == 0
    ids = shown(capsys)
    with closing(sqlite3.connect(shop.folder / FOLDER / DATABASE)) as db:
        db.execute("DROP TABLE batch_jobs")
        db.execute("PRAGMA user_version = 6")
    assert shop.main("report", file, "--json") == 0
    assert shown(capsys) == ids
