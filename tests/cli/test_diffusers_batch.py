"""A batch through the engine diffusers: one process and one load, and memory that runs out in the middle."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.cli import main
from support.engines.tiny_transfer import ENV, engine_python, tiny_plans, write_weights
from support.media.transfer_clips import write_clips

pytestmark = pytest.mark.diffusers

FRAMES = 8


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Yield a project with two specs, with tiny weights on its host."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gpu_is_full").touch()
    host = {
        "root": str(tmp_path / "root"),
        "python": str(engine_python()),
        "engine_path": str(write_weights(tmp_path_factory)),
        "env": ENV | {"TINY_GPU_IS_FULL": str(tmp_path / "gpu_is_full")},
    }
    settings = {"defaults": {"host": "gpu01", "engine": "diffusers"}, "hosts": {"gpu01": host}}
    (tmp_path / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    clips = write_clips(tmp_path, "color", "depth", "edge", frames=FRAMES)
    for name, prompt in (("a_street", "a street"), ("b_crowd", "an enormous crowd"), ("c_harbour", "a harbour")):
        spec = {
            "schema": "cosmos-houdini/prompt-spec/1",
            "name": name,
            "prompt": prompt,
            "input_video": str(clips["color"]),
            "controls": {kind: str(clips[kind]) for kind in ("depth", "edge")},
        }
        (tmp_path / f"{name}.spec.json").write_text(json.dumps(spec), "utf-8")
    with tiny_plans():
        yield tmp_path


def run_batch(project: Path, specs: list[str], **values: object) -> list[Path]:
    """Run a batch to its end, and return the folders of its results."""
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "diffusers",
        "items": [{"spec": f"{name}.spec.json"} for name in specs],
        **values,
    }
    (project / "night.yaml").write_text(yaml.safe_dump(batch), "utf-8")
    assert main(["run-batch", "night.yaml"]) == 0
    with (project / "cosmos_out" / "night.csv").open(encoding="utf-8", newline="") as file:
        assert {row["differences"] for row in csv.DictReader(file)} == {""}
    return [path.parent for path in (project / "cosmos_out").rglob("result.json")]


def test_runs_of_a_batch_share_a_load(project: Path):
    seeds, weights = [7, 8], {"depth": [0.3, 0.9], "edge": [0]}
    randomization = {"sampler": "grid", "seeds": seeds, "control_weights": weights}
    folders = run_batch(project, ["a_street"], parameters={"num_steps": 2}, randomization=randomization)
    documents = [json.loads((folder / "result.json").read_text("utf-8"))["recorded"] for folder in folders]
    made = sorted((each["parameters"]["seed"], each["weights"]["depth"]) for each in documents)
    assert made == [(7, 0.3), (7, 0.9), (8, 0.3), (8, 0.9)]
    assert len({(folder / "result.mp4").read_bytes() for folder in folders}) == 4
    logs = [path.read_text("utf-8") for path in (project / "cosmos_out").rglob("stdout.log")]
    assert sum(log.count("loaded on cpu") for log in logs) == 1
    assert [log.count("saved ") for log in logs] == [1] * 4


def test_a_gpu_that_is_full_in_the_middle_of_a_batch_costs_no_result(project: Path, capsys: pytest.CaptureFixture[str]):
    parameters = {"num_steps": 1, "model": "cosmos3-nano"}
    folders = run_batch(project, ["a_street", "b_crowd", "c_harbour"], parameters=parameters)
    assert len({(folder / "result.mp4").read_bytes() for folder in folders}) == 3
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    attempts = {job["name"]: job["attempt"] for job in json.loads(capsys.readouterr().out)["jobs"]}
    assert attempts == {"a_street-0001": 1, "b_crowd-0001": 2, "c_harbour-0001": 1}
    logs = [path.read_text("utf-8") for path in (project / "cosmos_out").rglob("stdout.log")]
    # The process went on with the third run; only the second run loaded the model again, to save memory.
    assert sum(log.count("loaded on cpu") for log in logs) == 2
    (again,) = [folder for folder in folders if folder.name.startswith("b_crowd")]
    recorded = json.loads((again / "result.json").read_text("utf-8"))["recorded"]
    assert recorded["parameters"]["offload_models"] is True
    assert recorded["weights"] == {"edge": 0.5, "depth": 0.5}
