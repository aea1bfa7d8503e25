"""Scouts first, then the chosen runs at full quality."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini import config
from cosmos_houdini.batches.plan import RunSelection
from cosmos_houdini.batches.promote import list_picked, select_promoted
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.probe import inspect_video, probe_video
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.ratings import SCHEMA, key_of
from cosmos_houdini.report.make import make_report
from cosmos_houdini.reporter import Silent
from cosmos_houdini.specs.batch_file import load_batch
from support.engines.fake_engine import SCOUT_FRAMES
from support.jobs.batch_project import batch, records, run, table
from support.jobs.job_project import Shop
from support.media import FFMPEG


def requests(shop: Shop) -> dict[str, Mapping[str, Any]]:
    return {record.job.name: record.request for record in records(shop)}


SCOUTS = RunSelection(scout=True)


def select(shop: Shop, file: Path, *names: str) -> RunSelection:
    with closing(shop.client()) as client:
        return select_promoted(client, load_batch(file), names, Silent(), file=file)


def promote(shop: Shop, file: Path, *names: str) -> None:
    assert run(shop, file, selection=select(shop, file, *names)).error is None


def test_scouts_are_runs_of_their_own_with_the_same_seeds_and_less_work(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]}, sleep_s="0.1")
    assert run(shop, file, selection=SCOUTS).error is None
    asked = requests(shop)
    assert list(asked) == ["shot-0001-scout", "shot-0002-scout"]
    assert [request["parameters"]["seed"] for request in asked.values()] == [7, 13]
    assert {request["parameters"]["sleep_s"] for request in asked.values()} == {"0"}
    rows = table(shop, "night-scout")
    assert [(row["run"], row["scout"], row["state"]) for row in rows] == [
        ("shot-0001-scout", "True", "succeeded"),
        ("shot-0002-scout", "True", "succeeded"),
    ]
    assert {row["differences"] for row in rows} == {""}
    assert {probe_video(Path(row["result"]), ffmpeg=FFMPEG).frames for row in rows} == {SCOUT_FRAMES}
    signatures = inspect_video(shop.clip, ffmpeg=FFMPEG).signatures
    assert signatures.startswith(inspect_video(Path(rows[0]["result"]), ffmpeg=FFMPEG).signatures)


def test_promoted_runs_are_whole_and_have_the_seeds_of_their_scouts(shop: Shop):
    file = batch(shop, {"seeds": [7, 13, 21]})
    assert run(shop, file, selection=SCOUTS).error is None
    promote(shop, file, "shot-0002-scout")
    assert [(row["run"], row["seed"], row["scout"]) for row in table(shop, "night-promoted")] == [
        ("shot-0002", "13", "False")
    ]
    promote(shop, file, "shot-0003")
    rows = table(shop, "night-promoted")
    assert [(row["run"], row["state"]) for row in rows] == [("shot-0002", "succeeded"), ("shot-0003", "succeeded")]
    assert {probe_video(Path(row["result"]), ffmpeg=FFMPEG).frames for row in rows} == {6}
    assert shop.started() == 5


def test_the_summary_of_scouts_ends_with_the_command_that_promotes_the_best(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]})
    assert run(shop, file, selection=SCOUTS).error is None
    summary = (shop.folder / "cosmos_out" / "night-scout.summary.txt").read_text("utf-8")
    (command,) = (line for line in summary.splitlines() if "cosmos-houdini promote" in line)
    assert shop.main(*shlex.split(command.partition(": cosmos-houdini ")[2])) == 0
    assert [(row["run"], row["state"]) for row in table(shop, "night-promoted")] == [
        ("shot-0001", "succeeded"),
        ("shot-0002", "succeeded"),
    ]
    assert "cosmos-houdini promote" not in (shop.folder / "cosmos_out" / "night-promoted.summary.txt").read_text(
        "utf-8"
    )


def test_what_has_no_scout_is_not_promoted(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]})
    with pytest.raises(BadInput, match="shot-0001-scout was never run as"):
        select(shop, file, "shot-0001")
    assert run(shop, file, selection=SCOUTS).error is None
    with pytest.raises(BadInput, match="the batch has no run 'shot-001'; did you mean 'shot-0001'"):
        select(shop, file, "shot-001")
    with pytest.raises(BadInput, match="shot-0001-scout was never run as"):
        select(shop, batch(shop, {"seeds": [8, 13]}), "shot-0001")
    assert not any(record.job.name == "shot-0001" for record in records(shop))


def test_the_report_shows_scouts_and_what_was_promoted(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]})
    assert run(shop, file, selection=SCOUTS).error is None
    promote(shop, file, "shot-0002")
    runs = make_report(config.load(shop.folder), [str(file)], None, Silent()).document["runs"]
    assert [(run["run"], run["scout"], run["state"]) for run in runs] == [
        ("shot-0001-scout", True, "succeeded"),
        ("shot-0002-scout", True, "succeeded"),
        ("shot-0002", False, "succeeded"),
    ]
    assert all(run["score"] is not None for run in runs)


def test_the_whole_batch_takes_promoted_results_as_its_own(shop: Shop):
    file = batch(shop, {"seeds": [7, 13]})
    assert run(shop, file, selection=SCOUTS).error is None
    promote(shop, file, "shot-0001")
    assert run(shop, file).error is None
    assert [row["run"] for row in table(shop)] == ["shot-0001", "shot-0002"]
    assert shop.started() == 4
    assert {record.state for record in records(shop)} == {JobState.SUCCEEDED}


def test_runs_that_were_picked_on_the_page_are_promoted(shop: Shop, tmp_path: Path):
    file = batch(shop, {"seeds": [7, 13]})
    assert run(shop, file, selection=SCOUTS).error is None
    scouts = [record.id for record in records(shop)]
    picks = tmp_path / "night.ratings.json"

    def pick(*chosen: bool) -> tuple[str, ...]:
        runs = [
            # A client saw other names than ours.
            {"run": "Version 1", "key": key_of(job), "rating": None, "picked": picked, "note": "", "at": ""}
            for job, picked in zip(scouts, chosen, strict=True)
        ]
        document = {"schema": SCHEMA, "report": "night", "saved_at": "", "runs": runs, "choices": []}
        picks.write_text(json.dumps(document), encoding="utf-8")
        with closing(shop.client()) as client:
            return list_picked(client, load_batch(file), picks, Silent(), file=file)

    assert pick(False, True) == ("shot-0002-scout",)
    with pytest.raises(BadInput, match="picks no run of night"):
        pick(False, False)
    promote(shop, file, *pick(False, True))
    assert {record.job.name for record in records(shop)} == {"shot-0001-scout", "shot-0002-scout", "shot-0002"}
