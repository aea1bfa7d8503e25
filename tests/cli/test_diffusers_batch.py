"""A batch through the engine diffusers: one process and one load, and results like those of runs alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.engines.diffusers import engine as diffusers
from support.engines.tiny_transfer import ENV, engine_python, tiny_plan, write_weights
from support.media.transfer_clips import write_clips

pytestmark = pytest.mark.diffusers

FRAMES = 8


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a spec, and with tiny weights on its host."""
    monkeypatch.setattr(diffusers, "frame_plan", tiny_plan)
    monkeypatch.chdir(tmp_path)
    weights = write_weights(tmp_path / "weights")
    host = {"root": str(tmp_path / "root"), "python": str(engine_python()), "engine_path": str(weights), "env": ENV}
    settings = {"defaults": {"host": "gpu01", "engine": "diffusers"}, "hosts": {"gpu01": host}}
    (tmp_path / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    clips = write_clips(tmp_path, "color", "depth", frames=FRAMES)
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "street",
        "prompt": "a street at night",
        "input_video": str(clips["color"]),
        "controls": {"depth": str(clips["depth"])},
    }
    (tmp_path / "street.spec.json").write_text(json.dumps(spec), "utf-8")
    return tmp_path


def results(folder: Path) -> dict[tuple[object, float], bytes]:
    """Return the videos of all runs by seed and weight."""
    found = {}
    for path in folder.rglob("result.json"):
        recorded = json.loads(path.read_text("utf-8"))["recorded"]
        video = path.with_name("result.mp4")
        found[recorded["parameters"]["seed"], recorded["weights"]["depth"]] = video.read_bytes()
    return found


def test_runs_of_a_batch_share_a_load_and_are_what_each_is_alone(project: Path, capsys: pytest.CaptureFixture[str]):
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "diffusers",
        "items": [{"spec": "street.spec.json"}],
        "parameters": {"num_steps": 2},
        "randomization": {"sampler": "grid", "seeds": [7, 8], "control_weights": {"depth": [0.3, 0.9]}},
    }
    (project / "night.yaml").write_text(yaml.safe_dump(batch), "utf-8")
    assert main(["run-batch", "night.yaml"]) == 0, capsys.readouterr().err
    together = results(project / "cosmos_out")
    assert sorted(together) == [(7, 0.3), (7, 0.9), (8, 0.3), (8, 0.9)]
    assert len(set(together.values())) == 4
    with (project / "cosmos_out" / "night.csv").open(encoding="utf-8", newline="") as file:
        assert [row["differences"] for row in csv.DictReader(file)] == [""] * 4
    logs = [path.read_text("utf-8") for path in (project / "cosmos_out").rglob("stdout.log")]
    assert sum(log.count("loaded on cpu") for log in logs) == 1
    assert [log.count("saved ") for log in logs] == [1] * 4

    alone = ("--weights", "0", "0", "0.9", "0", "--set", "seed=8", "--set", "num_steps=2", "-o", "alone.json")
    assert main(["create-run", "street.spec.json", *alone]) == 0
    (project / "cosmos_out").rename(project / "first")
    (project / ".cosmos").rename(project / "first.cosmos")
    assert main(["run", "alone.json"]) == 0, capsys.readouterr().err
    assert results(project / "cosmos_out") == {(8, 0.9): together[8, 0.9]}
