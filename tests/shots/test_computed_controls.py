"""A run with weights and a single colour video: edge and vis are computed from it, depth and seg are estimated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cosmos_houdini.cli import main
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.edges import edge_map
from cosmos_houdini.media.videos.standardize import extract_frame
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.specs.files import load_run_spec
from support.media import FFMPEG
from support.media.transfer_clips import SIZE, write_clips
from support.recorder import Recorder

FRAMES = 5
WEIGHTS = ("--weights", "0.3", "0.4", "0.2", "0.1")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one colour video and nothing else."""
    monkeypatch.chdir(tmp_path)
    settings = {"hosts": {"local": {"root": str(tmp_path / "root"), "engine_path": "/opt/cosmos"}}}
    (tmp_path / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    write_clips(tmp_path, "color", frames=FRAMES)
    assert main(["create-spec", "street", "a street at night", "--input-video", "color.mp4"]) == 0
    return tmp_path


def run_spec(project: Path, engine: str) -> RunSpec:
    assert main(["create-run", "street.spec.json", "--engine", engine, *WEIGHTS]) == 0
    return load_run_spec(project / "street.run.json")


@pytest.mark.usefixtures("project")
def test_the_lines_of_the_mission_run_on_one_colour_video(capsys: pytest.CaptureFixture[str]):
    assert main(["create-run", "street.spec.json", *WEIGHTS]) == 0
    capsys.readouterr()
    assert main(["run", "street.run.json", "--num-gpu", "2", "--json"]) == 0
    printed = capsys.readouterr()
    assert "computed from the colour video: edge (medium)" in printed.err
    assert "preview shows no depth and seg" in printed.err
    job = json.loads(printed.out)
    assert job["state"] == "succeeded"
    request = json.loads((Path(job["outputs"][0]).parent / "result.json").read_text("utf-8"))["request"]
    assert {kind: control["weight"] for kind, control in request["controls"].items()} == {
        "vis": 0.3,
        "edge": 0.4,
        "depth": 0.2,
        "seg": 0.1,
    }
    assert [kind for kind, control in request["controls"].items() if control["clip"]] == ["vis", "edge"]


@pytest.mark.parametrize("engine", ["transfer1", "transfer2.5"])
def test_depth_and_seg_are_estimated_and_edge_and_vis_are_computed_once(project: Path, engine: str):
    run, config = run_spec(project, engine), load()
    reporter = Recorder()
    prepared = plan_run(run, config, reporter, num_gpu=2)
    (sentence,) = [said for said in reporter.sentences if "estimates" in said]
    assert f"{engine} estimates depth and seg from the colour video" in sentence
    assert "rendered passes would be exact" in sentence
    sent = json.loads(prepared.invocation.files["in/spec.json"])
    key = "input_control" if engine == "transfer1" else "control_path"
    assert {kind: key in sent[kind] for kind in ("vis", "edge", "depth", "seg")} == {
        "vis": True,
        "edge": True,
        "depth": False,
        "seg": False,
    }
    assert sent["depth"]["control_weight"] == 0.2
    again = Recorder()
    assert plan_run(run, config, again, num_gpu=2).record.id == prepared.record.id
    assert not [said for said in again.sentences if said.startswith("computed")]
    edge = prepared.invocation.inputs["in/edge.mp4"]
    for source, name in ((project / "color.mp4", "color.png"), (edge, "edge.png")):
        extract_frame(source, 2, project / name, ffmpeg=FFMPEG)
    wanted = edge_map(np.asarray(Image.open(project / "color.png").convert("RGB")))
    found = np.asarray(Image.open(project / "edge.png").convert("L"))
    assert found.shape == wanted.shape == SIZE[::-1]
    assert ((found > 127) == (wanted > 127)).mean() > 0.99


@pytest.mark.usefixtures("project")
def test_an_engine_that_estimates_nothing_says_so(capsys: pytest.CaptureFixture[str]):
    assert main(["create-run", "street.spec.json", "--engine", "diffusers", *WEIGHTS]) == 2
    said = capsys.readouterr().err
    assert "weight 0.2 for depth, but there is no depth video, and diffusers estimates none" in said
    assert "transfer1, transfer2.5" in said


def test_a_weight_of_zero_asks_for_nothing(project: Path):
    weights = {Control.EDGE: 0.0, Control.VIS: 0.5}
    spec = load_run_spec_of(project, weights)
    prepared = plan_run(spec, load(), Recorder())
    assert [str(control.kind) for control in prepared.request.controls] == ["vis"]


def load_run_spec_of(project: Path, weights: dict[Control, float]) -> RunSpec:
    run = run_spec(project, "preview")
    return RunSpec(name=run.name, engine=run.engine, spec=run.spec, weights=weights)


def test_a_rate_that_is_not_whole_is_refused_before_anything_is_computed(project: Path):
    run = run_spec(project, "preview")
    write_clips(project, "color", frames=FRAMES, fps="24000/1001")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"23\.976 fps; allowed: a whole number of frames a second"):
        plan_run(run, load(), Recorder())
    assert not (project / ".cosmos" / "controls").exists()


def test_a_batch_varies_the_weight_of_a_control_that_is_computed(project: Path, capsys: pytest.CaptureFixture[str]):
    batch = {
        "schema": "cosmos-houdini/batch-spec/1",
        "name": "night",
        "engine": "transfer1",
        "items": [{"spec": "street.spec.json"}],
        "weights": {"depth": 0.5},
        "randomization": {"sampler": "grid", "control_weights": {"edge": [0.2, 0.6]}},
    }
    (project / "night.yaml").write_text(yaml.safe_dump(batch), "utf-8")
    assert main(["run-batch", "night.yaml", "--dry-run"]) == 0, capsys.readouterr().err
    assert len(list((project / ".cosmos" / "controls").glob("*-edge-medium"))) == 1
