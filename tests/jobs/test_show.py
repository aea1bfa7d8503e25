from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini import __version__
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.provenance import Provenance, parse_provenance
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.table import find_engine_differences
from support import FAKE_ENGINE, python_path
from support.jobs.job_project import Shop


def shown(shop: Shop, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert shop.main("show", shop.record().id, "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def command_line(folder: Path) -> dict[str, str]:
    """Return an environment in which the shell finds a ``cosmos-houdini`` that knows the engine of the tests."""
    program = folder / "bin" / "cosmos-houdini"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {FAKE_ENGINE} "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": python_path()}


def test_everything_that_made_a_result_is_told(any_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert any_shop.main("run", any_shop.spec(seed=5)) == 0
    document = shown(any_shop, capsys)
    record = any_shop.record()
    assert document["job"]["state"] == "succeeded"
    assert document["asked"]["parameters"] == record.request["parameters"]
    assert (document["effective"], document["differences"]) == (None, [])
    (color,) = document["inputs"]
    assert (color["role"], color["path"], color["found"]) == ("color", str(any_shop.clip), "unchanged")
    (output,) = document["outputs"]
    assert (output["role"], output["found"], output["frames"]) == ("result", "unchanged", 6)
    (attempt,) = document["attempts"]
    assert attempt["seconds"] > 0
    assert attempt["made_with"]["engine_version"] == "fake 7 of today"
    assert re.fullmatch(re.escape(__version__) + r"( \([\w.-]+\))?", attempt["made_with"]["code_version"])
    result = json.loads((record.results / "result.json").read_text("utf-8"))
    assert result["made_with"] == attempt["made_with"]
    assert [event["state"] for event in document["events"]][-1] == "succeeded"


def test_every_attempt_is_told_with_its_reason(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(fault="exit")) == 1
    assert shop.main("retry", "shot") == 1
    document = shown(shop, capsys)
    assert [attempt["number"] for attempt in document["attempts"]] == [1, 2]
    assert {attempt["error"]["class"] for attempt in document["attempts"]} == {"engine_error"}
    assert {attempt["made_with"]["engine_version"] for attempt in document["attempts"]} == {"fake 7 of today"}
    assert document["outputs"] == []


def test_the_command_makes_the_same_job_again_in_another_project(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    spec = shop.spec("it.s_1", seed=5)
    text = json.loads(spec.read_text("utf-8"))
    text["spec"]["prompt"] = "rain \"and\" 'neon'\n$(touch pwned) `id` größe \x7f\u202e"
    text["spec"]["controls"] = {"depth": str(shop.clip)}
    text |= {"weights": {"depth": 0.25}, "num_gpu": 2}
    spec.write_text(json.dumps(text), encoding="utf-8")
    assert shop.main("run", spec) == 0
    capsys.readouterr()
    assert shop.main("show", "it.s") == 0
    line = capsys.readouterr().out.splitlines()[-1].strip()
    other = tmp_path / "another project"
    other.mkdir()
    done = subprocess.run(["sh", "-c", line], cwd=other, env=command_line(tmp_path), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with closing(Store.of(other)) as store:
        (again,) = store.records()
    first = shop.record("it.s_1")
    assert (again.id, again.state, again.request) == (first.id, JobState.SUCCEEDED, first.request)
    assert not (other / "pwned").exists()


def test_what_the_engine_ran_with_is_compared_with_what_was_sent(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(seed=5, fault="other")) == 0
    document = shown(shop, capsys)
    assert document["effective"]["parameters"]["seed"] == 99
    assert document["differences"] == ["seed: sent 5, the engine ran with 99"]
    assert shop.main("show", "shot") == 0
    assert "seed: 5, but it ran with 99" in capsys.readouterr().out


def test_files_that_changed_or_are_gone_are_told(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    own = tmp_path / "own.mp4"
    own.write_bytes(shop.clip.read_bytes())
    spec = shop.spec()
    spec.write_text(spec.read_text("utf-8").replace(str(shop.clip), str(own)), encoding="utf-8")
    assert shop.main("run", spec) == 0
    own.write_bytes(b"other")
    Path(shop.record().job.outputs[0]).unlink()
    document = shown(shop, capsys)
    assert [document[group][0]["found"] for group in ("inputs", "outputs")] == ["changed", "gone"]


def test_what_a_host_tells_of_an_attempt_is_not_believed_before_it_looks_as_it_should():
    image = f"cosmos:latest sha256:{'a' * 64} nvcr.io/c@sha256:{'b' * 64}"
    told = parse_provenance(f"== engine_version\n2ff49d07\n== image\n{image}\n== gpu_memory\n512\n512, H100, 535\n")
    assert told == Provenance(
        engine_version="2ff49d07",
        image="cosmos:latest",
        image_id=f"sha256:{'a' * 64}",
        image_digests=(f"nvcr.io/c@sha256:{'b' * 64}",),
        gpus=("H100, 535",),
        gpu_memory_mib=512,
    )
    assert parse_provenance("== engine_version\n== image\nno image\n== gpu_memory\n[N/A]\n") == Provenance()
    assert parse_provenance("") == Provenance()


@pytest.mark.parametrize(
    ("sent", "ran", "unlike"),
    [
        ({"edge": 1.0, "seg": 1.0}, {"edge": 0.5, "seg": 0.5}, []),
        ({"edge": 0.7, "depth": 0.9, "seg": 0.1}, {"edge": 0.7 / 1.7, "depth": 0.9 / 1.7, "seg": 0.1 / 1.7}, []),
        ({"edge": 0.5, "seg": 0.5}, {"edge": 0.5, "seg": 0.4}, ["weight of seg: sent 0.5, the engine ran with 0.4"]),
        ({"edge": 0.5}, {"edge": 0.5, "seg": 0.1}, ["weight of seg: sent None, the engine ran with 0.1"]),
    ],
)
def test_weights_are_compared_by_the_share_that_each_has(
    sent: dict[str, float], ran: dict[str, float], unlike: list[str]
) -> None:
    before, after = (
        {"parameters": {}, "controls": {kind: {"weight": weight} for kind, weight in weights.items()}}
        for weights in (sent, ran)
    )
    assert list(find_engine_differences(before, after)) == unlike
