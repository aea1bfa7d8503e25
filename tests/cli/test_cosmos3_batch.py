"""A batch through the engine cosmos3 and a stand-in: one load, and a bad run that takes no other with it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from cosmos_houdini.cli import main
from support.engines.cosmos3_checkout import make_checkout, write_programs
from support.media.transfer_clips import write_clips


def prepare(folder: Path, **standin: str) -> None:
    programs = write_programs(folder / "bin")
    env = {"PATH": f"{programs}:/usr/bin:/bin", "STANDIN_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()}
    env |= {f"STANDIN_{name}": value for name, value in standin.items()}
    host = {"root": str(folder / "root"), "engine_path": str(make_checkout(folder / "checkout")), "env": env}
    settings = {"defaults": {"host": "gpu01", "engine": "cosmos3", "attempts": 1}, "hosts": {"gpu01": host}}
    (folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    clips = write_clips(folder, "color", "depth", "edge")
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "boat",
        "prompt": "a boat",
        "input_video": str(clips["color"]),
        "controls": {kind: str(clips[kind]) for kind in ("depth", "edge")},
    }
    (folder / "boat.spec.json").write_text(json.dumps(spec), "utf-8")
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "cosmos3",
        "parameters": {"num_steps": 2, "resolution": "256"},
        "items": [{"spec": "boat.spec.json"}],
        "randomization": {"sampler": "grid", "seeds": [1, 2, 3]},
    }
    (folder / "night.yaml").write_text(yaml.safe_dump(batch), "utf-8")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "cosmos_out" / "night.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def no_gpu_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmos_houdini.engines.cosmos3.engine.Cosmos3.gpu_memory_gb", 0.0)


@pytest.mark.usefixtures("no_gpu_wanted")
def test_runs_of_a_batch_share_a_load_and_are_made_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["run-batch", "night.yaml"]) == 0
    assert [(row["state"], row["differences"]) for row in rows(tmp_path)] == [("succeeded", "")] * 3
    logs = [path.read_text("utf-8") for path in (tmp_path / "cosmos_out").rglob("stdout.log")]
    assert sum(log.count("Loading Cosmos3-Nano") for log in logs) == 1
    (document, *_) = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "cosmos_out").rglob("result.json")]
    assert document["recorded"]["weights"] == {"depth": 0.5, "edge": 0.5}
    assert document["recorded"]["parameters"]["control_guidance"] == 1.5


@pytest.mark.usefixtures("no_gpu_wanted")
def test_a_bad_run_in_the_middle_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, MODE="blocked", SEED="2")
    monkeypatch.chdir(tmp_path)
    assert main(["run-batch", "night.yaml"]) == 1
    assert [row["failure"] for row in rows(tmp_path)] == ["", "guardrail_blocked", ""]


@pytest.mark.usefixtures("no_gpu_wanted")
def test_a_result_without_its_record_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, MODE="no_record")
    monkeypatch.chdir(tmp_path)
    assert main(["run-batch", "night.yaml"]) == 1
    assert {(row["failure"], "sample_outputs.json" in row["message"]) for row in rows(tmp_path)} == {
        ("corrupt_output", True)
    }
